-- Logins of the demo. The passwords are public: they guard synthetic data on a loopback address.
CREATE ROLE desk LOGIN PASSWORD 'synthetic';      -- a police desk's application
CREATE ROLE clerk LOGIN PASSWORD 'synthetic';     -- a court clerk's application
CREATE ROLE bgcheck LOGIN PASSWORD 'synthetic';   -- a commercial background-check platform
CREATE ROLE catalogue LOGIN PASSWORD 'synthetic'; -- what the proxy itself logs in as; reads no table

GRANT USAGE ON SCHEMA base TO desk, clerk, bgcheck;
GRANT SELECT ON ALL TABLES IN SCHEMA base TO desk, bgcheck;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA base TO clerk;

ALTER ROLE desk SET search_path = base, public;
ALTER ROLE clerk SET search_path = base, public;
ALTER ROLE bgcheck SET search_path = base, public;
