-- What pgAdmin's object tree, property sheets and dashboards ask.

-- query: connection | served
SELECT oid as id, rolname as name, rolsuper as is_superuser, CASE WHEN rolsuper THEN true ELSE rolcreaterole END as can_create_role, CASE WHEN rolsuper THEN true ELSE rolcreatedb END as can_create_db, CASE WHEN 'pg_signal_backend'=ANY(ARRAY(WITH RECURSIVE cte AS (SELECT pg_roles.oid,pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = roles.oid UNION ALL SELECT m.roleid, pgr.rolname FROM cte cte_1 JOIN pg_auth_members m ON m.member = cte_1.oid JOIN pg_roles pgr ON pgr.oid = m.roleid) SELECT rolname FROM cte)) THEN True ELSE False END as can_signal_backend FROM pg_catalog.pg_roles as roles WHERE rolname = current_user

-- query: database of the connection | served
SELECT db.oid as did, db.datname, db.datallowconn, pg_catalog.pg_encoding_to_char(db.encoding) AS serverencoding, pg_catalog.has_database_privilege(db.oid, 'CREATE') as cancreate, datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database()

-- query: encoding of the connection | served
SET client_min_messages=notice

-- query: output of the connection | served
SELECT set_config('bytea_output', 'hex', false)

-- query: recovery | served
SELECT CASE WHEN usesuper THEN pg_catalog.pg_is_in_recovery() ELSE FALSE END as inrecovery, CASE WHEN usesuper AND pg_catalog.pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE FALSE END as isreplaypaused FROM pg_catalog.pg_user WHERE usename=current_user

-- query: databases | served
SELECT db.oid as did, db.datname as name, ta.spcname as spcname, db.datallowconn, db.datistemplate AS is_template, pg_catalog.has_database_privilege(db.oid, 'CREATE') as cancreate, datdba as owner, descr.description FROM pg_catalog.pg_database db LEFT OUTER JOIN pg_catalog.pg_tablespace ta ON db.dattablespace = ta.oid LEFT OUTER JOIN pg_catalog.pg_shdescription descr ON (db.oid=descr.objoid AND descr.classoid='pg_database'::regclass) WHERE db.datallowconn ORDER BY datname

-- query: database statistics | system-relation
SELECT numbackends, xact_commit, tup_returned, pg_size_pretty(pg_database_size(datid)) FROM pg_stat_database WHERE datname = current_database()

-- query: tablespaces | served
SELECT ts.oid, spcname as name, spcowner as owner, pg_catalog.pg_tablespace_location(ts.oid) AS spclocation, array_to_string(spcacl::text[], ', ') as acl, pg_catalog.shobj_description(ts.oid, 'pg_tablespace') AS description FROM pg_catalog.pg_tablespace ts ORDER BY name

-- query: tablespace sizes | served
SELECT ts.spcname AS "Name", pg_catalog.pg_size_pretty(pg_catalog.pg_tablespace_size(ts.oid)) AS "Size" FROM pg_catalog.pg_tablespace ts WHERE pg_catalog.has_tablespace_privilege(ts.oid, 'CREATE') OR spcname = 'pg_default' ORDER BY 1

-- query: roles | served
SELECT r.oid, r.rolname, r.rolcanlogin, r.rolsuper, pg_catalog.shobj_description(r.oid, 'pg_authid') AS description FROM pg_catalog.pg_roles r ORDER BY r.rolcanlogin, r.rolname

-- query: settings of roles | system-relation
SELECT setrole, setconfig FROM pg_catalog.pg_db_role_setting

-- query: schemas | served
SELECT nsp.oid, nsp.nspname as name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') as can_create, pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') as has_usage, des.description FROM pg_catalog.pg_namespace nsp LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=nsp.oid AND des.classoid='pg_namespace'::regclass) WHERE nspname NOT LIKE E'pg\\_%' AND NOT ((nsp.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_class' AND relnamespace = nsp.oid LIMIT 1)) OR (nsp.nspname = 'information_schema' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'tables' AND relnamespace = nsp.oid LIMIT 1))) ORDER BY nspname

-- query: tables | served
SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE) AS triggercount, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE AND tgenabled = 'O') AS has_enable_triggers, (CASE WHEN rel.relkind = 'p' THEN true ELSE false END) AS is_partitioned, (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid=rel.oid LIMIT 1) as is_inherits, (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhparent=rel.oid LIMIT 1) as is_inherited, des.description FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=rel.oid AND des.objsubid=0 AND des.classoid='pg_class'::regclass) WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'shop'::regnamespace AND NOT rel.relispartition ORDER BY rel.relname

-- query: properties of a table | served
SELECT rel.oid, rel.relname AS name, rel.reltablespace AS spcoid, rel.relacl AS relacl_str, (CASE WHEN length(spc.spcname::text) > 0 THEN spc.spcname ELSE (SELECT sp.spcname FROM pg_catalog.pg_database dtb JOIN pg_catalog.pg_tablespace sp ON dtb.dattablespace=sp.oid WHERE dtb.datname = current_database()) END) as spcname, (select nspname FROM pg_catalog.pg_namespace WHERE oid = rel.relnamespace) as parent_schema, pg_catalog.pg_get_userbyid(rel.relowner) AS relowner, rel.relkind, rel.relhassubclass, rel.reltuples::bigint, des.description, con.conname, con.conkey, EXISTS(select 1 FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_proc pt ON pt.oid=tgfoid AND pt.proname='logtrigger' WHERE tgrelid=rel.oid) AS isrepl, substring(array_to_string(rel.reloptions, ',') FROM 'fillfactor=([0-9]*)') AS fillfactor, rel.reloptions AS reloptions, tst.reloptions AS toast_reloptions, rel.reloftype, typ.typname, (CASE WHEN rel.reltoastrelid = 0 THEN false ELSE true END) AS hastoasttable, array_to_string(rel.relacl::text[], ', ') as acl FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_tablespace spc on spc.oid=rel.reltablespace LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=rel.oid AND des.objsubid=0 AND des.classoid='pg_class'::regclass) LEFT OUTER JOIN pg_catalog.pg_constraint con ON con.conrelid=rel.oid AND con.contype='p' LEFT OUTER JOIN pg_catalog.pg_class tst ON tst.oid = rel.reltoastrelid LEFT JOIN pg_catalog.pg_type typ ON rel.reloftype=typ.oid WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'shop'::regnamespace ORDER BY rel.relname

-- query: columns | served
SELECT att.attname as name, att.atttypid, att.attlen, att.attnum, att.attndims, att.atttypmod, att.attacl, att.attnotnull, att.attoptions, att.attstattarget, att.attstorage, att.attidentity, pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS defval, pg_catalog.format_type(ty.oid,NULL) AS typname, pg_catalog.format_type(ty.oid,att.atttypmod) AS displaytypname, tn.nspname as typnspname, et.typname as elemtypname, cl.relname, na.nspname, des.description, CASE WHEN coll.collname IS NOT NULL THEN pg_catalog.concat(pg_catalog.quote_ident(nspc.nspname),'.', pg_catalog.quote_ident(coll.collname)) END AS collspcname, EXISTS(SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid=att.attrelid AND contype='f' AND att.attnum=ANY(conkey)) As isfk, seq.*, (SELECT count(1) FROM pg_catalog.pg_type t2 WHERE t2.typname=ty.typname) > 1 AS isdup FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type ty ON ty.oid=atttypid JOIN pg_catalog.pg_namespace tn ON tn.oid=ty.typnamespace JOIN pg_catalog.pg_class cl ON cl.oid=att.attrelid JOIN pg_catalog.pg_namespace na ON na.oid=cl.relnamespace LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=ty.typelem LEFT OUTER JOIN pg_catalog.pg_attrdef def ON adrelid=att.attrelid AND adnum=att.attnum LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=att.attrelid AND des.objsubid=att.attnum AND des.classoid='pg_class'::regclass) LEFT OUTER JOIN (pg_catalog.pg_depend JOIN pg_catalog.pg_class cs ON classid='pg_class'::regclass AND objid=cs.oid AND cs.relkind='S') ON refobjid=att.attrelid AND refobjsubid=att.attnum LEFT OUTER JOIN pg_catalog.pg_collation coll ON att.attcollation=coll.oid LEFT OUTER JOIN pg_catalog.pg_namespace nspc ON coll.collnamespace=nspc.oid LEFT OUTER JOIN pg_catalog.pg_sequence seq ON cs.oid=seq.seqrelid WHERE att.attrelid = 'shop.customer'::regclass AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY att.attnum

-- query: constraints | served
SELECT conrelid::oid as oid, conname as name, contype, NOT convalidated as convalidated, conislocal, pg_catalog.pg_get_constraintdef(oid, true) FROM pg_catalog.pg_constraint WHERE conrelid IN ('shop.customer'::regclass, 'shop.purchase'::regclass) ORDER BY 1, 2

-- query: foreign keys | served
SELECT ct.oid, conname as name, condeferrable, condeferred, confupdtype, confdeltype, CASE confmatchtype WHEN 's' THEN FALSE WHEN 'f' THEN TRUE END AS confmatchtype, conkey, confkey, confrelid, nl.nspname as fknsp, cl.relname as fktab, nr.nspname as refnsp, cr.relname as reftab, description as comment, convalidated, conislocal FROM pg_catalog.pg_constraint ct JOIN pg_catalog.pg_class cl ON cl.oid=conrelid JOIN pg_catalog.pg_namespace nl ON nl.oid=cl.relnamespace JOIN pg_catalog.pg_class cr ON cr.oid=confrelid JOIN pg_catalog.pg_namespace nr ON nr.oid=cr.relnamespace LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=ct.oid AND des.classoid='pg_constraint'::regclass) WHERE ct.contype='f' AND cl.relname IN ('line', 'case_person') ORDER BY conname

-- query: indexes | served
SELECT DISTINCT ON(cls.relname) cls.oid, cls.relname as name, indrelid, indkey, indisclustered, indisvalid, indisunique, indisprimary, n.nspname, indnatts, cls.reltablespace AS spcoid, tab.relname as tabname, indclass, con.oid AS conoid, CASE WHEN contype IN ('p', 'u', 'x') THEN desp.description ELSE des.description END AS description, pg_catalog.pg_get_expr(indpred, indrelid, true) as indconstr, contype, condeferrable, condeferred, amname, substring(array_to_string(cls.reloptions, ',') from 'fillfactor=([0-9]*)') AS fillfactor FROM pg_catalog.pg_index idx JOIN pg_catalog.pg_class cls ON cls.oid=indexrelid JOIN pg_catalog.pg_class tab ON tab.oid=indrelid LEFT OUTER JOIN pg_catalog.pg_tablespace ta on ta.oid=cls.reltablespace JOIN pg_catalog.pg_namespace n ON n.oid=tab.relnamespace JOIN pg_catalog.pg_am am ON am.oid=cls.relam LEFT JOIN pg_catalog.pg_depend dep ON (dep.classid = cls.tableoid AND dep.objid = cls.oid AND dep.refobjsubid = '0' AND dep.refclassid=(SELECT oid FROM pg_catalog.pg_class WHERE relname='pg_constraint') AND dep.deptype='i') LEFT OUTER JOIN pg_catalog.pg_constraint con ON (con.tableoid = dep.refclassid AND con.oid = dep.refobjid) LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=cls.oid AND des.classoid='pg_class'::regclass) LEFT OUTER JOIN pg_catalog.pg_description desp ON (desp.objoid=con.oid AND desp.objsubid = 0 AND desp.classoid='pg_constraint'::regclass) WHERE indrelid = 'shop.customer'::regclass ORDER BY cls.relname

-- query: triggers | served
SELECT t.oid, t.tgname as name, t.tgenabled AS is_enable_trigger, pg_catalog.pg_get_triggerdef(t.oid, true) FROM pg_catalog.pg_trigger t WHERE NOT tgisinternal AND tgrelid = 'shop.purchase'::regclass ORDER BY tgname

-- query: functions | served
SELECT pr.oid, pr.xmin, pr.proname AS name, pr.prosrc, pg_catalog.format_type(typ.oid, NULL) AS prorettypename, pr.prorettype AS prorettype, lanname, pg_catalog.pg_get_userbyid(proowner) as funcowner, pg_catalog.pg_get_function_identity_arguments(pr.oid) AS proargs, description FROM pg_catalog.pg_proc pr JOIN pg_catalog.pg_type typ ON typ.oid=prorettype JOIN pg_catalog.pg_namespace typns ON typns.oid=typ.typnamespace JOIN pg_catalog.pg_language lng ON lng.oid=prolang LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=pr.oid AND des.classoid='pg_proc'::regclass AND des.objsubid = 0) WHERE pr.prokind IN ('f', 'w') AND pr.pronamespace = 'shop'::regnamespace ORDER BY proname, pr.oid

-- query: views | served
SELECT c.oid, c.xmin, c.relname AS name, description AS comment, pg_catalog.pg_get_viewdef(c.oid, true) AS definition, nsp.nspname AS schema, pg_catalog.pg_get_userbyid(c.relowner) AS owner, substring(array_to_string(c.reloptions, ',') FROM 'security_barrier=([a-z|0-9]*)')::boolean AS security_barrier FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_namespace nsp on nsp.oid = c.relnamespace LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=c.oid and des.objsubid=0 AND des.classoid='pg_class'::regclass) WHERE c.relkind = 'v' AND nsp.nspname = 'shop' ORDER BY c.relname

-- query: sequences | served
SELECT cl.oid, cl.relname as name, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle, depcl.relname FROM pg_catalog.pg_class cl JOIN pg_catalog.pg_sequence seq ON seq.seqrelid=cl.oid LEFT OUTER JOIN pg_catalog.pg_depend dep ON dep.objid=cl.oid and deptype = 'a' LEFT JOIN pg_catalog.pg_class depcl ON depcl.oid=dep.refobjid WHERE cl.relkind = 'S' AND cl.relnamespace = 'shop'::regnamespace ORDER BY name, depcl.relname

-- query: where a sequence stands | unvetted-view
SELECT last_value, is_called FROM shop.ticket

-- query: types | served
SELECT t.oid, t.typname AS name, CASE WHEN t.typtype='e' THEN (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid) END AS labels FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type e ON e.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class ct ON ct.oid=t.typrelid AND ct.relkind <> 'c' WHERE t.typtype != 'd' AND t.typname NOT LIKE E'\\_%' AND t.typnamespace = 'shop'::regnamespace AND ct.oid is NULL ORDER BY t.typname

-- query: dependents | served
SELECT DISTINCT dep.deptype, dep.refclassid, cl.relkind, ad.adbin IS NULL, pg_catalog.pg_describe_object(dep.classid, dep.objid, 0), CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind::text || COALESCE(dep.refobjsubid::character varying, '') WHEN tg.oid IS NOT NULL THEN 'T'::text WHEN ty.oid IS NOT NULL THEN 'y'::text WHEN ns.oid IS NOT NULL THEN 'n'::text WHEN pr.oid IS NOT NULL THEN 'p'::text WHEN la.oid IS NOT NULL THEN 'l'::text WHEN rw.oid IS NOT NULL THEN 'R'::text WHEN co.oid IS NOT NULL THEN 'C'::text || contype::text ELSE '' END AS type FROM pg_catalog.pg_depend dep LEFT JOIN pg_catalog.pg_class cl ON dep.objid=cl.oid LEFT JOIN pg_catalog.pg_attribute att ON dep.objid=att.attrelid AND dep.objsubid=att.attnum LEFT JOIN pg_catalog.pg_proc pr ON dep.objid=pr.oid LEFT JOIN pg_catalog.pg_trigger tg ON dep.objid=tg.oid LEFT JOIN pg_catalog.pg_type ty ON dep.objid=ty.oid LEFT JOIN pg_catalog.pg_constraint co ON dep.objid=co.oid LEFT JOIN pg_catalog.pg_rewrite rw ON dep.objid=rw.oid LEFT JOIN pg_catalog.pg_language la ON dep.objid=la.oid LEFT JOIN pg_catalog.pg_namespace ns ON dep.objid=ns.oid LEFT JOIN pg_catalog.pg_attrdef ad ON ad.oid=dep.objid WHERE dep.refobjid = 'shop.customer'::regclass AND dep.classid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname IN ('pg_class', 'pg_constraint', 'pg_rewrite', 'pg_trigger', 'pg_type', 'pg_attrdef')) ORDER BY 5, 1, 2

-- query: privileges | served
SELECT 'relacl' as deftype, COALESCE(gt.rolname, 'PUBLIC') grantee, g.rolname grantor, array_agg(b.privilege_type ORDER BY b.privilege_type) as privileges, array_agg(b.is_grantable) as grantable FROM (SELECT (d).grantee AS grantee, (d).grantor AS grantor, (d).is_grantable AS is_grantable, CASE (d).privilege_type WHEN 'DELETE' THEN 'd' WHEN 'INSERT' THEN 'a' WHEN 'SELECT' THEN 'r' WHEN 'UPDATE' THEN 'w' ELSE 'UNKNOWN' END AS privilege_type FROM (SELECT aclexplode(rel.relacl) as d FROM pg_catalog.pg_class rel WHERE rel.oid = 'shop.customer'::regclass) a) b LEFT JOIN pg_catalog.pg_roles g ON (b.grantor = g.oid) LEFT JOIN pg_catalog.pg_roles gt ON (b.grantee = gt.oid) GROUP BY g.rolname, gt.rolname ORDER BY 2

-- query: sizes of a schema's tables | served
SELECT c.relname AS "Table name", pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_relation_size(c.reltoastrelid) + COALESCE((SELECT SUM(pg_catalog.pg_relation_size(indexrelid)) FROM pg_catalog.pg_index WHERE indrelid=c.reltoastrelid)::int8, 0) END + COALESCE((SELECT SUM(pg_catalog.pg_relation_size(indexrelid)) FROM pg_catalog.pg_index WHERE indrelid=c.oid)::int8, 0)) AS "Total Size" FROM pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'shop'::regnamespace ORDER BY 1

-- query: statistics of a table | system-relation
SELECT seq_scan, n_tup_ins, n_live_tup, pg_catalog.pg_relation_size(stat.relid) AS "Table size" FROM pg_catalog.pg_stat_all_tables stat WHERE schemaname = 'shop'

-- query: rows of a table | served
SELECT COUNT(*)::text FROM shop.customer

-- query: dashboard, sessions | system-relation
SELECT pid, datname, usename, application_name, client_addr, state FROM pg_catalog.pg_stat_activity ORDER BY pid

-- query: dashboard, locks | system-relation
SELECT pid, locktype, relation::regclass FROM pg_locks l LEFT OUTER JOIN pg_stat_database d ON d.datid = l.database

-- query: dashboard, prepared transactions | system-relation
SELECT gid, database, owner FROM pg_catalog.pg_prepared_xacts

-- query: dashboard, configuration | served
SELECT name, category, setting, unit, short_desc FROM pg_catalog.pg_settings WHERE name IN ('work_mem', 'TimeZone', 'port') ORDER BY category, name

-- query: dashboard, replication | system-relation
SELECT * FROM pg_catalog.pg_replication_slots

-- query: subscriptions | system-relation
SELECT oid, subname FROM pg_catalog.pg_subscription

-- query: user mappings | system-relation
SELECT u.umid, u.usename FROM pg_catalog.pg_user_mappings u

-- query: explain | served
EXPLAIN (FORMAT json) SELECT * FROM shop.customer
