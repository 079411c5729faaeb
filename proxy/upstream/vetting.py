"""The list of built-in functions a statement may call, made from a server's own catalogue.

A name is vetted when every overload of it in ``pg_catalog`` is

- written in C inside the server (``prolang`` internal) and an ordinary function, aggregate or
  window function,
- free of arguments and results that stand for SQL text's effects, relations, files or internals
  (``internal``, ``refcursor``, ``trigger`` and their like; ``regclass`` is a relation),
- not matched by `REFUSED`, which names the families that reach data, files, other sessions, the
  server or statistics through ordinary arguments.

``python -m proxy.upstream.vetting DSN`` prints ``config/functions.toml`` for review; a person reads
the difference before it is shipped.
"""

from __future__ import annotations

import asyncio
import re
import sys

import asyncpg

from proxy.upstream.introspect import Connection

REFUSED = (
    # SQL text or a relation in a string or an OID
    r"(query|table|schema|database|cursor)_to_xml.*",
    r"ts_stat|ts_rewrite|currtid2?|has_.*_privilege_of",
    r"pg_get_(replica_identity_index|publication_tables|object_address)",
    r"pg_(extension_config_dump|partition_.*|sequence_last_value|sequence_parameters)",
    r"pg_(column_size|column_compression|relation_.*|table_size|total_relation_size|indexes_size)",
    r"pg_(database_size|tablespace_size|table_is_other.*|filenode_relation)",
    r"brin_.*|gin_clean_pending_list",
    # files, large objects, the server's host
    r"pg_(read|ls|stat)_(file|binary_file|dir|.*dir)|pg_stat_file|pg_ls_.*|pg_read_.*",
    r"lo_.*|loread|lowrite|be_lo_.*",
    r"pg_(current_logfile|rotate_logfile.*|reload_conf|hba_file_rules|ident_file_mappings)",
    r"pg_show_all_(file_)?settings|pg_config|pg_control_.*|inet_(client|server)_.*",
    # statistics, locks and other sessions
    r"pg_stat_.*|pg_stats_.*|pg_lock_.*|pg_blocking_pids|pg_safe_snapshot_.*",
    r"pg_(terminate|cancel)_backend|pg_log_.*|pg_signal.*|pg_isolation_.*",
    r"pg_(try_)?advisory_.*|pg_notify|pg_listening_channels|pg_notification_queue_usage",
    r"pg_(prepared|cursor|prepared_xact).*|pg_get_shmem_.*|pg_get_backend_.*|pg_mcv_list_items",
    r"pg_sleep.*|pg_postmaster_start_time|pg_conf_load_time|pg_jit_available",
    # changing the session, the server, sequences or replication
    r"set_config|setval|setseed|current_query|pg_(create|drop|copy|logical|replication|wal|walfile|backup).*",
    r"pg_(start|stop)_.*|pg_(promote|switch_wal|is_in_.*|last_.*|current_wal.*|export_snapshot)",
    r"pg_(import|nextoid|stop|event_trigger|get_wal|snapshot|xact|visible_in|current_xact).*",
    r"txid_.*|pg_current_snapshot|pg_xact_.*|pg_last_committed_xact|pg_get_multixact_members",
    r"binary_upgrade_.*|pg_.*_subscription.*|pg_show_replication.*|pg_timezone_.*|pg_upgrade.*",
    # the inside of types, of index methods and of the planner
    r".*_(in|out|recv|send|typmodin|typmodout|support|sel|joinsel|estimate)|.*sel|.*joinsel",
    r"(bt|gin|gist|spg|brin|hash)[a-z0-9_]*|.*_(stype|handler|validator|inline)",
    r".*_(accum|combine|serialize|deserialize|transfn|finalfn|trans|final|inv)",
    r"has_.*_privilege|pg_has_role|row_security_active|RI_FKey_.*|unique_key_recheck|suppress_.*",
    r"any.*_typanalyze|.*_typanalyze|internal_.*|fmgr_.*|plpgsql_.*",
)
"""Patterns of whole names that are never vetted."""

ALLOWED = frozenset(
    (
        # session pools and drivers call these; they tell nothing
        "pg_advisory_unlock_all", "pg_is_in_recovery", "has_schema_privilege",
        "has_table_privilege", "has_column_privilege", "has_database_privilege", "pg_has_role",
        "has_any_column_privilege", "has_sequence_privilege", "has_function_privilege",
        "pg_backend_pid", "current_setting", "pg_relation_is_publishable", "pg_timezone_names",
        "pg_postmaster_start_time", "to_regclass", "to_regtype", "to_regproc",
        "pg_get_serial_sequence",
        "pg_get_partkeydef", "hashtext", "array_in", "date_in", "starts_with", "btrim", "bit_and",
        "pg_table_is_visible", "pg_encoding_to_char", "pg_char_to_encoding", "bool_and", "bit_or",
        "bool_or", "inet_server_addr", "inet_server_port", "inet_client_addr", "inet_client_port",
        "pg_get_partition_constraintdef", "pg_partition_root",
    )
)  # fmt: skip
"""Names that a pattern of `REFUSED` would catch and that a person has looked at."""

_BAD_TYPES = (
    "internal", "refcursor", "trigger", "event_trigger", "language_handler", "fdw_handler",
    "index_am_handler", "table_am_handler", "tsm_handler", "cstring", "pg_ddl_command",
)  # fmt: skip

_QUERY = """
SELECT p.proname::text,
       pg_catalog.bool_and(p.prokind IN ('f', 'a', 'w')
           AND l.lanname IN ('internal', 'sql') AND NOT p.prosecdef
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type t
               WHERE (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes))
                 AND t.typname = ANY ($1::name[]))),
       pg_catalog.bool_or(p.provolatile = 'v')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE n.nspname = 'pg_catalog'
GROUP BY 1 ORDER BY 1"""

_REFUSED = re.compile("|".join(f"(?:{pattern})" for pattern in REFUSED))


def is_vetted(name: str, *, qualifies: bool) -> bool:
    """The rule of this module; ``qualifies`` is what the catalogue says of all overloads."""
    return qualifies and (name in ALLOWED or _REFUSED.fullmatch(name) is None)


async def vetted(connection: Connection) -> dict[str, bool]:
    """Vetted names of a server, each with whether an overload is volatile."""
    literal = "ARRAY[" + ", ".join(f"'{name}'" for name in _BAD_TYPES) + "]"
    rows = await connection.fetch(_QUERY.replace("$1", literal))
    return {
        str(row[0]): bool(row[2])
        for row in map(tuple, rows)
        if is_vetted(str(row[0]), qualifies=bool(row[1]))
    }


def as_toml(names: dict[str, bool]) -> str:
    """The text of ``config/functions.toml``."""
    lines = [
        "# Built-in functions a statement may call, made by `python -m proxy.upstream.vetting`,",
        "# whose text says by which rule, and read by a person before it was put here.",
    ]
    for key, wanted in (("stable", False), ("volatile", True)):
        chosen = sorted(name for name, volatile in names.items() if volatile is wanted)
        lines += ["", f"{key} = ["]
        row = "   "
        for name in chosen:
            item = f' "{name}",'
            if len(row) + len(item) > 100:
                lines.append(row)
                row = "   "
            row += item
        lines += [row, "]"]
    return "\n".join(lines) + "\n"


async def _main(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        sys.stdout.write(as_toml(await vetted(connection)))
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
