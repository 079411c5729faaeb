-- Logins of the demo, named as config/policy.toml names them. The passwords are public: they guard
-- synthetic data on a loopback address.
CREATE ROLE agency_app LOGIN PASSWORD 'synthetic'; -- the application in which cases are handled
CREATE ROLE desk LOGIN PASSWORD 'synthetic';       -- the application of a police desk
CREATE ROLE certificate LOGIN PASSWORD 'synthetic'; -- the look-up of the counter's certificates
CREATE ROLE bgcheck LOGIN PASSWORD 'synthetic';    -- a commercial background-check platform
CREATE ROLE catalogue LOGIN PASSWORD 'synthetic';  -- the proxy's own; it may read no table

GRANT USAGE ON SCHEMA base TO agency_app, desk, certificate, bgcheck;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA base TO agency_app;
GRANT SELECT ON ALL TABLES IN SCHEMA base TO desk, bgcheck;
GRANT SELECT ON base.person, base.case_person, base.sentence, base.seal_notice, base.admin_penalty
  TO certificate;

ALTER ROLE agency_app SET search_path = base, public;
ALTER ROLE desk SET search_path = base, public;
ALTER ROLE bgcheck SET search_path = base, public;
