-- Logins of the demo, named as its policy names them. The passwords are public: they guard synthetic
-- data on a loopback address.
CREATE ROLE agency_app LOGIN PASSWORD 'synthetic';  -- the application in which cases are handled
CREATE ROLE police LOGIN PASSWORD 'synthetic';      -- the application of a police station
CREATE ROLE court LOGIN PASSWORD 'synthetic';       -- the application of a court
CREATE ROLE desk LOGIN PASSWORD 'synthetic';        -- the query counter: one person at a time
CREATE ROLE certificate LOGIN PASSWORD 'synthetic'; -- the look-up of the counter's certificates
CREATE ROLE bgcheck LOGIN PASSWORD 'synthetic';     -- a commercial background-check platform
CREATE ROLE agency_scan LOGIN PASSWORD 'synthetic'; -- the nightly scan, past the proxy
CREATE ROLE catalogue LOGIN PASSWORD 'synthetic';   -- the proxy's own; it may read no table

GRANT USAGE ON SCHEMA base
  TO agency_app, police, court, desk, certificate, bgcheck, agency_scan;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA base TO agency_app;
GRANT SELECT ON ALL TABLES IN SCHEMA base TO police, court, desk, bgcheck, agency_scan;
GRANT SELECT ON base.person, base.case_person, base.case_file, base.sentence, base.seal_notice,
  base.admin_penalty TO certificate;

ALTER ROLE agency_app SET search_path = base, public;
ALTER ROLE police SET search_path = base, public;
ALTER ROLE court SET search_path = base, public;
ALTER ROLE desk SET search_path = base, public;
ALTER ROLE bgcheck SET search_path = base, public;
