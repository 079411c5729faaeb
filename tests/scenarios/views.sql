-- Views as agencies have them: joins, views of views, renamed columns, aggregates, set operations.
SET search_path = base;
CREATE VIEW overview AS
SELECT c.case_id, c.case_no, p.person_id, p.name, p.gender, cp.role
FROM case_file c JOIN case_person cp USING (case_id) JOIN person p USING (person_id);
CREATE VIEW suspects (number, who) AS
SELECT case_no, name FROM overview WHERE role IN ('SUSPECT', 'DEFENDANT', 'CONVICT');
CREATE VIEW evens AS SELECT * FROM person WHERE person_id % 2 = 0;
CREATE VIEW known AS SELECT * FROM person WHERE person_id > 0 AND name <> 'X';
CREATE VIEW per_kind AS
SELECT case_kind, count(*) AS cases, max(filed_on) AS latest FROM case_file GROUP BY case_kind;
CREATE VIEW anybody AS
SELECT name FROM person UNION SELECT 'nobody' ORDER BY 1;
CREATE VIEW with_counts AS
WITH n AS (SELECT case_id, count(*) AS people FROM case_person GROUP BY case_id)
SELECT c.case_no, n.people, (SELECT count(*) FROM case_person x WHERE x.case_id = c.case_id) AS again
FROM case_file c LEFT JOIN n ON n.case_id = c.case_id;
CREATE VIEW barred WITH (security_barrier) AS SELECT person_id, name FROM person WHERE person_id > 0;
CREATE VIEW codes AS SELECT 1 AS one, 'x'::text AS letter;
CREATE VIEW codes_again AS SELECT letter, upper(letter) AS large FROM codes;
CREATE VIEW dice AS SELECT random() AS roll;
CREATE VIEW by_catalogue AS SELECT p.name, c.relname FROM person p, pg_class c;
CREATE FUNCTION peek(bigint) RETURNS varchar LANGUAGE sql STABLE
AS 'SELECT name FROM base.person WHERE person_id = $1';
CREATE VIEW peeking AS SELECT case_id, peek(case_id) AS seen FROM case_file;
CREATE VIEW peeking_at_nothing AS SELECT peek(1) AS seen;
CREATE MATERIALIZED VIEW kept AS SELECT name FROM person;
CREATE VIEW over_kept AS SELECT name FROM kept;
GRANT SELECT ON ALL TABLES IN SCHEMA base TO bgcheck, desk;
GRANT UPDATE ON known TO desk;
