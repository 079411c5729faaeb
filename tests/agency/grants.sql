-- agency_app owns everything in base, as an application's login commonly does.
ALTER SCHEMA base OWNER TO agency_app;
DO $$
DECLARE relation regclass;
BEGIN
  FOR relation IN SELECT oid FROM pg_class
                  WHERE relnamespace = 'base'::regnamespace AND relkind IN ('r', 'v') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO agency_app', relation);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA base TO bgcheck, desk, certificate;
GRANT SELECT ON ALL TABLES IN SCHEMA base TO bgcheck;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA base TO desk;
GRANT SELECT ON base.person, base.case_person, base.case_file, base.sentence, base.seal_notice,
  base.admin_penalty TO certificate;
