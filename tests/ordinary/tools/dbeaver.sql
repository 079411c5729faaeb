-- What DBeaver's navigator and editors ask.

-- query: session | served
SELECT current_database(), current_schema(), session_user

-- query: schema search path | served
SHOW search_path

-- query: version | served
SELECT version()

-- query: databases | served
SELECT db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = current_database() ORDER BY db.datname

-- query: database sizes | served
SELECT db.oid, pg_catalog.pg_database_size(db.oid) AS db_size FROM pg_catalog.pg_database db ORDER BY 1

-- query: schemas | served
SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass ORDER BY nspname

-- query: tables | served
SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.relname

-- query: table sizes | served
SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) AS total_rel_size, pg_catalog.pg_relation_size(c.oid) AS rel_size FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace ORDER BY c.oid

-- query: columns | served
SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid) LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.oid = 'shop.customer'::regclass ORDER BY a.attnum

-- query: constraints | served
SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description, CASE WHEN c.contype = 'c' THEN "substring"(pg_get_constraintdef(c.oid), 7) ELSE NULL END consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass WHERE t.relnamespace = 'shop'::regnamespace ORDER BY c.oid

-- query: indexes | served
SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, c.reltablespace, tc.relname AS tabrelname, dsc.description, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr, pg_catalog.pg_relation_size(i.indexrelid) AS index_rel_size, pg_catalog.pg_stat_get_numscans(i.indexrelid) AS index_num_scans FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid = dsc.objoid WHERE i.indrelid = 'shop.customer'::regclass ORDER BY tabrelname, c.relname

-- query: procedures | served
SELECT p.oid AS poid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults, d.description FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid WHERE p.pronamespace = 'shop'::regnamespace ORDER BY p.proname, p.oid

-- query: source of a function | served
SELECT pg_catalog.pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p WHERE p.proname = 'note' AND p.pronamespace = 'shop'::regnamespace

-- query: data types | served
SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') ORDER BY t.oid

-- query: enum values | served
SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e ORDER BY e.enumtypid, e.enumsortorder

-- query: sequences | served
SELECT c.oid, c.relname, s.* FROM pg_catalog.pg_class c, pg_catalog.pg_sequences s WHERE c.relkind = 'S' AND c.relnamespace = 'shop'::regnamespace AND s.schemaname = 'shop' AND s.sequencename = c.relname ORDER BY c.relname

-- query: triggers | served
SELECT x.oid, x.*, p.pronamespace AS func_schema_id, d.description FROM pg_catalog.pg_trigger x LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid = x.tgfoid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = x.oid AND d.objsubid = 0 WHERE NOT x.tgisinternal ORDER BY x.oid

-- query: rules | served
SELECT r.oid, r.* FROM pg_catalog.pg_rewrite r INNER JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'shop'::regnamespace ORDER BY r.oid

-- query: definition of a view | served
SELECT pg_catalog.pg_get_viewdef('shop.rich'::regclass, true)

-- query: policies | served
SELECT * FROM pg_catalog.pg_policies WHERE schemaname = 'shop'

-- query: event triggers | served
SELECT pet.oid, pet.*, pg_catalog.pg_get_userbyid(evtowner) FROM pg_catalog.pg_event_trigger pet ORDER BY 1

-- query: partitions | served
SELECT i.inhrelid::regclass, c.relispartition, pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'shop.measured'::regclass ORDER BY 1

-- query: foreign servers | served
SELECT s.oid, s.srvname, s.srvtype, s.srvversion, w.fdwname FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw ORDER BY 1

-- query: roles | served
SELECT a.oid, a.*, pd.description FROM pg_catalog.pg_roles a LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname

-- query: members of roles | served
SELECT * FROM pg_catalog.pg_auth_members ORDER BY roleid, member

-- query: grants on tables | served
SELECT * FROM information_schema.table_privileges WHERE table_schema = 'shop' AND table_name = 'customer' ORDER BY grantee, privilege_type

-- query: extensions | served
SELECT e.oid, cfg.tbls, n.nspname AS schema_name, e.* FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace LEFT JOIN (SELECT ARRAY_AGG(ns.nspname || '.' || cls.relname) tbls, oid_ext FROM (SELECT unnest(e1.extconfig) oid, e1.oid oid_ext FROM pg_catalog.pg_extension e1) c JOIN pg_catalog.pg_class cls ON cls.oid = c.oid JOIN pg_catalog.pg_namespace ns ON ns.oid = cls.relnamespace GROUP BY oid_ext) cfg ON cfg.oid_ext = e.oid ORDER BY e.oid

-- query: available extensions | served
SELECT name, default_version, installed_version FROM pg_catalog.pg_available_extensions ORDER BY name

-- query: access methods | served
SELECT am.oid, am.* FROM pg_catalog.pg_am am ORDER BY am.oid

-- query: operator classes | served
SELECT oc.oid, oc.* FROM pg_catalog.pg_opclass oc ORDER BY oc.oid

-- query: collations, encodings, languages | served
SELECT c.oid, c.collname, pg_catalog.pg_encoding_to_char(c.collencoding), l.lanname FROM pg_catalog.pg_collation c, pg_catalog.pg_language l ORDER BY c.oid, l.oid

-- query: settings | served
SELECT name, setting, source FROM pg_catalog.pg_settings WHERE name LIKE 'enable%' ORDER BY name

-- query: dependencies | served
SELECT DISTINCT dep.deptype, dep.classid, cl.relkind, tg.tgname, ad.adnum, CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind::text WHEN tg.oid IS NOT NULL THEN 'T' ELSE '' END AS type, COALESCE(coc.relname, clrw.relname, tgr.relname) AS ownertable FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid = cl.oid LEFT JOIN pg_trigger tg ON dep.objid = tg.oid LEFT JOIN pg_class tgr ON tg.tgrelid = tgr.oid LEFT JOIN pg_rewrite rw ON dep.objid = rw.oid LEFT JOIN pg_class clrw ON clrw.oid = rw.ev_class LEFT JOIN pg_constraint co ON dep.objid = co.oid LEFT JOIN pg_class coc ON co.conrelid = coc.oid LEFT JOIN pg_attrdef ad ON dep.objid = ad.oid WHERE dep.refobjid = 'shop.customer'::regclass ORDER BY 1, 2, 3, 4, 5, 7

-- query: rows of a table | served
SELECT x.* FROM shop.customer x

-- query: estimate of rows | served
SELECT reltuples::bigint AS estimate FROM pg_class WHERE oid = 'shop.customer'::regclass

-- query: session manager | system-relation
SELECT sa.* FROM pg_catalog.pg_stat_activity sa

-- query: lock manager | system-relation
SELECT * FROM pg_catalog.pg_locks

-- query: statistics of tables | system-relation
SELECT * FROM pg_catalog.pg_stat_user_tables

-- query: settings of roles | system-relation
SELECT * FROM pg_catalog.pg_db_role_setting
