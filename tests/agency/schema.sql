-- A city's case-handling database, in the manner of such systems. Everything in it is synthetic.
CREATE SCHEMA base;
SET search_path = base;

CREATE TABLE person (
  person_id  bigint PRIMARY KEY,
  name       varchar(60) NOT NULL,
  gender     char(1),
  id_type    char(2) DEFAULT '01',
  id_no      varchar(20),
  birth_date date,
  hukou_addr varchar(200),
  phone      varchar(30),
  photo_url  varchar(200)
);
COMMENT ON TABLE person IS '人员基本信息';
COMMENT ON COLUMN person.id_no IS '公民身份号码(18位,老数据15位)';
COMMENT ON COLUMN person.birth_date IS '出生日期(可空;19000101/99991231 为脏值)';

CREATE TABLE case_file (
  case_id        bigint PRIMARY KEY,
  case_no        varchar(60) UNIQUE NOT NULL,
  case_kind      char(2) NOT NULL DEFAULT '01',
  cause          varchar(100),
  org_code       char(12) NOT NULL,
  incident_date  date,
  filed_on       date,
  closed_on      date,
  parent_case_id bigint REFERENCES case_file,
  label          varchar(40)
);
COMMENT ON TABLE case_file IS '案件';
COMMENT ON COLUMN case_file.case_kind IS '01刑事 02民事 03行政 04公益诉讼';
COMMENT ON COLUMN case_file.parent_case_id IS '分案前原案';
COMMENT ON COLUMN case_file.label IS '卷宗标识:含犯罪记录封存信息';
CREATE INDEX ON case_file (parent_case_id);

CREATE TABLE case_person (
  cp_id           bigint PRIMARY KEY,
  case_id         bigint NOT NULL REFERENCES case_file,
  person_id       bigint NOT NULL REFERENCES person,
  role            varchar(12) NOT NULL,
  offence_first   date,
  offence_last    date,
  main_before_18  boolean,
  optout_approved boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE case_person IS '涉案人员(一人一案一身份)';
COMMENT ON COLUMN case_person.role IS
  'SUSPECT犯罪嫌疑人/DEFENDANT被告人/CONVICT罪犯/VICTIM被害人/WITNESS证人/PARTY民事行政当事人';
COMMENT ON COLUMN case_person.offence_first IS '首次作案日';
COMMENT ON COLUMN case_person.offence_last IS '末次作案日';
COMMENT ON COLUMN case_person.main_before_18 IS
  '跨18周岁时主要犯罪行为是否在18周岁前(承办人认定,可空)';
COMMENT ON COLUMN case_person.optout_approved IS '证据不足无罪且本人申请不封存,经法院同意';
CREATE INDEX ON case_person (case_id);
CREATE INDEX ON case_person (person_id);

CREATE TABLE charge (
  charge_id    bigint PRIMARY KEY,
  cp_id        bigint NOT NULL REFERENCES case_person,
  charge_name  varchar(100),
  offence_date date,
  term_months  int
);
COMMENT ON TABLE charge IS '指控/认定罪名';
CREATE INDEX ON charge (cp_id);

CREATE TABLE sentence (
  sent_id          bigint PRIMARY KEY,
  cp_id            bigint NOT NULL REFERENCES case_person,
  result_code      varchar(16) NOT NULL,
  penalty_kind     varchar(10),
  term_months      int,
  probation_months int,
  fine             numeric(14,2),
  judgment_no      varchar(60),
  effective_on     date,
  is_effective     boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE sentence IS '裁判结果(再审新增一行,旧行 is_effective=false)';
COMMENT ON COLUMN sentence.result_code IS
  'GUILTY有罪/EXEMPT免予刑事处罚/ACQ_EVID证据不足无罪/ACQ_LAW依法无罪/NO_PUNISH不予刑事处罚/TERMINATED终止审理';
COMMENT ON COLUMN sentence.penalty_kind IS
  'FIXED有期/LIFE无期/DEATH死刑/DETENTION拘役/CONTROL管制/FINE单处罚金/POLIT单处剥权';
COMMENT ON COLUMN sentence.term_months IS '决定执行的刑期(月,数罪并罚后)';
CREATE INDEX ON sentence (cp_id);

CREATE TABLE non_prosecution (
  np_id      bigint PRIMARY KEY,
  cp_id      bigint NOT NULL REFERENCES case_person,
  np_kind    varchar(12),
  decided_on date,
  doc_no     varchar(60)
);
COMMENT ON TABLE non_prosecution IS '不起诉决定';
COMMENT ON COLUMN non_prosecution.np_kind IS
  'STATUTORY法定/DISCRETION酌定/EVIDENCE存疑/CONDITIONAL附条件期满';
CREATE INDEX ON non_prosecution (cp_id);

CREATE TABLE coercive_measure (
  cm_id    bigint PRIMARY KEY,
  cp_id    bigint NOT NULL REFERENCES case_person,
  kind     varchar(12),
  start_on date,
  end_on   date
);
COMMENT ON TABLE coercive_measure IS '强制措施(拘传/取保候审/监视居住/拘留/逮捕)';
CREATE INDEX ON coercive_measure (cp_id);

CREATE TABLE social_investigation (
  si_id     bigint PRIMARY KEY,
  cp_id     bigint NOT NULL REFERENCES case_person,
  report_on date,
  summary   text
);
COMMENT ON TABLE social_investigation IS '社会调查';
CREATE INDEX ON social_investigation (cp_id);

CREATE TABLE guidance_record (
  gr_id   bigint PRIMARY KEY,
  cp_id   bigint NOT NULL REFERENCES case_person,
  kind    varchar(12),
  on_date date,
  content text
);
COMMENT ON TABLE guidance_record IS '帮教考察 BANGJIAO / 心理疏导 XINLI / 司法救助 JIUZHU';
CREATE INDEX ON guidance_record (cp_id);

CREATE TABLE victim (
  victim_id      bigint PRIMARY KEY,
  case_id        bigint NOT NULL REFERENCES case_file,
  name           varchar(60),
  id_no          varchar(20),
  birth_date     date,
  address        varchar(200),
  school         varchar(100),
  guardian_phone varchar(30)
);
COMMENT ON TABLE victim IS '被害人及其他涉案未成年人';
CREATE INDEX ON victim (case_id);

CREATE TABLE document (
  doc_id    bigint PRIMARY KEY,
  case_id   bigint NOT NULL REFERENCES case_file,
  cp_id     bigint REFERENCES case_person,
  doc_type  varchar(30),
  title     varchar(200),
  content   text,
  issued_on date
);
COMMENT ON TABLE document IS '法律文书/电子卷宗';
COMMENT ON COLUMN document.cp_id IS '专属某人时填写;空=全案文书';
CREATE INDEX ON document (case_id);
CREATE INDEX ON document (cp_id);

CREATE TABLE admin_penalty (
  ap_id      bigint PRIMARY KEY,
  person_id  bigint NOT NULL REFERENCES person,
  act_date   date,
  decision   varchar(40),
  decided_on date
);
COMMENT ON TABLE admin_penalty IS
  '治安行政处罚(预防未成年人犯罪法59条2款;治安管理处罚法136条)';
CREATE INDEX ON admin_penalty (person_id);

CREATE TABLE seal_notice (
  notice_id     bigint PRIMARY KEY,
  cp_id         bigint NOT NULL REFERENCES case_person,
  notice_no     varchar(60),
  issuer        char(12),
  issued_on     date,
  received_on   date,
  executed_on   date,
  status        varchar(10) NOT NULL,
  unseal_ground varchar(4),
  unsealed_on   date
);
COMMENT ON TABLE seal_notice IS '犯罪记录封存通知书登记';
COMMENT ON COLUMN seal_notice.status IS 'ACTIVE封存/UNSEALED已解封';
COMMENT ON COLUMN seal_notice.unseal_ground IS
  '18-1新罪并罚超五年/18-2漏罪并罚超五年/18-3再审改判';
CREATE INDEX ON seal_notice (cp_id);

CREATE TABLE query_application (
  app_id             bigint PRIMARY KEY,
  applicant_org      varchar(100),
  org_kind           varchar(12),
  subject_id_no      varchar(20),
  reason             varchar(200),
  legal_basis        varchar(200),
  use_scope          varchar(200),
  letter_no          varchar(60),
  handler_name       varchar(60),
  handler_id_no      varchar(20),
  undertaking_signed boolean,
  accepted_on        date,
  due_on             date,
  decision           varchar(10),
  decided_on         date
);
COMMENT ON TABLE query_application IS '犯罪记录查询申请登记';
