-- A case-handling database of the older kind, as many agencies have it: names in pinyin initials,
-- dates as char(8), padded keys, and the term of a sentence as the text of the judgment.
-- 老式办案系统示例库: 拼音首字母命名, char(8) 日期, 补空格的编号, 刑期为判决文字. 内容须另行导入.
CREATE SCHEMA ajgl;
SET search_path = ajgl;

CREATE TABLE ryxx (
  rybh   char(12) PRIMARY KEY,
  xm     varchar(40) NOT NULL,
  xb     char(1),
  gmsfhm char(20),
  csrq   char(8),
  hjdz   varchar(100)
);
COMMENT ON TABLE ryxx IS '人员信息';
COMMENT ON COLUMN ryxx.gmsfhm IS '公民身份号码(18位, 老数据15位)';
COMMENT ON COLUMN ryxx.csrq IS '出生日期 YYYYMMDD(00000000, 19000101, 空格为未知)';

CREATE TABLE ajxx (
  ajbh  char(20) PRIMARY KEY,
  ajmc  varchar(100),
  ay    varchar(60),
  fasj  char(8),
  yajbh char(20) REFERENCES ajxx,
  jzbs  varchar(40)
);
COMMENT ON TABLE ajxx IS '案件信息';
COMMENT ON COLUMN ajxx.ay IS '案由';
COMMENT ON COLUMN ajxx.fasj IS '发案日期 YYYYMMDD';
COMMENT ON COLUMN ajxx.yajbh IS '分案前原案编号';
COMMENT ON COLUMN ajxx.jzbs IS '卷宗标识';
CREATE INDEX ON ajxx (yajbh);

CREATE TABLE fzxyr (
  xyrbh  char(16) PRIMARY KEY,
  ajbh   char(20) NOT NULL REFERENCES ajxx,
  rybh   char(12) NOT NULL REFERENCES ryxx,
  zaksrq char(8),
  zajsrq char(8),
  zyzxq  char(1),
  tybfc  char(1)
);
COMMENT ON TABLE fzxyr IS '犯罪嫌疑人(一人一案一行)';
COMMENT ON COLUMN fzxyr.zaksrq IS '作案开始日期 YYYYMMDD';
COMMENT ON COLUMN fzxyr.zajsrq IS '作案结束日期 YYYYMMDD';
COMMENT ON COLUMN fzxyr.zyzxq IS '主要罪行是否在满十八周岁前 Y/N';
COMMENT ON COLUMN fzxyr.tybfc IS '证据不足无罪且本人申请不封存, 法院同意 Y/N';
CREATE INDEX ON fzxyr (ajbh);
CREATE INDEX ON fzxyr (rybh);

CREATE TABLE pjxx (
  pjbh  char(16) PRIMARY KEY,
  xyrbh char(16) NOT NULL REFERENCES fzxyr,
  pjjg  varchar(20),
  xq    varchar(200),
  sxrq  char(8),
  sfyx  char(1)
);
COMMENT ON TABLE pjxx IS '判决信息';
COMMENT ON COLUMN pjxx.pjjg IS '判决结果: 有罪, 免予刑事处罚, 证据不足无罪, 依法无罪, 不予刑事处罚';
COMMENT ON COLUMN pjxx.xq IS '刑期: 有期徒刑三年六个月, 缓刑四年';
COMMENT ON COLUMN pjxx.sxrq IS '生效日期 YYYYMMDD';
COMMENT ON COLUMN pjxx.sfyx IS '是否有效 Y/N(再审改判后旧判决为 N)';
CREATE INDEX ON pjxx (xyrbh);

CREATE TABLE qzcs (
  qzcsbh char(16) PRIMARY KEY,
  xyrbh  char(16) NOT NULL REFERENCES fzxyr,
  cslx   varchar(20),
  ksrq   char(8)
);
COMMENT ON TABLE qzcs IS '强制措施';
CREATE INDEX ON qzcs (xyrbh);

CREATE TABLE wsxx (
  wsbh  char(16) PRIMARY KEY,
  ajbh  char(20) NOT NULL REFERENCES ajxx,
  xyrbh char(16) REFERENCES fzxyr,
  wsmc  varchar(100),
  wsnr  text
);
COMMENT ON TABLE wsxx IS '文书信息(嫌疑人编号为空的是全案文书)';
CREATE INDEX ON wsxx (ajbh);
CREATE INDEX ON wsxx (xyrbh);

CREATE TABLE bhr (
  bhrbh char(16) PRIMARY KEY,
  ajbh  char(20) NOT NULL REFERENCES ajxx,
  xm    varchar(40),
  csrq  char(8),
  zz    varchar(100),
  jdxx  varchar(60),
  jhrdh varchar(20)
);
COMMENT ON TABLE bhr IS '被害人';
COMMENT ON COLUMN bhr.jdxx IS '就读学校';
COMMENT ON COLUMN bhr.jhrdh IS '监护人电话';
CREATE INDEX ON bhr (ajbh);

CREATE TABLE fctzs (
  tzsbh char(16) PRIMARY KEY,
  xyrbh char(16) NOT NULL REFERENCES fzxyr,
  zt    varchar(10),
  jfyj  varchar(10),
  jfrq  char(8)
);
COMMENT ON TABLE fctzs IS '犯罪记录封存通知书';
COMMENT ON COLUMN fctzs.zt IS '状态: 封存, 解封';
COMMENT ON COLUMN fctzs.jfyj IS '解封依据: 18-1, 18-2, 18-3(实施办法第18条各项)';
CREATE INDEX ON fctzs (xyrbh);

CREATE TABLE zd_ay (
  dm char(4) PRIMARY KEY,
  mc varchar(60)
);
COMMENT ON TABLE zd_ay IS '字典: 案由';
