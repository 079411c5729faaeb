-- One of nearly everything a catalogue can describe, beside the agency's own tables. Synthetic.
CREATE SCHEMA shop AUTHORIZATION agency_app;
COMMENT ON SCHEMA shop IS 'what tools have to draw';
SET search_path = shop;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
COMMENT ON TYPE mood IS 'how it feels';
CREATE TYPE address AS (street text, city varchar(40));
CREATE DOMAIN posint AS int NOT NULL DEFAULT 1 CHECK (VALUE > 0);
COMMENT ON DOMAIN posint IS 'at least one';
CREATE TYPE span AS RANGE (subtype = float8);
CREATE COLLATION german FROM "C";

CREATE TABLE customer (
  id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code    varchar(10) NOT NULL UNIQUE,
  name    text COLLATE "C" DEFAULT 'nobody',
  born    date,
  feels   mood DEFAULT 'ok',
  lives   address,
  tags    text[] NOT NULL DEFAULT '{}',
  worth   numeric(12, 2) CHECK (worth >= 0),
  doc     jsonb,
  at      timestamptz DEFAULT now(),
  shout   text GENERATED ALWAYS AS (upper(name)) STORED,
  CONSTRAINT named CHECK (name <> '' OR code <> '')
);
COMMENT ON TABLE customer IS 'who buys';
COMMENT ON COLUMN customer.code IS 'as printed on the card';
COMMENT ON CONSTRAINT named ON customer IS 'one of the two';
CREATE INDEX customer_name ON customer (lower(name), born DESC NULLS LAST) INCLUDE (worth);
CREATE INDEX customer_happy ON customer (id) WHERE feels = 'happy';
CREATE INDEX customer_tags ON customer USING gin (tags);
COMMENT ON INDEX customer_name IS 'for the search box';
CREATE STATISTICS customer_stats (ndistinct, dependencies) ON code, name FROM customer;
ALTER TABLE customer ALTER name SET STATISTICS 500, ALTER doc SET STORAGE external;

CREATE TABLE purchase (
  id          bigserial PRIMARY KEY,
  customer_id int NOT NULL REFERENCES customer ON DELETE CASCADE,
  part_no     int,
  shop_no     int,
  amount      numeric NOT NULL DEFAULT 0,
  during      tstzrange,
  EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE line (
  purchase_id bigint REFERENCES purchase (id) ON UPDATE RESTRICT DEFERRABLE INITIALLY DEFERRED,
  no          int,
  what        text,
  PRIMARY KEY (purchase_id, no)
);
ALTER TABLE line REPLICA IDENTITY FULL;
CREATE UNLOGGED TABLE scratch (a int) WITH (fillfactor = 70);

CREATE TABLE measured (at date NOT NULL, city text, value int) PARTITION BY RANGE (at);
CREATE TABLE measured_2023 PARTITION OF measured FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE measured_rest PARTITION OF measured DEFAULT PARTITION BY LIST (city);
CREATE TABLE measured_oslo PARTITION OF measured_rest FOR VALUES IN ('oslo');
CREATE INDEX measured_at ON measured (at);
CREATE TABLE animal (id int, name text NOT NULL);
CREATE TABLE dog (bark text) INHERITS (animal);
CREATE TABLE typed OF address (PRIMARY KEY (street));

CREATE VIEW rich AS SELECT id, name FROM customer WHERE worth > 1000 WITH LOCAL CHECK OPTION;
COMMENT ON VIEW rich IS 'the good ones';
CREATE VIEW walled WITH (security_barrier) AS SELECT id, code FROM customer;
CREATE MATERIALIZED VIEW summary AS SELECT count(*) AS n, max(worth) AS most FROM customer;
CREATE UNIQUE INDEX summary_n ON summary (n);
CREATE SEQUENCE ticket AS smallint START 10 INCREMENT 5 MAXVALUE 100 CYCLE OWNED BY purchase.part_no;

CREATE FUNCTION add(a int, b int DEFAULT 1, OUT total int) LANGUAGE sql IMMUTABLE STRICT
  AS 'SELECT a + b';
COMMENT ON FUNCTION add IS 'adds';
CREATE FUNCTION listed(VARIADIC int[]) RETURNS TABLE (n int, m text) LANGUAGE sql STABLE
  AS $$ SELECT unnest($1), 'x' $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop
  AS $$ BEGIN RETURN NEW; END $$;
CREATE PROCEDURE tidy(INOUT n int) LANGUAGE sql BEGIN ATOMIC SELECT n + 1; END;
CREATE AGGREGATE together (text) (sfunc = textcat, stype = text, initcond = '');
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq, commutator = ===);
COMMENT ON OPERATOR === (int, int) IS 'the same';
CREATE OPERATOR FAMILY even USING btree;
CREATE OPERATOR CLASS even_ops FOR TYPE int USING btree FAMILY even AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE CAST (shop.address AS text) WITH INOUT;
CREATE TEXT SEARCH DICTIONARY plain_dict (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION plain_config (COPY = simple);
CREATE CONVERSION mine FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

CREATE TRIGGER noted BEFORE INSERT OR UPDATE OF amount ON purchase
  FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION note();
CREATE TRIGGER off AFTER DELETE ON line FOR EACH STATEMENT EXECUTE FUNCTION note();
ALTER TABLE line DISABLE TRIGGER off;
CREATE RULE quiet AS ON DELETE TO scratch DO INSTEAD NOTHING;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customer FOR SELECT TO desk USING (code = current_user);
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watched ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION watch();

CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere TYPE 'none' VERSION '1' FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h');
CREATE USER MAPPING FOR desk SERVER elsewhere OPTIONS (password 'synthetic-not-secret');
CREATE FOREIGN TABLE far (a int OPTIONS (column_name 'b'), b text) SERVER elsewhere OPTIONS (t 'far');
CREATE PUBLICATION told FOR TABLE line WITH (publish = 'insert');
ALTER DEFAULT PRIVILEGES FOR ROLE agency_app IN SCHEMA shop GRANT SELECT ON TABLES TO desk;

DO $$
DECLARE relation regclass;
BEGIN
  FOR relation IN SELECT oid FROM pg_class
                  WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO agency_app', relation);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA shop TO desk;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA shop TO desk;
GRANT UPDATE (name, born) ON customer TO desk WITH GRANT OPTION;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO desk;

INSERT INTO customer (code, name, worth, tags) VALUES ('a', 'Ann', 2000, '{x,y}'), ('b', 'Bob', 10, '{}');
INSERT INTO purchase (customer_id, amount) VALUES (1, 10), (1, 20), (2, 5);
INSERT INTO line VALUES (1, 1, 'one'), (1, 2, 'two');
INSERT INTO measured VALUES ('2023-05-05', 'rome', 1), ('2025-05-05', 'oslo', 2);
ANALYZE;
