-- Turns a copy of the agency's database into what is left when the law is carried out on the data
-- itself: sealed rows deleted, masked columns overwritten. Object identities stay the same.
SET session_replication_role = replica;  -- a visible row may refer to a sealed one
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT relname FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('CREATE TEMP TABLE %I AS TABLE sealed.%I', 'kept_' || t.relname, t.relname);
  END LOOP;
  FOR t IN SELECT relname FROM pg_class
           WHERE relnamespace = 'base'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('DELETE FROM base.%I', t.relname);
    EXECUTE format('INSERT INTO base.%I TABLE %I', t.relname, 'kept_' || t.relname);
  END LOOP;
END $$;
RESET session_replication_role;
DISCARD TEMP;
ANALYZE;
