-- What a permit shows more, written apart from the shipped policy: for a person (`opened.whom`), a
-- conviction of theirs (`convicted.*`), a child among the victims (`opened.child`). The views of
-- schema `opened` are made of those in `sealed` by the test. First more people at the boundaries:
-- two sealed in one file, one who was not prosecuted in another, judgments that others replaced.
INSERT INTO base.person (person_id, name, id_no, birth_date) VALUES
  (29, '戊同案', NULL, '2005-05-05'), (30, '戊清白', NULL, '2005-05-05');
INSERT INTO base.case_file (case_id, case_no, cause, org_code, incident_date, parent_case_id) VALUES
  (30, '(2023)示刑初030号', '抢劫', '110100000000', '2022-01-01', NULL),
  (31, '(2023)示刑初031号', '抢劫', '110100000000', '2022-01-01', 1);
INSERT INTO base.case_person (cp_id, case_id, person_id, role, offence_first, offence_last) VALUES
  (30, 1, 29, 'CONVICT', '2021-11-01', '2021-11-01'),
  (31, 30, 1, 'SUSPECT', '2021-06-01', '2021-06-01'),
  (32, 30, 29, 'DEFENDANT', '2021-06-01', '2021-06-01'),
  (33, 31, 17, 'CONVICT', '2021-11-01', '2021-11-01');
INSERT INTO base.sentence
  (sent_id, cp_id, result_code, penalty_kind, term_months, effective_on, is_effective, judgment_no)
VALUES
  (30, 30, 'GUILTY', 'FIXED', 12, '2023-01-01', true, '示030'),
  (31, 32, 'GUILTY', 'FIXED', 10, '2022-01-01', true, '示031'),
  (32, 32, 'ACQ_LAW', NULL, NULL, '2023-05-01', true, '示032'),
  (33, 2, 'GUILTY', 'FIXED', 50, '2022-06-01', false, '示033'),
  (34, 6, 'GUILTY', 'FIXED', 20, '2022-06-01', true, '示034'),
  (35, 28, 'GUILTY', 'FIXED', 20, '9999-12-31', true, '示035');
INSERT INTO base.charge VALUES
  (30, 30, '抢劫罪', '2021-11-01', 12), (31, 31, '抢劫罪', '2021-06-01', NULL),
  (32, 32, '抢劫罪', '2021-06-01', 10), (33, 2, '盗窃罪', '2022-05-10', 60);
INSERT INTO base.non_prosecution VALUES (2, 31, 'DISCRETION', '2021-08-01', '示检刑不诉〔2021〕2号');
INSERT INTO base.coercive_measure VALUES (4, 30, 'BAIL', '2021-12-01', '2022-08-01');
INSERT INTO base.document VALUES
  (30, 1, 30, 'JUDGMENT', '戊同案抢劫案判决书', '……', '2023-01-01'),
  (31, 31, NULL, 'REPORT', '分案报告', '提到戊同案', '2023-01-01'),
  (32, 30, 31, 'DECISION', '甲一不起诉决定书', '……', '2021-08-01');
INSERT INTO base.admin_penalty VALUES (3, 29, '2021-03-03', '警告', '2021-03-04');
INSERT INTO base.victim VALUES
  (4, 30, '被害童二', '110105201303010018', '2013-03-01', '示例路4号', '示例小学', '13800000001');

-- Two children among the victims are somebody in case_person, too: one in one file, one in two.
UPDATE base.person SET id_no = '１１０105201201010015' WHERE person_id = 41;
UPDATE base.person SET id_no = ' 110105201301010018' WHERE person_id = 49;

-- Everybody has a number, most of them not written as they should be; none of these tells an age.
UPDATE base.person SET id_no = CASE person_id % 4
  WHEN 0 THEN 'P' || lpad(person_id::text, 8, '0')
  WHEN 1 THEN ' p' || translate(lpad(person_id::text, 8, '0'), '0123456789', '０１２３４５６７８９')
  WHEN 2 THEN 'p' || lpad(person_id::text, 8, '0') || '　'
  ELSE 'P' || lpad(person_id::text, 4, '0') || ' ' || lpad(person_id::text, 8, '0') END
WHERE id_no IS NULL AND person_id <> 30;

CREATE SCHEMA opened;
CREATE FUNCTION opened.whom() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('test.whom', true), '')::bigint $$;
CREATE FUNCTION opened.child() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('test.child', true), '')::bigint $$;

CREATE SCHEMA convicted;
-- Of each person in a case the last judgment in force, where that is one of guilt.
CREATE VIEW convicted.judgment AS
SELECT * FROM (
  SELECT DISTINCT ON (s.cp_id) s.*, cp.person_id, cp.role
  FROM base.sentence s JOIN base.case_person cp USING (cp_id)
  WHERE s.is_effective AND sealed.day(s.effective_on) IS NOT NULL
  ORDER BY s.cp_id, s.effective_on DESC, s.sent_id DESC) AS j
WHERE j.result_code = 'GUILTY' AND j.person_id = opened.whom();

CREATE VIEW convicted.person AS
SELECT * FROM sealed.person
UNION ALL
SELECT person_id, name, NULL, id_type, id_no, NULL, NULL, NULL, NULL FROM base.person
WHERE person_id IN (SELECT person_id FROM convicted.judgment)
  AND person_id NOT IN (SELECT person_id FROM sealed.person);
CREATE VIEW convicted.case_person AS
SELECT * FROM sealed.case_person
UNION ALL
SELECT cp_id, NULL, person_id, role, NULL, NULL, NULL, NULL FROM convicted.judgment
WHERE cp_id NOT IN (SELECT cp_id FROM sealed.case_person);
CREATE VIEW convicted.charge AS
SELECT * FROM sealed.charge
UNION ALL
SELECT charge_id, cp_id, charge_name, NULL, NULL FROM base.charge
WHERE cp_id IN (SELECT cp_id FROM convicted.judgment)
  AND charge_id NOT IN (SELECT charge_id FROM sealed.charge);
CREATE VIEW convicted.sentence AS
SELECT * FROM sealed.sentence
UNION ALL
SELECT sent_id, cp_id, result_code, penalty_kind, term_months, NULL, NULL, NULL, NULL, is_effective
FROM convicted.judgment WHERE sent_id NOT IN (SELECT sent_id FROM sealed.sentence);
