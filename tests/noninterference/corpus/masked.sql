-- Turns a copy of D' into the one with masked columns overwritten.
SET search_path = agency, public;
SET session_replication_role = replica;
UPDATE persons SET phone = '***';
ANALYZE;
