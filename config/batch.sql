-- Is there a conviction of whoever has this number? One row, one boolean, for each person of a batch
-- check (未成年人保护法第62条). As certificate.sql, without names: a unit's list has none. Asked of the
-- proxy like any other statement, so what is sealed does not count. 批量核查: 仅按证件号码, 逐人查询.
--
-- $1 text[]  spellings of the identity number (15 and 18 digits, small x, full width) / 证件号码各写法
-- $2, $3     from the beginning until today / 起止日期
SELECT EXISTS (
  SELECT 1
  FROM base.person AS p
  JOIN base.case_person AS c ON c.person_id = p.person_id
  JOIN base.sentence AS s ON s.cp_id = c.cp_id
  WHERE p.id_no = ANY ($1::text[])
    AND c.role NOT IN ('VICTIM', 'WITNESS', 'PARTY')
    AND s.is_effective AND s.result_code IN ('GUILTY', 'EXEMPT')
    AND s.effective_on BETWEEN $2::date AND $3::date
) AS convicted
