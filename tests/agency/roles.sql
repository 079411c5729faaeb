-- Login roles of the test cluster, once per cluster. agency_app owns the schema, as the
-- applications of old systems do; bgcheck is a background-check platform; desk is a clerk's
-- application, certificate asks for the desk. The other three differ from agency_app in how they prove who they are.
CREATE ROLE agency_app LOGIN PASSWORD 'synthetic-not-secret';
CREATE ROLE bgcheck LOGIN PASSWORD 'synthetic-not-secret';
CREATE ROLE desk LOGIN PASSWORD 'synthetic-not-secret';
CREATE ROLE certificate LOGIN PASSWORD 'synthetic-not-secret';
CREATE ROLE agency_scram LOGIN PASSWORD 'synthetic-not-secret' IN ROLE agency_app;
CREATE ROLE agency_password LOGIN PASSWORD 'synthetic-not-secret' IN ROLE agency_app;
SET password_encryption = 'md5';
CREATE ROLE agency_md5 LOGIN PASSWORD 'synthetic-not-secret' IN ROLE agency_app;
RESET password_encryption;

ALTER ROLE agency_app SET search_path = base, public;
ALTER ROLE agency_scram SET search_path = base, public;
ALTER ROLE agency_password SET search_path = base, public;
ALTER ROLE agency_md5 SET search_path = base, public;
ALTER ROLE bgcheck SET search_path = base, public;
ALTER ROLE desk SET search_path = base, public;
