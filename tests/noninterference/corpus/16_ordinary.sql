-- What applications, drivers and ORMs send all day; all of it must work.

-- case: select_one | equal | pool validation
SELECT 1

-- case: empty_query | equal | pgjdbc/psycopg ping
;

-- case: current_schema | equal | ORM start-up
SELECT current_schema(), current_user, current_setting('server_version_num')

-- case: set_jdbc | equal | pgjdbc start-up
SET extra_float_digits = 3
-- step
SET application_name = 'PostgreSQL JDBC Driver'

-- case: set_session_characteristics | equal | pgjdbc setReadOnly
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE

-- case: show_isolation | equal | pgjdbc/sqlalchemy
SHOW TRANSACTION ISOLATION LEVEL

-- case: sqlalchemy_has_table | equal | SQLAlchemy
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = 'cases' AND pg_catalog.pg_class.relkind = ANY (ARRAY['r','p','f','v','m']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid)

-- case: psycopg_type_lookup | equal | psycopg TypeInfo.fetch
SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter FROM pg_type t WHERE t.oid = to_regtype('hstore') ORDER BY t.oid

-- case: hibernate_select | equal | Hibernate-style aliases
select c1_0.id, c1_0.case_no, c1_0.suspect_name from cases c1_0 where c1_0.court_code='C2' order by c1_0.id offset 0 rows fetch first 20 rows only

-- case: hibernate_join_fetch | equal | join fetch
select distinct c1_0.id, e1_0.case_id, e1_0.id, e1_0.title from cases c1_0 left join evidence e1_0 on c1_0.id=e1_0.case_id where c1_0.status='open' order by c1_0.id, e1_0.id

-- case: django_quoted | equal | Django quoting without schema
SELECT "cases"."id", "cases"."case_no", COUNT("evidence"."id") AS "n" FROM "cases" LEFT OUTER JOIN "evidence" ON ("cases"."id" = "evidence"."case_id") GROUP BY "cases"."id" ORDER BY "cases"."id" ASC LIMIT 21

-- case: sqlalchemy_subquery_load | equal | selectinload
SELECT evidence.case_id AS evidence_case_id, evidence.id AS evidence_id FROM evidence WHERE evidence.case_id IN (1, 2, 3) ORDER BY evidence.id

-- case: report_group | equal | ordinary report
SELECT k.name, count(*) FILTER (WHERE c.status = 'open') AS open_n, avg(c.sentence_months)::numeric(10,2) FROM courts k LEFT JOIN cases c ON c.court_code = k.code GROUP BY k.name ORDER BY k.name

-- case: fulltext | equal | full text search
SELECT id FROM cases WHERE to_tsvector('simple', facts) @@ plainto_tsquery('simple', 'OPEN-FACT-0001') ORDER BY 1

-- case: date_range | equal | interval arithmetic
SELECT id FROM cases WHERE offence_date BETWEEN date '2015-01-01' AND date '2015-01-01' + interval '10 days' ORDER BY 1

-- case: interval_composite | equal | one parser truncates INTERVAL '1 month 04:01' to '1 MONTH'
SELECT date '2020-01-01' + interval '1 month 04:01', count(*) FROM cases

-- case: current_timestamp_precision | equal | current_timestamp(0) loses its precision
SELECT extract(microseconds FROM current_timestamp(0))::int % 1000000 = 0, (SELECT count(*) FROM cases)

-- case: to_char_format | equal | to_char format string is rewritten by one parser
SELECT to_char(date '2020-01-02', 'YYYY a.d.'), (SELECT count(*) FROM cases)

-- case: power_operator | equal | a ^ b becomes POWER(a, b)
SELECT 2 ^ 10, (SELECT count(*) FROM cases)

-- case: power_operator_precedence | equal | -2 ^ 2 and 2 ^ 3 ^ 2 associativity
SELECT -2 ^ 2, 2 ^ 3 ^ 2, (SELECT count(*) FROM cases)

-- case: is_not_true_compare | equal | IS NOT TRUE regeneration
SELECT id FROM cases WHERE seal_flag IS NOT TRUE ORDER BY id LIMIT 3

-- case: is_unknown | equal | IS UNKNOWN
SELECT count(*) FROM cases WHERE seal_flag IS UNKNOWN

-- case: percentile_two_args | equal | ordered-set aggregate
SELECT percentile_cont(ARRAY[0.5,0.9]) WITHIN GROUP (ORDER BY sentence_months) FROM cases

-- case: distinct_multi_arg_agg | equal | multi-argument DISTINCT aggregate is regenerated as a CASE
SELECT string_agg(DISTINCT court_code, ',') FROM cases

-- case: xmltable_ordinality | equal | FOR ORDINALITY is lost
SELECT x.* FROM (SELECT count(*) FROM cases) q, XMLTABLE('/r/a' PASSING ('<r><a>1</a></r>'::xml) COLUMNS i FOR ORDINALITY, v int PATH '.') x

-- case: commit_and_chain | equal | ROLLBACK AND CHAIN loses AND CHAIN
BEGIN; ROLLBACK AND CHAIN; SELECT 1; COMMIT

-- case: collate | equal | COLLATE
SELECT suspect_name COLLATE "C" FROM cases ORDER BY 1 LIMIT 2

-- case: char_type | equal | "char" type, bpchar
SELECT 'ab'::"char", 'ab'::char, 'ab'::bpchar, count(*) FROM cases

-- case: values_cte_column_names | equal | VALUES in a CTE is wrapped
WITH v(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT v.b, c.id FROM v JOIN cases c ON c.id = v.a ORDER BY 2

-- case: generate_series_join | equal | SRF join
SELECT d::date, count(c.id) FROM generate_series(date '2015-01-02', date '2015-01-05', interval '1 day') d LEFT JOIN cases c ON c.offence_date = d::date GROUP BY 1 ORDER BY 1

-- case: distinct_on | equal | DISTINCT ON
SELECT DISTINCT ON (court_code) court_code, id FROM cases ORDER BY court_code, id DESC

-- case: listen_pool | equal | UNLISTEN * / DISCARD from poolers: policy decision
UNLISTEN *
