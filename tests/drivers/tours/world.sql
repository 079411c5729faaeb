-- What every tour finds: made anew before each run, so that two runs of it start alike.
DROP SCHEMA IF EXISTS tour CASCADE;
CREATE SCHEMA tour;
SET search_path = tour;

CREATE TABLE department (code char(4) PRIMARY KEY, name varchar(40) NOT NULL);
COMMENT ON TABLE department IS '部门';
INSERT INTO department VALUES ('0001', '未检科'), ('0002', '公诉科'), ('0003', 'O''Brien "x"');

CREATE TABLE staff (
  id      serial PRIMARY KEY,
  code    char(4) NOT NULL REFERENCES department,
  name    varchar(40) NOT NULL,
  joined  date DEFAULT '2020-02-29',
  salary  numeric(12,2),
  CONSTRAINT salary_is_positive CHECK (salary > 0),
  UNIQUE (code, name)
);
COMMENT ON COLUMN staff.name IS '姓名';
CREATE INDEX staff_joined ON staff (joined);
INSERT INTO staff (code, name, salary)
  SELECT '000' || 1 + i % 2, '职员' || i, 1000 + i FROM generate_series(1, 20) AS i;

CREATE VIEW joined_staff AS SELECT s.id, s.name, d.name AS department
  FROM staff AS s JOIN department AS d USING (code);

CREATE TABLE kind (
  id int PRIMARY KEY, flag boolean, small smallint, int4 integer, int8 bigint,
  float4 real, float8 double precision, amount numeric, money numeric(14,2),
  fixed char(5), name varchar(60), body text, day date, at_time time, zoned timetz,
  stamp timestamp, moment timestamptz, span interval, raw bytea, uid uuid, doc json, docb jsonb,
  ints int[], texts text[], grid int[][], address inet, net cidr, mac macaddr, bits bit(4),
  varbits varbit, spot point, ranged int4range, xid8 xid8, label "char"
);
INSERT INTO kind VALUES
  (1, true, -32768, -2147483648, -9223372036854775808, 1.5, 0.1, 12345678901234567890.0123456789,
   -0.01, 'ab', '张三 O''Neil', E'第一行\n第二行\\', '2004-02-29', '23:59:59.999999', '08:00+08',
   '1999-12-31 23:59:59.123456', '2024-05-01 12:00:00+00', '1 year 2 mons 3 days 04:05:06.789',
   '\x00ff5c27', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, null]}', '{"名": "值"}',
   '{1,NULL,3}', '{"a,b","引\"号",NULL,""}', '{{1,2},{3,4}}', '192.168.1.5/24', '10.0.0.0/8',
   '08:00:2b:01:02:03', B'1010', B'11', '(1.5,-2)', '[1,10)', '77', 'x'),
  (2, false, 32767, 2147483647, 9223372036854775807, 'NaN', '-Infinity', 'NaN', 999999999999.99,
   '', '', '', '0001-01-01', '00:00', '00:00-12', '4713-01-01 00:00:00 BC', 'infinity', '-1 day',
   '', '00000000-0000-0000-0000-000000000000', 'null', '[]', '{}', '{}', '{}', '::1', '::/0',
   'ff:ff:ff:ff:ff:ff', B'0000', B'', '(0,0)', 'empty', '0', NULL),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL);

CREATE TABLE written (id int PRIMARY KEY, body text, at_least int CHECK (at_least >= 0));

CREATE FUNCTION said(text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '通知: %', $1 USING DETAIL = 'a detail', HINT = 'a hint';
  RAISE WARNING 'and a warning';
  RETURN length($1);
END $$;

CREATE FUNCTION failed(text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '出错: %', $1 USING ERRCODE = 'P0077', DETAIL = '详情', HINT = '提示';
END $$;

CREATE FUNCTION opened(refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$
BEGIN
  OPEN $1 FOR SELECT id, name FROM tour.staff ORDER BY id;
  RETURN $1;
END $$;

CREATE PROCEDURE raised(INOUT amount int) LANGUAGE plpgsql AS $$
BEGIN
  amount := amount + 1;
END $$;
