-- Expressions of the client on sealed rows before the filter: errors, statistics, side effects.

-- case: cast_date_text_in_error | equal | cheap cast runs before the 3-operator sealed predicate; the error text carries the value
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::date IS NULL

-- case: cast_int_text_in_error | equal | same with integer
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int IS NULL

-- case: cast_xml_detail | equal | libxml error DETAIL carries the value
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND ('<'||suspect_name)::xml IS NULL

-- case: xmlparse_zero_cost | parsers-disagree | XmlExpr has planner cost 0, always first; DETAIL carries the value
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND XMLPARSE(DOCUMENT suspect_name) IS NULL

-- case: regclass_oracle | equal | error iff a row with the prefix exists
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::regclass IS NULL

-- case: div0_oracle | equal | classic 1/(x-c): error iff a sealed row has that value
SELECT count(*) FROM cases WHERE 1/(fine_cents-770000003) IS NOT NULL

-- case: int8_overflow_oracle | equal | overflow only on sealed magnitudes
SELECT count(*) FROM cases WHERE fine_cents * 12000000000 > 0

-- case: int4_narrowing_oracle | equal | bigint to int overflow
SELECT count(*) FROM cases WHERE (fine_cents*10)::int IS NOT NULL

-- case: domain_yes_or_no | unvetted-type | zero-cost domain check as oracle
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::information_schema.yes_or_no IS NOT NULL

-- case: domain_user | unvetted-type | a domain of the application schema
SELECT count(*) FROM cases WHERE suspect_name::open_name IS NOT NULL

-- case: like_trailing_escape_exec | equal | LIKE ending in backslash errors iff some evaluated row matches up to there
SELECT count(*) FROM cases WHERE suspect_name LIKE 'SEALED-NAME-000\'

-- case: planner_like_escape_stats | equal | PLANNER applies ~~ to MCV/histogram values of sealed rows: errors at plan time even behind OFFSET 0
SELECT 1 FROM cases WHERE id = -1 AND suspect_name LIKE 'SEALED%\'

-- case: planner_like_escape_derived | equal | same on a derived table (evidence)
SELECT 1 FROM evidence WHERE id = -1 AND title LIKE 'SEALED-EVID-3%\'

-- case: planner_like_escape_join | equal | same inside a join and with LIMIT 0
SELECT 1 FROM courts k JOIN cases c ON c.court_code = k.code WHERE c.suspect_name LIKE 'SEALED%\' LIMIT 0

-- case: to_date_oracle | equal | one-operator function, cheaper than the predicate
SELECT count(*) FROM cases WHERE CASE WHEN suspect_name LIKE 'SEALED%' THEN to_date(suspect_name,'YYYY') END IS NULL

-- case: having_moved_to_where | equal | HAVING without aggregates is moved to WHERE
SELECT suspect_name, count(*) FROM cases GROUP BY suspect_name HAVING suspect_name > 'SEALED' AND suspect_name::date IS NULL

-- case: window_partition_pushdown | equal | qual on PARTITION BY column is pushed below the window
SELECT count(*) FROM (SELECT suspect_name, row_number() OVER (PARTITION BY suspect_name) r FROM cases) s WHERE suspect_name > 'SEALED' AND suspect_name::date IS NULL

-- case: distinct_pushdown | equal | qual pushed below DISTINCT
SELECT count(*) FROM (SELECT DISTINCT suspect_name FROM cases) s WHERE suspect_name > 'SEALED' AND suspect_name::date IS NULL

-- case: cte_inlined_pushdown | equal | PG12+ inlines single-reference CTEs
WITH s AS (SELECT suspect_name FROM cases) SELECT count(*) FROM s WHERE suspect_name > 'SEALED' AND suspect_name::date IS NULL

-- case: left_join_on_pushdown | equal | ON clause on the nullable side is a scan filter
SELECT count(*) FROM courts k LEFT JOIN cases c ON c.suspect_name > 'SEALED' AND c.suspect_name::date IS NULL

-- case: scalar_subquery_pushdown | equal | qual in a scalar subquery of the select list
SELECT k.code, (SELECT count(*) FROM cases c WHERE c.court_code = k.code AND c.suspect_name > 'SEALED' AND c.suspect_name::date IS NULL) FROM courts k ORDER BY 1

-- case: lateral_pushdown | equal | LATERAL subquery qual
SELECT count(*) FROM courts k, LATERAL (SELECT 1 FROM cases c WHERE c.court_code=k.code AND c.suspect_name > 'SEALED' AND c.suspect_name::date IS NULL) q

-- case: order_by_expr_not_pushed | equal | ORDER BY expression runs after the filter
SELECT id FROM cases ORDER BY 1/(fine_cents-770000003), id

-- case: derived_tie_cast | equal | hashed IN-subplan costs one operator per row: order decided by cost ties (fragile)
SELECT count(*) FROM evidence WHERE title > 'SEALED' AND title::date IS NULL

-- case: derived_nohash_subplan | unsettable-parameter | session SET makes the subplan expensive, so user quals go first
SET work_mem='64kB'; SET enable_hashagg=off; SET hash_mem_multiplier=1
-- step
SELECT count(*) FROM judgments WHERE doc_no > 'SEALED' AND doc_no::date IS NULL

-- case: tsquery_cast | equal | tsquery syntax error on the row's text
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND ('('||suspect_name||'(')::tsquery IS NULL

-- case: array_subscript_update_oracle | equal | array function erroring on sealed-only shape
SELECT count(*) FROM cases WHERE tags[1] LIKE 'SEALED%' AND (tags[1])::uuid IS NULL

-- case: date_overflow_oracle | equal | interval arithmetic out of range for the sealed value only
SELECT count(*) FROM cases WHERE birth_date + fine_cents::int IS NOT NULL

-- case: set_config_in_qual | unvetted-function | side-effecting built-in in a qual copies the sealed value into a GUC
SELECT count(*) FROM cases WHERE suspect_name >= 'SEALED-NAME-0199' AND set_config('my.x', suspect_name, false) = ''
-- step
SELECT current_setting('my.x', true)

-- case: notify_in_qual | unsupported-statement | pg_notify as a side channel
LISTEN chan
-- step
SELECT count(*) FROM cases WHERE suspect_name >= 'SEALED-NAME-0199' AND pg_notify('chan', suspect_name)::text = 'x'

-- case: advisory_lock_in_qual | unvetted-function | pg_try_advisory_lock(fine_cents) then read pg_locks
SELECT count(*) FROM cases WHERE fine_cents > 770000000 AND pg_try_advisory_lock(fine_cents) IS NULL
-- step
SELECT objid FROM pg_locks WHERE locktype='advisory' ORDER BY 1

-- case: sequence_setval_in_qual | unvetted-function | setval(seq, secret) then read last_value
SELECT count(*) FROM cases WHERE fine_cents > 770000000 AND setval('doc_seq', fine_cents) = 0
-- step
SELECT last_value FROM doc_seq

-- case: inet_cast | equal | 22P02 names the value
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::inet IS NULL

-- case: macaddr_cast | equal | input function of another type
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::macaddr IS NULL

-- case: json_cast | equal | CONTEXT shows the text
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::json IS NULL

-- case: jsonpath_cast | equal | syntax error near the text
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::jsonpath IS NULL

-- case: numeric_cast | equal | numeric input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::numeric > 0

-- case: bool_cast | equal | the column itself as a condition
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::bool

-- case: interval_cast | equal | interval input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::interval IS NULL

-- case: timestamptz_cast | equal | timestamp input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::timestamptz < now()

-- case: uuid_cast | equal | uuid input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::uuid IS NULL

-- case: point_cast | equal | geometric input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::point IS NULL

-- case: enum_cast | equal | an enum of the site lists its own error
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::case_status IS NULL

-- case: array_cast | equal | array input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int[] IS NULL

-- case: regproc_cast | equal | looks the text up in a catalogue
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::regproc IS NULL

-- case: regrole_cast | equal | looks the text up in a catalogue
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::regrole IS NULL

-- case: bit_cast | equal | bit input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::bit(8) IS NULL

-- case: money_cast | equal | money input
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::money IS NULL

-- case: range_cast | equal | DETAIL of a malformed range
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int4range IS NULL

-- case: regex_from_column | equal | invalid regular expression
SELECT count(*) FROM cases WHERE 'x' ~ ('(' || suspect_name)

-- case: similar_from_column | equal | the pattern is the row
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND 'x' SIMILAR TO ('(' || suspect_name)

-- case: like_escape_from_column | parsers-disagree | the escape must be one character
SELECT count(*) FROM cases WHERE 'x' LIKE '%' ESCAPE suspect_name

-- case: at_time_zone | equal | time zone "..." not recognized
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND (now() AT TIME ZONE suspect_name) IS NULL

-- case: decode_hex | equal | invalid hexadecimal digit
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND decode(suspect_name, 'hex') IS NULL

-- case: convert_encoding | equal | invalid encoding name
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND convert_from(suspect_name::bytea, suspect_name) IS NULL

-- case: format_string | equal | unrecognized format() type specifier
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND format('%' || suspect_name) IS NULL

-- case: to_number_text | equal | parsing by template
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND to_number(suspect_name, '9') IS NULL

-- case: chr_value | equal | requested character too large
SELECT count(*) FROM cases WHERE chr(fine_cents::int) IS NULL

-- case: ln_value | equal | logarithm of zero
SELECT count(*) FROM cases WHERE ln(fine_cents - 770000003) IS NULL

-- case: sqrt_value | equal | root of a negative number
SELECT count(*) FROM cases WHERE sqrt(770000003 - fine_cents) IS NULL

-- case: power_value | equal | overflow
SELECT count(*) FROM cases WHERE power(fine_cents, 1000) > 0

-- case: make_date_value | equal | date out of range
SELECT count(*) FROM cases WHERE make_date(fine_cents::int, 1, 1) IS NULL

-- case: repeat_value | equal | memory by the value
SELECT count(*) FROM cases WHERE length(repeat('x', (fine_cents - 1000)::int)) > 0

-- case: lpad_value | equal | requested length too large
SELECT count(*) FROM cases WHERE length(lpad('x', fine_cents::int)) > 0

-- case: substring_value | equal | negative substring length
SELECT count(*) FROM cases WHERE substring('x' FROM 1 FOR (1000 - fine_cents)::int) IS NULL

-- case: set_bit_value | equal | index out of range
SELECT count(*) FROM cases WHERE set_bit('\x00'::bytea, fine_cents, 1) IS NULL

-- case: array_fill_value | equal | array size exceeds
SELECT count(*) FROM cases WHERE array_fill(1, ARRAY[fine_cents::int]) IS NULL

-- case: width_bucket_value | equal | count must be greater than zero
SELECT count(*) FROM cases WHERE width_bucket(1, 2, 3, (770000003 - fine_cents)::int) > 0

-- case: shift_int2 | equal | smallint out of range
SELECT count(*) FROM cases WHERE (fine_cents - 770000000)::int2 > 0

-- case: json_path_strict | equal | a strict path raises where the key is missing
SELECT count(*) FROM cases WHERE jsonb_path_exists(meta, 'strict $.school')

-- case: json_subscript_cast | equal | a value inside a document
SELECT count(*) FROM cases WHERE (meta ->> 'school')::int IS NULL

-- case: json_to_record | equal | a column list with the wrong type
SELECT count(*) FROM cases WHERE (SELECT x.n FROM jsonb_to_record(meta) AS x(school int, n int)) > 0

-- case: json_array_elements | equal | cannot extract elements from an object
SELECT count(*) FROM cases WHERE (SELECT count(*) FROM jsonb_array_elements(meta)) > 0

-- case: tags_unnest_cast | equal | elements of an array
SELECT count(*) FROM cases WHERE EXISTS (SELECT 1 FROM unnest(tags) t WHERE t::int > 0)

-- case: scalar_too_many | equal | more than one row
SELECT count(*) FROM cases WHERE (SELECT c2.id FROM cases c2 WHERE c2.court_code = cases.court_code) > 0

-- case: privilege_by_name | equal | relation does not exist
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND has_table_privilege(suspect_name, 'select')

-- case: ts_config | equal | text search configuration does not exist
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND to_tsvector(suspect_name::regconfig, 'x') IS NULL

-- case: overlaps_error | equal | interval out of range
SELECT count(*) FROM cases WHERE (birth_date, fine_cents * interval '1 year') OVERLAPS (birth_date, birth_date)

-- case: null_if_division | equal | inside NULLIF
SELECT count(*) FROM cases WHERE NULLIF(1 / (fine_cents - 770000003), 0) > 0

-- case: coalesce_division | equal | inside COALESCE
SELECT count(*) FROM cases WHERE COALESCE(1 / (fine_cents - 770000003), 0) >= 0

-- case: greatest_division | equal | inside GREATEST
SELECT count(*) FROM cases WHERE GREATEST(1, 1 / (fine_cents - 770000003)) > 0

-- case: row_compare_division | equal | inside a row comparison
SELECT count(*) FROM cases WHERE (id, 1 / (fine_cents - 770000003)) > (0, 0)

-- case: array_subscript | equal | inside a subscript
SELECT count(*) FROM cases WHERE (ARRAY[1,2])[(fine_cents / 0)::int] > 0

-- case: in_list_division | equal | inside an IN list
SELECT count(*) FROM cases WHERE id IN (1, 1 / (fine_cents - 770000003))

-- case: any_array_division | equal | inside ANY
SELECT count(*) FROM cases WHERE id = ANY (ARRAY[1, (1 / (fine_cents - 770000003))::int])

-- case: between_symmetric | equal | inside BETWEEN
SELECT count(*) FROM cases WHERE id BETWEEN SYMMETRIC 1 / (fine_cents - 770000003) AND 5

-- case: is_distinct_division | equal | inside IS DISTINCT FROM
SELECT count(*) FROM cases WHERE 1 / (fine_cents - 770000003) IS DISTINCT FROM 4

-- case: not_not_division | equal | inside NOT
SELECT count(*) FROM cases WHERE NOT NOT (1 / (fine_cents - 770000003) = 4)

-- case: like_any_escape | equal | LIKE ANY with a bad pattern
SELECT count(*) FROM cases WHERE suspect_name LIKE ANY (ARRAY['SEALED-NAME-000\', 'x'])

-- case: ilike_escape | equal | ILIKE with a bad pattern
SELECT count(*) FROM cases WHERE suspect_name ILIKE 'sealed-name-000\'

-- case: not_like_escape | equal | NOT LIKE with a bad pattern
SELECT count(*) FROM cases WHERE suspect_name NOT LIKE 'SEALED-NAME-000\'

-- case: like_collated | equal | with a collation
SELECT count(*) FROM cases WHERE suspect_name COLLATE "C" LIKE 'SEALED-NAME-000\'

-- case: starts_with_cast | equal | after a function
SELECT count(*) FROM cases WHERE starts_with(suspect_name, 'SEALED') AND suspect_name::int > 0

-- case: caret_at | equal | after an operator with its own estimate
SELECT count(*) FROM cases WHERE suspect_name ^@ 'SEALED' AND suspect_name::int > 0

-- case: regex_bad | equal | after a regular expression
SELECT count(*) FROM cases WHERE suspect_name ~ 'SEALED' AND suspect_name::int > 0

-- case: update_set_error | equal | an error in the new value of another relation
UPDATE settings SET v = (SELECT 1 / (c.fine_cents - 770000003) FROM cases c ORDER BY 1 LIMIT 1)

-- case: aggregate_filter_error | equal | FILTER is evaluated for every row of the group
SELECT count(*) FILTER (WHERE 1 / (fine_cents - 770000003) = 4) FROM cases

-- case: aggregate_argument_error | equal | the argument of an aggregate
SELECT sum(1 / (fine_cents - 770000003)) FROM cases

-- case: window_frame_error | equal | a frame offset cannot be a column, a partition can
SELECT count(*) OVER (PARTITION BY 1 / (fine_cents - 770000003)) FROM cases LIMIT 1

-- case: grouping_sets_error | equal | a grouping expression
SELECT count(*) FROM cases GROUP BY GROUPING SETS ((1 / (fine_cents - 770000003)), ())

-- case: distinct_on_error | equal | DISTINCT ON an expression
SELECT DISTINCT ON (1 / (fine_cents - 770000003)) id FROM cases ORDER BY 1 / (fine_cents - 770000003), id

-- case: limit_error | equal | LIMIT of a subquery
SELECT code FROM courts ORDER BY 1 LIMIT (SELECT 1 / min(fine_cents - 770000003) FROM cases)

-- case: full_join_on_error | equal | the condition of a FULL JOIN
SELECT count(*) FROM courts k FULL JOIN cases c ON k.code = c.court_code AND c.fine_cents / (c.fine_cents - 770000003) IS NOT NULL

-- case: union_arm_error | equal | types of the arms of a UNION are made one by input functions
SELECT id FROM cases WHERE suspect_name > 'SEALED' UNION SELECT suspect_name::int FROM cases WHERE suspect_name > 'SEALED'

-- case: exists_error | equal | a condition in EXISTS
SELECT k.code FROM courts k WHERE EXISTS (SELECT 1 FROM cases c WHERE 1 / (c.fine_cents - 770000003) = 4) ORDER BY 1

-- case: semi_join_error | equal | IN of a subquery with a condition that fails
SELECT k.code FROM courts k WHERE k.code IN (SELECT c.court_code FROM cases c WHERE c.suspect_name > 'SEALED' AND c.suspect_name::int > 0)

-- case: materialized_cte_error | equal | a materialised CTE is no barrier for what is written inside it
WITH s AS MATERIALIZED (SELECT * FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int > 0) SELECT count(*) FROM s

-- case: values_lateral_error | equal | through LATERAL VALUES
SELECT count(*) FROM cases c, LATERAL (VALUES (1 / (c.fine_cents - 770000003))) v(x) WHERE v.x = 4

-- case: srf_rows_by_value | equal | a set-returning function that makes as many rows as a value says
SELECT count(*) FROM cases c, generate_series(770000000, c.fine_cents) g

-- case: jit_off_parallel | equal | parallel workers evaluate conditions too
SET max_parallel_workers_per_gather = 4
-- step
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int > 0

-- case: no_seqscan | equal | another plan, another order of conditions
SET enable_seqscan = off
-- step
SELECT count(*) FROM cases WHERE case_no > 'SEALED' AND suspect_name::int > 0

-- case: index_expression_condition | equal | the expression of an index is evaluated by the index
SELECT count(*) FROM cases WHERE lower(suspect_name) > 'sealed' AND lower(suspect_name)::int > 0

-- case: generic_plan | equal | a generic plan has other costs
SET plan_cache_mode = force_generic_plan
-- step
SELECT count(*) FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int > 0

-- case: savepoint_error_oracle | equal | an error is read off by what the transaction says afterwards
BEGIN
-- step
SAVEPOINT s
-- step
SELECT 1 FROM cases WHERE 1 / (fine_cents - 770000003) = 4
-- step
ROLLBACK TO s
-- step
COMMIT
