-- A city's case-handling database at its real size, or a province's: bench.people and bench.cases
-- say how many of each. Synthetic: the names are numbers, and no region has the code 999999. Loaded
-- on top of tests/agency/schema.sql.
SET search_path = base;

INSERT INTO person (person_id, name, gender, id_no, birth_date, hukou_addr)
SELECT g, '示例' || g, 1 + g % 2,
       '999999' || to_char(born, 'YYYYMMDD') || lpad((g % 1000)::text, 3, '0') || 'X', born,
       '示例市示例区第' || g % 997 || '号'
FROM generate_series(1, current_setting('bench.people')::int) AS g,
     LATERAL (SELECT DATE '1955-01-01' + (g * 7919::bigint % 20000)::int AS born) b;

INSERT INTO case_file (case_id, case_no, cause, org_code, incident_date, filed_on, closed_on)
SELECT g, '(' || 2008 + g % 17 || ')示刑初' || lpad(g::text, 6, '0') || '号',
       (ARRAY['盗窃', '故意伤害', '抢劫', '寻衅滋事', '诈骗'])[1 + g % 5], '999900000000',
       acted, acted + 30, acted + 300
FROM generate_series(1, current_setting('bench.cases')::int) AS g,
     LATERAL (SELECT DATE '2008-01-01' + (g * 104729::bigint % 6000)::int AS acted) a;

-- One accused person a case, in every fourth case a second one.
INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first, offence_last)
SELECT CASE n WHEN 0 THEN c.case_id ELSE current_setting('bench.cases')::int + c.case_id / 4 END,
       c.case_id,
       1 + (c.case_id * 15485863 + n * 32452843) % current_setting('bench.people')::int,
       'CONVICT', c.incident_date, c.incident_date
FROM case_file c, generate_series(0, 1) AS n
WHERE n = 0 OR c.case_id % 4 = 0;

INSERT INTO sentence
  (sent_id, cp_id, result_code, penalty_kind, term_months, judgment_no, effective_on)
SELECT cp_id, cp_id, 'GUILTY', 'FIXED', 6 + cp_id % 90, '示刑初字第' || cp_id || '号',
       offence_first + 330
FROM case_person;

INSERT INTO seal_notice (notice_id, cp_id, status)
SELECT cp_id, cp_id, CASE WHEN cp_id % 40 = 0 THEN 'UNSEALED' ELSE 'ACTIVE' END
FROM case_person WHERE cp_id % 20 = 0;

-- What nothing seals, for the statements that pass as they are.
CREATE TABLE public.accounts (
  aid bigint PRIMARY KEY, bid int NOT NULL, abalance int NOT NULL, filler char(84) NOT NULL);
INSERT INTO public.accounts SELECT g, g % 100, g % 10000, '' FROM generate_series(1, 500000) AS g;

CREATE TABLE public.pages (page_id bigint PRIMARY KEY, body text NOT NULL);
INSERT INTO public.pages
SELECT g, repeat(md5(g::text), 32) FROM generate_series(1, 64000) AS g;

GRANT SELECT ON ALL TABLES IN SCHEMA base, public TO desk, agency_app;
