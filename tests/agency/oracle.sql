-- The reference world: what somebody without a permit may see, one view per table of base.
-- Written independently of the shipped policy, which tests compare with it. Facts first
-- (cp_facts), then what the law says per person and case (cp_judged, bystander), then the tables.
--
-- A date that cannot be one (before 1910, after today, infinite) proves nothing, like NULL.
CREATE SCHEMA sealed;

CREATE FUNCTION sealed.day(d date) RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT CASE WHEN d BETWEEN DATE '1910-01-01' AND CURRENT_DATE
                 THEN to_char(d, 'YYYYMMDD')::int END $$;
COMMENT ON FUNCTION sealed.day IS 'YYYYMMDD as a number; NULL for a date that proves nothing';

CREATE FUNCTION sealed.digits(id_no text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT upper(regexp_replace(translate(id_no, '０１２３４５６７８９ｘＸ', '0123456789XX'),
                                 '[ \t\r\n　]', '', 'g')) $$;
COMMENT ON FUNCTION sealed.digits IS 'An identity number as it is meant';

-- YYYYMMDD out of a number of 18 or 15 places, a day of the calendar or not; NULL without one.
CREATE FUNCTION sealed.printed(n text) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN birth % 100 BETWEEN 1 AND 31 AND birth / 100 % 100 BETWEEN 1 AND 12
                    AND birth BETWEEN 19000000 AND 20999999 THEN birth END
   FROM (SELECT CASE
           WHEN n ~ '^[1-9][0-9]{16}[0-9X]$' THEN substr(n, 7, 8)::int
           WHEN n ~ '^[1-9][0-9]{14}$' THEN ('19' || substr(n, 7, 6))::int END) AS t (birth) $$;

CREATE FUNCTION sealed.is_a_day(d int) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT d % 100 <= CASE
     WHEN d / 100 % 100 IN (4, 6, 9, 11) THEN 30
     WHEN d / 100 % 100 <> 2 THEN 31
     WHEN d / 10000 % 4 = 0 AND (d / 10000 % 100 <> 0 OR d / 10000 % 400 = 0) THEN 29
     ELSE 28 END $$;

CREATE FUNCTION sealed.checked(n text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE
     WHEN n ~ '^[0-9]{17}[0-9X]$' THEN
       substr('10X98765432', 1 + (
         substr(n, 1, 1)::int * 7 + substr(n, 2, 1)::int * 9 + substr(n, 3, 1)::int * 10
         + substr(n, 4, 1)::int * 5 + substr(n, 5, 1)::int * 8 + substr(n, 6, 1)::int * 4
         + substr(n, 7, 1)::int * 2 + substr(n, 8, 1)::int * 1 + substr(n, 9, 1)::int * 6
         + substr(n, 10, 1)::int * 3 + substr(n, 11, 1)::int * 7 + substr(n, 12, 1)::int * 9
         + substr(n, 13, 1)::int * 10 + substr(n, 14, 1)::int * 5 + substr(n, 15, 1)::int * 8
         + substr(n, 16, 1)::int * 4 + substr(n, 17, 1)::int * 2) % 11, 1) = substr(n, 18, 1)
     ELSE n ~ '^[0-9]{15}$' END $$;

-- The latest (most favourable) day of birth as YYYYMMDD, NULL where unknown. Conflicting sources:
-- the younger age counts (刑诉解释146). A number alone proves an age only where it has a day that
-- there was and a correct check digit (GB 11643); 15-digit numbers have none.
CREATE FUNCTION sealed.born(birth_date date, id_no text) RETURNS int LANGUAGE sql STABLE AS
$$ SELECT CASE
     WHEN registered IS NOT NULL THEN GREATEST(registered, sealed.printed(n))
     WHEN sealed.checked(n) AND sealed.is_a_day(sealed.printed(n))
          AND sealed.printed(n) >= 19100101 THEN sealed.printed(n) END
   FROM (SELECT sealed.day(birth_date), sealed.digits(id_no)) AS t (registered, n) $$;

CREATE VIEW sealed.cp_facts AS
SELECT cp.cp_id, cp.case_id, cp.person_id, cp.role,
       sealed.born(p.birth_date, p.id_no) AS born,
       sealed.day(cp.offence_first) AS first_day, sealed.day(cp.offence_last) AS last_day,
       cp.main_before_18, cp.optout_approved, s.result_code, s.penalty_kind, s.term_months,
       n.noticed, n.all_lifted
FROM base.case_person cp
JOIN base.person p ON p.person_id = cp.person_id
LEFT JOIN LATERAL (
  SELECT * FROM base.sentence s
  WHERE s.cp_id = cp.cp_id AND s.is_effective AND sealed.day(s.effective_on) IS NOT NULL
  ORDER BY s.effective_on DESC, s.sent_id DESC LIMIT 1) s ON true
CROSS JOIN LATERAL (
  -- 解封须有第18条所列情形, 自其成立之日起
  SELECT count(*) > 0 AS noticed,
         bool_and(COALESCE(status = 'UNSEALED' AND unseal_ground IN ('18-1', '18-2', '18-3')
                           AND sealed.day(unsealed_on) IS NOT NULL, false)) AS all_lifted
  FROM base.seal_notice n WHERE n.cp_id = cp.cp_id) n;

CREATE VIEW sealed.cp_judged AS
SELECT f.*, a.accused, p.adult_proved, p.heavy_proved,
  a.accused AND CASE
    WHEN f.noticed THEN NOT f.all_lifted
    ELSE NOT COALESCE(f.optout_approved AND f.result_code = 'ACQ_EVID', false)
         AND NOT p.adult_proved
         AND NOT p.heavy_proved END AS by_law
FROM sealed.cp_facts f
CROSS JOIN LATERAL (SELECT f.role NOT IN ('VICTIM', 'WITNESS', 'PARTY') AS accused) a
CROSS JOIN LATERAL (
  -- 末次早于首次的, 两者均不可信
  SELECT COALESCE(f.first_day > f.born + 180000
                  AND (f.last_day IS NULL OR f.last_day > f.born + 180000), false)
         OR COALESCE(f.last_day > f.born + 180000 AND f.main_before_18 IS FALSE, false)
           AS adult_proved,
         -- 刑法69条: 有期徒刑不超过二十五年
         COALESCE(f.result_code = 'GUILTY'
                  AND ((f.penalty_kind = 'FIXED' AND f.term_months BETWEEN 61 AND 300)
                       OR f.penalty_kind IN ('LIFE', 'DEATH')), false) AS heavy_proved) p;

CREATE VIEW sealed.cp_verdict AS
SELECT j.*, j.by_law AS sealed FROM sealed.cp_judged j;

-- 被害人, 证人, 当事人(未成年人保护法103条): 涉罪人员全部封存的案件中不可见; 不能证明案发时已成年的,
-- 仅在无其他记录可资辨认时保留其行(stays), 不指名(named).
CREATE VIEW sealed.bystander AS
WITH gone AS (
  SELECT case_id FROM sealed.cp_judged WHERE accused GROUP BY case_id HAVING bool_and(by_law)),
known AS (  -- how many cases and penalties somebody is on record with, an accusation counting twice
  SELECT person_id, count(*) AS n
  FROM (SELECT DISTINCT person_id, case_id, 'case' FROM base.case_person
        UNION ALL SELECT person_id, cp_id, 'accused' FROM sealed.cp_judged WHERE accused
        UNION ALL SELECT person_id, ap_id, 'penalty' FROM base.admin_penalty) AS r
  GROUP BY person_id),
grown AS (
  SELECT cp.cp_id
  FROM base.case_person cp JOIN base.case_file c USING (case_id) JOIN base.person p USING (person_id)
  WHERE sealed.day(p.birth_date) IS NOT NULL
    AND sealed.day(c.incident_date) > sealed.born(p.birth_date, p.id_no) + 180000)
SELECT b.cp_id, b.case_id, b.person_id,
       b.file_there AND (b.grown OR b.alone) AS stays,
       b.file_there AND b.grown AS named
FROM (
  SELECT cp.*, cp.case_id NOT IN (SELECT case_id FROM gone) AS file_there,
         cp.cp_id IN (SELECT cp_id FROM grown) AS grown, k.n = 1 AS alone
  FROM base.case_person cp JOIN known k USING (person_id)
  WHERE cp.role IN ('VICTIM', 'WITNESS', 'PARTY')) AS b;

-- 未成年人的(预防未成年人犯罪法59条2款); 2026-01-01 起全部(治安管理处罚法136条).
CREATE FUNCTION sealed.penalty_shown(act date, birth_date date, id_no text) RETURNS boolean
LANGUAGE sql STABLE AS
$$ SELECT CURRENT_DATE < DATE '2026-01-01' AND sealed.day(birth_date) IS NOT NULL
          AND COALESCE(sealed.day(act) > sealed.born(birth_date, id_no) + 180000, false) $$;

CREATE VIEW sealed.case_person AS
SELECT cp.* FROM base.case_person cp
WHERE cp.cp_id IN (SELECT cp_id FROM sealed.cp_verdict WHERE accused AND NOT sealed)
   OR cp.cp_id IN (SELECT cp_id FROM sealed.bystander WHERE stays);

-- 案件: 全部涉罪人员均封存的整案剥离; 混合案保留并加标识, 分案的关联案件同样加标识.
CREATE VIEW sealed.case_file AS
SELECT c.case_id, c.case_no, c.case_kind, c.cause, c.org_code, c.incident_date, c.filed_on,
       c.closed_on, c.parent_case_id,
  CASE
    WHEN EXISTS (SELECT 1 FROM sealed.cp_verdict v WHERE v.case_id = c.case_id AND v.sealed)
      OR EXISTS (SELECT 1 FROM base.case_file k
                 JOIN sealed.cp_verdict v ON v.case_id = k.case_id AND v.sealed
                 WHERE k.case_id = c.parent_case_id OR k.parent_case_id = c.case_id
                    OR k.parent_case_id = c.parent_case_id)
    THEN '含犯罪记录封存信息' ELSE c.label
  END AS label
FROM base.case_file c
WHERE NOT (
  EXISTS (SELECT 1 FROM sealed.cp_verdict v WHERE v.case_id = c.case_id AND v.sealed)
  AND NOT EXISTS (SELECT 1 FROM sealed.cp_verdict v
                  WHERE v.case_id = c.case_id AND v.accused AND NOT v.sealed));

-- 人员: 本库为违法犯罪人员库, 仅因封存记录(含治安处罚)入库的人整行剥离, 仅以未成年被害人, 证人,
-- 当事人身份入库的亦然.
CREATE VIEW sealed.person AS
WITH known AS MATERIALIZED (
  SELECT r.person_id, bool_or(r.shown) AS shown
  FROM (SELECT NOT v.sealed, v.person_id FROM sealed.cp_verdict v WHERE v.accused
        UNION ALL
        SELECT b.named, b.person_id FROM sealed.bystander b
        UNION ALL
        SELECT sealed.penalty_shown(a.act_date, p.birth_date, p.id_no)
             , a.person_id FROM base.admin_penalty a JOIN base.person p USING (person_id)
       ) AS r (shown, person_id)
  GROUP BY r.person_id)
SELECT p.* FROM base.person p LEFT JOIN known ON known.person_id = p.person_id
WHERE known.shown IS NULL OR known.shown;

-- 随人封存: 指控, 裁判, 不起诉, 强制措施, 社会调查, 帮教.
CREATE VIEW sealed.charge AS
SELECT t.* FROM base.charge t JOIN sealed.case_person USING (cp_id);
CREATE VIEW sealed.sentence AS
SELECT t.* FROM base.sentence t JOIN sealed.case_person USING (cp_id);
CREATE VIEW sealed.non_prosecution AS
SELECT t.* FROM base.non_prosecution t JOIN sealed.case_person USING (cp_id);
CREATE VIEW sealed.coercive_measure AS
SELECT t.* FROM base.coercive_measure t JOIN sealed.case_person USING (cp_id);
CREATE VIEW sealed.social_investigation AS
SELECT t.* FROM base.social_investigation t JOIN sealed.case_person USING (cp_id);
CREATE VIEW sealed.guidance_record AS
SELECT t.* FROM base.guidance_record t JOIN sealed.case_person USING (cp_id);

CREATE FUNCTION sealed.bare(written text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT upper(regexp_replace(normalize(written, NFKC), '[[:space:]·•・‧]', '', 'g')) $$;
COMMENT ON FUNCTION sealed.bare IS 'A text without what may stand between the parts of a name';

-- 文书: 专属封存人的剥离; 混合案的文书保留题录, 遮蔽题名与正文; 分案的关联案件中写有其姓名的亦然.
CREATE VIEW sealed.document AS
WITH whose AS MATERIALIZED (  -- 其人不可指名的, 其专属文书亦不可见
  SELECT cp.cp_id FROM sealed.case_person cp
  WHERE cp.role NOT IN ('VICTIM', 'WITNESS', 'PARTY')
     OR cp.person_id IN (SELECT person_id FROM sealed.person))
SELECT d.doc_id, d.case_id, d.cp_id, d.doc_type,
       CASE WHEN m.mixed THEN '含犯罪记录封存信息' ELSE d.title END AS title,
       CASE WHEN m.mixed THEN NULL ELSE d.content END AS content,
       d.issued_on
FROM base.document d
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT 1 FROM sealed.cp_verdict v
                 WHERE v.case_id = d.case_id AND v.sealed)
      OR EXISTS (SELECT 1 FROM base.case_file c
                 JOIN base.case_file k ON k.case_id = c.parent_case_id
                      OR k.parent_case_id IN (c.case_id, c.parent_case_id)
                 JOIN sealed.cp_verdict v ON v.case_id = k.case_id AND v.sealed
                 JOIN base.person p USING (person_id)
                 WHERE c.case_id = d.case_id
                   AND position(sealed.bare(p.name)
                                IN sealed.bare(concat(d.title, '|', d.content))) > 0) AS mixed) m
WHERE EXISTS (SELECT 1 FROM sealed.case_file c WHERE c.case_id = d.case_id)
  AND (d.cp_id IS NULL OR d.cp_id IN (SELECT w.cp_id FROM whose w));

-- 被害人: 案发时不能证明已成年的遮蔽身份信息(未成年人保护法103条), 行保留.
CREATE VIEW sealed.victim AS
SELECT v.victim_id, v.case_id,
       CASE WHEN x.masked THEN '某某' ELSE v.name END AS name,
       CASE WHEN x.masked THEN NULL ELSE v.id_no END AS id_no,
       CASE WHEN x.masked THEN NULL ELSE v.birth_date END AS birth_date,
       CASE WHEN x.masked THEN NULL ELSE v.address END AS address,
       CASE WHEN x.masked THEN NULL ELSE v.school END AS school,
       CASE WHEN x.masked THEN NULL ELSE v.guardian_phone END AS guardian_phone
FROM base.victim v
JOIN sealed.case_file c USING (case_id)
CROSS JOIN LATERAL (
  SELECT NOT COALESCE(
    sealed.day(v.birth_date) IS NOT NULL
    AND sealed.day(c.incident_date) > sealed.born(v.birth_date, v.id_no) + 180000, false)
      AS masked) x;

CREATE VIEW sealed.admin_penalty AS
SELECT a.* FROM base.admin_penalty a
JOIN base.person p USING (person_id)
WHERE sealed.penalty_shown(a.act_date, p.birth_date, p.id_no);

-- 通知书与查询登记本身即泄密.
CREATE VIEW sealed.seal_notice AS SELECT * FROM base.seal_notice WHERE false;
CREATE VIEW sealed.query_application AS SELECT * FROM base.query_application WHERE false;
