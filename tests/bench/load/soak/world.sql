-- More people than the seed has, and what the clients of a soak write into. Synthetic.
SET search_path = base;

INSERT INTO person (person_id, name, gender, birth_date)
SELECT g, '示例' || g, 1 + g % 2, DATE '1970-01-01' + (g * 7919 % 14600)::int
FROM generate_series(1001, 2000) AS g;

INSERT INTO case_file (case_id, case_no, cause, org_code, incident_date, filed_on, closed_on)
SELECT g, '(' || 2012 + g % 10 || ')示刑初' || lpad(g::text, 6, '0') || '号',
       (ARRAY['盗窃', '故意伤害', '抢劫', '寻衅滋事', '诈骗'])[1 + g % 5], '999900000000',
       acted, acted + 30, acted + 300
FROM generate_series(1001, 2000) AS g,
     LATERAL (SELECT DATE '2012-01-01' + (g * 104729::bigint % 3600)::int AS acted) a;

INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first, offence_last)
SELECT case_id, case_id, 1001 + (case_id * 15485863 % 1000), 'CONVICT', incident_date, incident_date
FROM case_file WHERE case_id > 1000;

INSERT INTO sentence (sent_id, cp_id, result_code, penalty_kind, term_months, effective_on)
SELECT cp_id, cp_id, 'GUILTY', 'FIXED', 6 + cp_id % 90, offence_first + 330
FROM case_person WHERE cp_id > 1000;

INSERT INTO victim (victim_id, case_id, name, id_no, birth_date)
SELECT case_id, case_id, '被害' || case_id, '999999' || case_id, incident_date - (case_id * 11)::int
FROM case_file WHERE case_id > 1000;

-- Nothing seals it. Each client writes the rows of its own number.
CREATE TABLE public.soaked (
  client bigint NOT NULL, key bigint NOT NULL, value bigint NOT NULL, PRIMARY KEY (client, key));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.soaked TO desk;
