"""Which built-in functions reach nothing but their arguments: what makes config/functions.toml.

    python -m proxy.upstream.vet postgresql://... [postgresql://... ...] > config/functions.toml

Each argument is a server of a version that is to be served. A name is vetted when every overload
of it, on every server given, passes: a statement names a function, the server picks the overload.
Nothing is vetted because it looks harmless. What can be called from SQL and takes plain values
passes; of what is named ``pg_...`` (administration) or takes the name of a relation, only what is
listed here. What the extensions on the servers add is judged by the same rule.

What tells how much there is counts sealed rows, too, yet tools ask for it beside what may be known.
Such a name is withheld: NULL takes its answer's place (`proxy.rewrite.withhold`). That is for plain
functions, and only for what is listed here.
"""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import asyncpg

from proxy.policy.law import Volatility
from proxy.upstream.extensions import FIRST_NORMAL_OID, own_function


@dataclass(frozen=True, slots=True)
class BuiltinFunction:
    """One overload. ``kind`` is ``pg_proc.prokind``, ``volatility`` ``provolatile``; ``types`` are
    the names of all argument types and of the result's. ``computing``: a member of one of the
    extensions that do nothing else (`proxy.upstream.extensions`), whose code is C."""

    name: str
    language: str
    kind: str
    volatility: str
    types: frozenset[str]
    computing: bool = False


_CALLABLE_KINDS = frozenset("faw")
_LANGUAGES = frozenset(("internal", "sql"))

# Types that are no values: support functions of indexes, types and triggers, which SQL cannot or
# need not call; and those that name something the function then opens.
_UNFIT_TYPES = frozenset(
    (
        "internal", "cstring", "trigger", "event_trigger", "language_handler", "fdw_handler",
        "index_am_handler", "table_am_handler", "tsm_handler", "pg_ddl_command", "refcursor",
        "regclass", "pg_snapshot", "txid_snapshot",
    )
)  # fmt: skip

_UNFIT_NAMES = re.compile(
    r"pg_.*"  # administration, statistics, sizes, files, locks, WAL, sessions
    r"|(query|table|schema|database|cursor)_to_.*"  # SQL or a relation's name in a string
    r"|ts_stat|ts_rewrite"  # SQL in a string
    r"|lo_.*|loread|lowrite"  # large objects
    r"|(brin|gin|gist|spg)_.*|amvalidate|.*_validator|satisfies_hash_partition|currtid.*"
    r"|binary_upgrade_.*|txid_.*|mxid_age|has_largeobject_privilege|setval|set_config"
)

# Names that match the above and yet tell nothing of any row. Drivers, ORMs and psql ask with them.
_FIT_NAMES = frozenset(
    (
        "pg_get_userbyid", "pg_get_expr", "pg_get_constraintdef", "pg_get_indexdef",
        "pg_get_viewdef", "pg_get_ruledef", "pg_get_triggerdef", "pg_get_functiondef",
        "pg_get_function_arguments", "pg_get_function_result",
        "pg_get_function_identity_arguments", "pg_get_function_arg_default",
        "pg_get_function_sqlbody", "pg_get_partkeydef", "pg_get_partition_constraintdef",
        "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns",
        "pg_get_statisticsobjdef_expressions", "pg_get_keywords", "pg_get_serial_sequence",
        "pg_get_catalog_foreign_keys", "pg_get_object_address", "pg_table_is_visible",
        "pg_type_is_visible", "pg_function_is_visible", "pg_operator_is_visible",
        "pg_opclass_is_visible", "pg_opfamily_is_visible", "pg_collation_is_visible",
        "pg_conversion_is_visible", "pg_statistics_obj_is_visible", "pg_ts_config_is_visible",
        "pg_ts_dict_is_visible", "pg_ts_parser_is_visible", "pg_ts_template_is_visible",
        "pg_encoding_to_char", "pg_char_to_encoding", "pg_encoding_max_length",
        "pg_client_encoding", "pg_collation_for", "pg_collation_actual_version", "pg_typeof",
        "pg_basetype", "pg_backend_pid", "pg_my_temp_schema", "pg_is_other_temp_schema",
        "pg_is_in_recovery", "pg_postmaster_start_time", "pg_conf_load_time", "pg_has_role",
        "pg_index_has_property", "pg_index_column_has_property", "pg_indexam_has_property",
        "pg_options_to_table", "pg_relation_is_publishable", "pg_relation_is_updatable",
        "pg_column_is_updatable", "pg_partition_root", "pg_partition_ancestors",
        "pg_partition_tree", "pg_describe_object", "pg_identify_object",
        "pg_identify_object_as_address", "pg_timezone_names", "pg_timezone_abbrevs",
        "pg_size_pretty", "pg_size_bytes", "pg_column_size", "pg_column_compression",
        "pg_input_is_valid", "pg_input_error_info", "pg_jit_available", "pg_trigger_depth",
        "pg_current_xact_id_if_assigned", "txid_current_if_assigned", "pg_advisory_unlock_all",
        "nextval", "currval", "to_regclass", "col_description", "obj_description",
        "shobj_description", "pg_tablespace_location", "pg_get_replica_identity_index",
        "pg_sequence_parameters", "pg_database_collation_actual_version",
        "pg_is_wal_replay_paused", "pg_available_extensions", "pg_available_extension_versions",
    )
)  # fmt: skip

# psql's \dt+ and \l+ and what draws lists of tables ask for them in one query with names.
_WITHHELD_NAMES = frozenset(
    (
        "pg_table_size", "pg_relation_size", "pg_total_relation_size", "pg_indexes_size",
        "pg_database_size", "pg_tablespace_size", "pg_stat_get_numscans",
    )
)  # fmt: skip

_QUERY = f"""
SELECT p.oid >= {FIRST_NORMAL_OID}, p.proname, l.lanname, p.prokind::text, p.provolatile::text,
       array(SELECT t.typname
             FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) AS u(oid)
             JOIN pg_catalog.pg_type AS t ON t.oid = u.oid) AS types
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE NOT {own_function("p.oid")}
"""


async def builtin_functions(connection: asyncpg.Connection) -> list[BuiltinFunction]:
    """Every function, aggregate and window function that came with a server."""
    rows = await connection.fetch(_QUERY)
    return [
        BuiltinFunction(name, language, kind, volatility, frozenset(types), computing)
        for computing, name, language, kind, volatility, types in rows
    ]


def vet(functions: Iterable[BuiltinFunction]) -> dict[str, Volatility]:
    """The names of which every overload passes, in order, with their volatility."""
    passed: dict[str, Volatility] = {}
    failed: set[str] = set()
    for function in functions:
        if not _passes(function):
            failed.add(function.name)
        elif function.volatility == "v":
            passed[function.name] = Volatility.VOLATILE
        else:
            passed.setdefault(function.name, Volatility.STABLE)
    return {name: passed[name] for name in sorted(passed) if name not in failed}


def _passes(function: BuiltinFunction) -> bool:
    languages = _LANGUAGES | {"c"} if function.computing else _LANGUAGES
    if function.kind not in _CALLABLE_KINDS or function.language not in languages:
        return False
    if function.name in _FIT_NAMES:
        return True
    return not (_UNFIT_NAMES.fullmatch(function.name) or function.types & _UNFIT_TYPES)


def withhold(functions: Iterable[BuiltinFunction]) -> list[str]:
    """The names, in order, of what a call of is answered with NULL."""
    fit: dict[str, bool] = {}
    for function in functions:
        if function.name in _WITHHELD_NAMES:
            plain = function.kind == "f" and function.language in _LANGUAGES
            plain = plain and "internal" not in function.types
            fit[function.name] = plain and fit.get(function.name, True)
    return sorted(name for name, every in fit.items() if every)


def as_toml(
    vetted: Mapping[str, Volatility], withheld: Iterable[str], versions: Iterable[str]
) -> str:
    """The text of config/functions.toml."""
    out = [
        "# Functions of the server that reach no relation, file or other session, by name.",
        "# 内置函数白名单: 不触及任何表、文件或其他会话. 自行编写的函数在 policy.toml 中批准.",
        f"# Made from PostgreSQL {', '.join(sorted(versions))} by: python -m proxy.upstream.vet",
    ]
    lists = {
        kind.value: [name for name in vetted if vetted[name] is kind] for kind in Volatility
    } | {"withheld": [*withheld]}
    for key, names in lists.items():
        listed = " ".join(f'"{name}",' for name in names)
        body = textwrap.fill(listed, 96, break_on_hyphens=False)
        out += ["", *_WITHHELD_BECAUSE] if key == "withheld" else [""]
        out += [f"{key} = [", textwrap.indent(body, "  "), "]"]
    return "\n".join(out) + "\n"


_WITHHELD_BECAUSE = (
    "# These count sealed rows: a call is answered with NULL.",
    "# 返回大小等数量的函数会计入封存的行, 一律返回 NULL.",
)


async def _vet_servers(servers: Iterable[str]) -> str:
    functions: list[BuiltinFunction] = []
    versions: set[str] = set()
    for server in servers:
        connection = await asyncpg.connect(server)
        try:
            functions += await builtin_functions(connection)
            versions.add(str(connection.get_server_version().major))
        finally:
            await connection.close()
    return as_toml(vet(functions), withhold(functions), versions)


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(_vet_servers(sys.argv[1:])))
