-- Around pruned.sql: D with all its rows, and with what the planner knows of D'.
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
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT relname FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('DELETE FROM base.%I', t.relname);
    EXECUTE format('INSERT INTO base.%I TABLE saved.%I', t.relname, t.relname);
  END LOOP;
END $$;
SET client_min_messages = warning;
DROP SCHEMA saved CASCADE;
