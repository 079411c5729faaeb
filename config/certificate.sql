-- Is there a conviction of this person? One row, one boolean. Asked of the proxy like any other
-- statement, so what is sealed does not count. 是否有未封存的有罪裁判; 经代理查询, 封存的不在其内.
--
-- $1 text[]  spellings of the identity number (15 and 18 digits, small x, full width) / 证件号码各写法
-- $2 text[]  spellings of the name / 姓名各写法
-- $3, $4     the period asked for, both days included / 查询时段
--
-- Several persons with this number and name: a conviction of any of them counts.
-- Only plain comparisons of columns, so that indexes serve it behind the proxy as before it.
SELECT EXISTS (
  SELECT 1
  FROM base.person AS p
  JOIN base.case_person AS c ON c.person_id = p.person_id
  JOIN base.sentence AS s ON s.cp_id = c.cp_id
  WHERE p.id_no = ANY ($1::text[]) AND p.name = ANY ($2::text[])
    AND c.role NOT IN ('VICTIM', 'WITNESS', 'PARTY')
    AND s.is_effective AND s.result_code IN ('GUILTY', 'EXEMPT')
    AND s.effective_on BETWEEN $3::date AND $4::date
) AS convicted
