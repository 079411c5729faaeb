-- Functions and operators of the site's own in expressions.

-- case: udf_notice | unvetted-function | plpgsql RAISE NOTICE of each row seen (unknown function: not in the allow-list)
SELECT count(*) FROM cases WHERE f_leak(suspect_name)

-- case: udf_raise | unvetted-function | plpgsql RAISE EXCEPTION with the value
SELECT count(*) FROM cases WHERE f_boom(suspect_name)

-- case: udf_named_args | unvetted-function | same, named argument notation
SELECT count(*) FROM cases WHERE f_boom(v => suspect_name)

-- case: udf_operator | parsers-disagree | user operator backed by plpgsql
SELECT count(*) FROM cases WHERE suspect_name ==? 'x'

-- case: udf_operator_planner_mcv | parsers-disagree | operator with RESTRICT=eqsel is called by the PLANNER on MCVs
SELECT 1 FROM case_persons WHERE person_id = -1 AND role ==? 'zz'

-- case: udf_join_on | unvetted-function | in ON
SELECT count(*) FROM cases c JOIN courts k ON k.code = c.court_code AND f_boom(c.suspect_name)

-- case: udf_exists | unvetted-function | in EXISTS
SELECT k.code FROM courts k WHERE EXISTS (SELECT 1 FROM cases c WHERE c.court_code = k.code AND f_boom(c.suspect_name))

-- case: udf_derived | unvetted-function | on a derived table
SELECT count(*) FROM evidence WHERE f_boom(title)

-- case: udf_timing | unvetted-function | plpgsql pg_sleep on a match: timing channel
SELECT count(*) FROM cases WHERE f_slow(suspect_name)

-- case: builtin_sleep_timing | unvetted-function | pg_sleep in a qual runs once per SCANNED row before the filter: elapsed time counts sealed rows (built-ins only)
SELECT count(*) FROM cases WHERE suspect_name = 'SEALED-NAME-0003' AND pg_sleep(0.005) IS NOT NULL

-- case: udf_reads_protected | unvetted-function | SQL function body reads the protected table
SELECT f_case_name(3)

-- case: udf_in_order_by | unvetted-function | function reading the table in ORDER BY
SELECT code FROM courts ORDER BY CASE WHEN f_case_name(3) IS NULL THEN code ELSE reverse(name) END LIMIT 8 OFFSET 7

-- case: udf_in_default_insert | unvetted-function | function in VALUES
INSERT INTO public_log (msg) VALUES (f_case_name(3)) RETURNING msg

-- case: udf_default_argument | unvetted-function | with all its arguments left out
SELECT f_cursor()

-- case: udf_as_aggregate | unvetted-function | an aggregate of the site's own
SELECT agg_cat(suspect_name) FROM cases

-- case: udf_qualified | unvetted-function | with its schema
SELECT agency.f_case_name(3)

-- case: udf_quoted | unvetted-function | quoted
SELECT "agency"."f_case_name"(3)

-- case: udf_unicode_quoted | unvetted-function | U&"" spelling
SELECT U&"f_case_nam\0065"(3)

-- case: udf_in_from | unvetted-function | as a table function
SELECT * FROM f_case_rows() r ORDER BY id

-- case: udf_in_lateral | unvetted-function | called for each row of another table
SELECT k.code, x.* FROM courts k, LATERAL f_case_text(3) x ORDER BY 1

-- case: udf_window | unvetted-function | an own aggregate as a window function
SELECT agg_cat(name) OVER (ORDER BY code) FROM courts

-- case: operator_qualified | unvetted-operator | OPERATOR(schema.name)
SELECT count(*) FROM cases WHERE suspect_name OPERATOR(agency.==?) 'x'

-- case: operator_any | parsers-disagree | an own operator under ANY
SELECT count(*) FROM cases WHERE suspect_name ==? ANY (ARRAY['x', 'y'])

-- case: order_by_using | parsers-disagree | ORDER BY ... USING an operator
SELECT id FROM cases ORDER BY suspect_name USING ==?

-- case: attribute_call_of_function | unvetted-function | c.f is a call of f(c)
SELECT c.f_label FROM cases c ORDER BY 1

-- case: attribute_call_parens | unvetted-function | (c).f likewise
SELECT (c).f_label FROM cases c ORDER BY 1

-- case: attribute_call_in_where | unvetted-function | in a condition
SELECT count(*) FROM cases c WHERE c.f_label LIKE 'SEALED%'

-- case: call_of_function_in_default | unvetted-function | EXECUTE of a prepared call
PREPARE pf AS SELECT agency.f_case_name(3)
-- step
EXECUTE pf

-- case: udf_in_update_from_courts | unvetted-function | in SET of an unprotected relation
UPDATE public_log SET msg = f_case_name(3)

-- case: udf_in_limit | unvetted-function | in LIMIT
SELECT code FROM courts LIMIT length(f_case_name(3))

-- case: udf_in_values | unvetted-function | in VALUES
VALUES (f_case_name(3))

-- case: udf_in_interval_cast | unvetted-function | under a cast
SELECT (f_case_name(3))::text || ''

-- case: open_cursor_by_function | unvetted-function | a function opens a cursor that the client fetches from
BEGIN
-- step
SELECT f_cursor()
-- step
FETCH ALL FROM pc
-- step
COMMIT

-- case: domain_inside_a_composite | unvetted-type | a cast to it runs the check
SELECT ROW('x', 'SEALED')::tagged

-- case: domain_inside_a_range | unvetted-type | likewise
SELECT '[OPEN-A,OPEN-B)'::names

-- case: composite_of_a_composite | unvetted-type | likewise, further inside
SELECT NULL::tagged[]
