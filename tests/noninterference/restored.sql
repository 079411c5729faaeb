-- Around pruned.sql: D with all its rows in the order they had, and with what the planner knows of D'.
-- Were they in another order, another of two errors on visible rows would come first.
CREATE SCHEMA saved;
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT relname FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('CREATE TABLE saved.%I AS TABLE base.%I', t.relname, t.relname);
  END LOOP;
END $$;
-- pruned
SET session_replication_role = replica;
CREATE TABLE saved.counted AS
SELECT oid AS relation, reltuples FROM pg_class WHERE relnamespace = 'base'::regnamespace;
DO $$
DECLARE
  t record;
BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r');
  FOR t IN SELECT relname FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('INSERT INTO base.%I TABLE saved.%I', t.relname, t.relname);
  END LOOP;
END $$;
UPDATE pg_class c SET reltuples = s.reltuples FROM saved.counted s WHERE s.relation = c.oid;
SET client_min_messages = warning;
DROP SCHEMA saved CASCADE;
