-- Rows that a statement must not touch, in every relation, made so that touching one shows.
--
-- A sealed row holds what breaks an expression that all visible rows survive: a number that is
-- none, a divisor of zero, a pattern that is no pattern, text that is no JSON, a date outside of
-- time. Its texts begin with 隐秘 and its own numbers with 7700, so that they are found in a stream
-- of bytes. Visible rows beside them are harmless and many enough for joins to have answers.
--
-- Four kinds of people, twelve each: 101-112 adults; 201-212 minors, sealed; 301-312 an adult and
-- 401-412 a minor who share a file.
SET search_path = base;

CREATE TABLE org (
  org_code char(12) PRIMARY KEY,
  name     varchar(60) NOT NULL,
  level    int,
  weight   numeric(8,2),
  since    date
);
COMMENT ON TABLE org IS '机构: a table that nothing protects';
INSERT INTO org
SELECT lpad((110100000000 + g)::text, 12, '0'), '示例机构' || g, g % 4, g * 1.25,
       DATE '1990-01-01' + g * 100
FROM generate_series(0, 11) AS g;

-- Ways around the tables: views, and a function, which is refused.
CREATE VIEW case_overview AS
SELECT c.case_id, c.case_no, p.name
FROM case_file c JOIN case_person cp USING (case_id) JOIN person p USING (person_id);
CREATE VIEW accused (number, who, born, place) AS
SELECT o.case_id, o.name, p.birth_date, p.id_no
FROM case_overview o JOIN case_person cp USING (case_id) JOIN person p USING (person_id)
WHERE EXISTS (SELECT FROM charge c WHERE c.cp_id = cp.cp_id);
CREATE VIEW per_cause AS
SELECT cause, count(*) AS cases, max(incident_date) AS latest FROM case_file GROUP BY cause;
CREATE VIEW papers AS
SELECT doc_id AS paper_id, case_id, title FROM document
UNION ALL SELECT -gr_id, cp_id, content FROM guidance_record;
CREATE FUNCTION person_name(bigint) RETURNS varchar LANGUAGE sql STABLE AS
  'SELECT name FROM base.person WHERE person_id = $1';

CREATE TEMP TABLE who AS
SELECT kind * 100 + n AS id, kind, n, kind IN (2, 4) AS secret,
       CASE kind WHEN 4 THEN 300 + n ELSE kind * 100 + n END AS case_id
FROM generate_series(1, 4) AS kind, generate_series(1, 12) AS n;

INSERT INTO person
SELECT id,
       CASE WHEN secret THEN '隐秘' || chr(19967 + n) ELSE '示' || chr(19967 + n) END,
       CASE WHEN secret THEN 'X' ELSE (1 + n % 2)::text END,
       '01',
       CASE WHEN secret THEN (ARRAY['隐秘证号', '', '7700', '-', '(', '1e400'])[1 + n % 6]
            ELSE (110000000000000000 + id)::text END,
       CASE WHEN secret THEN
         (ARRAY[DATE '2006-06-01', 'infinity', NULL, '-infinity', '9999-12-31', '2007-01-31'])[1 + n % 6]
         ELSE DATE '1980-01-01' + n * 37 END,
       CASE WHEN secret THEN (ARRAY['隐秘\', '[隐秘', '(隐秘', '*隐秘', '隐秘{2,1}', '隐秘%_'])[1 + n % 6]
            ELSE '示例路' || n || '号' END,
       CASE WHEN secret THEN (ARRAY['隐秘电话', '', '0', '7700x', '-0', ' '])[1 + n % 6]
            ELSE (13800000000 + id)::text END,
       CASE WHEN secret THEN (ARRAY['{隐秘', '<隐秘', '[1,', '"隐秘', '', '{"n": 7700}'])[1 + n % 6]
            ELSE '{"n": ' || n || ', "t": "示例"}' END
FROM who;

INSERT INTO case_file
SELECT id,
       CASE WHEN kind = 2 THEN '隐秘刑初' || n ELSE '示刑初' || id END,
       CASE WHEN n % 5 = 0 THEN '02' ELSE '01' END,
       CASE WHEN kind = 2 THEN (ARRAY['隐秘案由', '0', '', '7700.5.5', '[a-', '\'])[1 + n % 6]
            ELSE (n * 3)::text END,
       lpad((110100000000 + n % 12)::text, 12, '0'),
       CASE WHEN kind = 2 THEN (ARRAY[DATE '2022-01-01', 'infinity', '-infinity', NULL, '5874897-12-31', '2022-02-02'])[1 + n % 6]
            ELSE DATE '2015-03-01' + n * 11 END,
       DATE '2023-01-01' + n,
       CASE WHEN kind = 2 THEN DATE 'infinity' WHEN n % 3 = 0 THEN NULL
            ELSE DATE '2023-06-01' + n END,
       CASE WHEN n % 4 = 0 THEN CASE kind WHEN 1 THEN id - 1 WHEN 2 THEN id - 1 ELSE 100 + n END END,
       CASE WHEN kind = 2 THEN '隐秘标识' END
FROM who WHERE kind IN (1, 2, 3);

INSERT INTO case_person
SELECT id, case_id, id,
       CASE WHEN secret THEN 'CONVICT'
            ELSE (ARRAY['CONVICT', 'DEFENDANT', 'CONVICT', 'CONVICT'])[1 + n % 4] END,
       CASE WHEN secret THEN DATE '2022-01-01' + n ELSE DATE '2015-03-01' + n * 11 END,
       CASE WHEN secret THEN (ARRAY[DATE '2022-12-01', 'infinity', NULL, '9999-12-31'])[1 + n % 4]
            WHEN n % 2 = 0 THEN DATE '2015-04-01' + n * 11 END,
       CASE n % 3 WHEN 0 THEN true WHEN 1 THEN NULL ELSE secret END,
       false
FROM who;
-- A victim and a witness in each shared file, and adults who meet again in another one.
INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first)
SELECT 500 + n, 300 + n, 100 + n, (ARRAY['WITNESS', 'VICTIM'])[1 + n % 2], NULL
FROM generate_series(1, 12) AS n;

-- Minors as victims, witnesses and parties: 601-606 in one adults' file each, whose rows stay and
-- are nobody's; 607-612 in two, whose rows are gone. 621-626 are adults, in files that are gone.
INSERT INTO person
SELECT 600 + n, '隐秘' || chr(20100 + n), 'X', '01',
       (ARRAY['隐秘证号', '', '7700', '-', '(', '1e400'])[1 + n % 6],
       (ARRAY[DATE '2006-06-01', 'infinity', NULL, '-infinity', '9999-12-31', '2007-01-31'])[1 + n % 6],
       '隐秘{2,1}', '7700x', '{隐秘'
FROM generate_series(1, 12) AS n
UNION ALL
SELECT 620 + n, '隐秘' || chr(20200 + n), 'X', '01', '隐秘证号', DATE '1980-01-01' + n, '隐秘\', '', '[1,'
FROM generate_series(1, 6) AS n;
INSERT INTO case_person (cp_id, case_id, person_id, role)
SELECT 600 + n, 100 + n, 600 + n, (ARRAY['WITNESS', 'VICTIM', 'PARTY'])[1 + n % 3]
FROM generate_series(1, 6) AS n;
INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first)
SELECT 600 + n + k * 10, k * 200 + 100 + n, 600 + n, (ARRAY['WITNESS', 'VICTIM'])[1 + k], 'infinity'
FROM generate_series(7, 12) AS n, generate_series(0, 1) AS k
UNION ALL
SELECT 630 + n, 200 + n, 620 + n, 'WITNESS', DATE 'infinity' FROM generate_series(1, 6) AS n;
INSERT INTO document
SELECT 6000 + cp_id, case_id, cp_id, 'STATEMENT', '隐秘文书', '{隐秘', DATE 'infinity'
FROM case_person WHERE cp_id BETWEEN 600 AND 699;

INSERT INTO charge
SELECT id * 10 + k, id,
       CASE WHEN secret THEN '隐秘罪' || k ELSE (ARRAY['盗窃罪', '诈骗罪', '故意伤害罪'])[1 + (n + k) % 3] END,
       CASE WHEN secret THEN (ARRAY[DATE 'infinity', '2022-01-01', '-infinity'])[1 + n % 3]
            ELSE DATE '2015-03-01' + n * 11 END,
       CASE WHEN secret THEN (ARRAY[0, -2147483648, 2147483647, NULL])[1 + n % 4] ELSE n * k END
FROM who, generate_series(1, 2) AS k;

INSERT INTO sentence
SELECT id, id, 'GUILTY', 'FIXED',
       CASE WHEN secret THEN (ARRAY[0, 1, 60, NULL])[1 + n % 4] ELSE 6 + n * 4 END,
       CASE WHEN secret THEN (ARRAY[0, 2147483647, -2147483648])[1 + n % 3] ELSE 1 + n END,
       CASE WHEN secret THEN (ARRAY[0, 999999999999.99, -1, 7700])[1 + n % 4] ELSE n * 1000.50 END,
       CASE WHEN secret THEN (ARRAY['隐秘判', '0', '\', '[['])[1 + n % 4] ELSE (id * 7)::text END,
       DATE '2023-07-01' + n, true
FROM who;

INSERT INTO non_prosecution
SELECT id, id, 'DISCRETION', DATE '2023-05-01' + n,
       CASE WHEN secret THEN '隐秘不诉' ELSE n::text END
FROM who WHERE n % 2 = 0;

INSERT INTO coercive_measure
SELECT id, id, CASE WHEN secret THEN '隐秘' ELSE (ARRAY['BAIL', 'ARREST'])[1 + n % 2] END,
       DATE '2022-03-01' + n,
       CASE WHEN secret THEN DATE 'infinity' WHEN n % 3 > 0 THEN DATE '2022-06-01' + n END
FROM who;

INSERT INTO social_investigation
SELECT id, id, DATE '2022-04-01' + n,
       CASE WHEN secret THEN (ARRAY['隐秘调查', '<a>隐秘', '{', '7700'])[1 + n % 4] ELSE (n * 11)::text END
FROM who WHERE n % 3 > 0;

INSERT INTO guidance_record
SELECT id, id, (ARRAY['BANGJIAO', 'XINLI', 'JIUZHU'])[1 + n % 3], DATE '2023-08-01' + n,
       CASE WHEN secret THEN (ARRAY['隐秘帮教', '', '\x', '((('])[1 + n % 4] ELSE '{"k": ' || n || '}' END
FROM who;

-- Half of the victims were adults then and keep their names.
INSERT INTO victim
SELECT id, id,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN '隐秘童' || n ELSE '示例害' || n END,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN '隐秘害证' || n ELSE (330000000000 + n)::text END,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN (ARRAY[DATE '2012-01-01', 'infinity', NULL])[1 + n % 3]
            ELSE DATE '1970-01-01' + n END,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN '隐秘\' ELSE '示例址' || n END,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN '[隐秘' ELSE NULL END,
       CASE WHEN kind = 2 OR n % 2 = 1 THEN '7700x' ELSE (13900000000 + n)::text END
FROM who WHERE kind IN (1, 2, 3);

INSERT INTO document
SELECT id * 10 + k, case_id, CASE k WHEN 1 THEN id END, (ARRAY['JUDGMENT', 'REPORT'])[k],
       CASE WHEN kind > 1 THEN '隐秘文书' || n ELSE (id * k)::text END,
       CASE WHEN kind > 1 THEN (ARRAY['隐秘正文', '{隐秘', '(隐秘', '隐秘\'])[1 + n % 4] ELSE '{"d": ' || n || '}' END,
       CASE WHEN secret THEN DATE 'infinity' ELSE DATE '2023-02-01' + n END
FROM who, generate_series(1, 2) AS k;

INSERT INTO admin_penalty
SELECT id, id, DATE '2020-01-01' + n,
       CASE WHEN secret THEN '隐秘决定' ELSE '罚款' || n END, DATE '2020-02-01' + n
FROM who WHERE n % 2 = 1;

INSERT INTO seal_notice
SELECT id, id, '隐秘封' || id, '770000000000', DATE '2023-01-02', DATE '2023-01-03', 'infinity',
       'ACTIVE', NULL, NULL
FROM who WHERE kind = 4 AND n % 3 = 0;

INSERT INTO query_application
SELECT 77000000 + n, '隐秘单位', '隐秘', '隐秘', '隐秘', '隐秘', '[', '隐秘', '隐秘', '\', n % 2 = 0,
       'infinity', '-infinity', '隐秘', NULL
FROM generate_series(1, 6) AS n;

DROP TABLE who;

-- What nothing protects is the same in the reference world.
CREATE VIEW sealed.org AS SELECT * FROM base.org;
ANALYZE;
