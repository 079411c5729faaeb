"""The shipped policy and what is built in are whole, and hold nothing that tells of rows."""

import pytest

from proxy.names import QualifiedName
from proxy.policy.law import PrincipalKind, Volatility
from proxy.rewrite.predicate import compile_law
from proxy.settings.law import load_builtin, load_law
from proxy.settings.problems import ConfigurationProblems
from proxy.settings.shipped import shipped_file

LAW = load_law(shipped_file("policy.toml"))
SEALED = {name for name in LAW.relations if name.schema == "base"}


def pg(name: str) -> QualifiedName:
    return QualifiedName("pg_catalog", name)


def test_the_shipped_policy_covers_the_example_database():
    assert len(SEALED) == 14
    assert not LAW.open_relations
    assert not LAW.approved_functions


def test_every_rule_cites_its_article():
    assert all(rule.article for rule in LAW.relations.values())


def test_every_rule_is_one_line_of_ascii():
    for rule in LAW.relations.values():
        for sql in (rule.visible_when, rule.mask_unless, *rule.mask.values()):
            assert sql is None or (sql.isascii() and "\n" not in sql)


def test_every_rule_can_be_put_into_a_statement():
    assert compile_law(LAW).keys() == LAW.relations.keys()


@pytest.mark.parametrize("table", ["seal_notice", "query_application"])
def test_that_there_is_a_notice_or_an_application_is_told_to_nobody(table):
    assert LAW.relations[QualifiedName("base", table)].visible_when == "false"


def test_there_is_a_platform():
    assert PrincipalKind.PLATFORM in {principal.kind for principal in LAW.principals}


@pytest.mark.parametrize(
    "name",
    [
        *("pg_statistic", "pg_stats", "pg_stats_ext", "pg_statistic_ext_data", "pg_stat_activity"),
        *("pg_stat_user_tables", "pg_statio_user_tables", "pg_authid", "pg_shadow", "pg_locks"),
        *("pg_largeobject", "pg_largeobject_metadata", "pg_prepared_statements", "pg_cursors"),
        *("pg_file_settings", "pg_hba_file_rules", "pg_user_mapping", "pg_user_mappings"),
        *("pg_subscription", "pg_backend_memory_contexts", "pg_replication_slots"),
        *("pg_db_role_setting", "pg_prepared_xacts", "pg_statio_user_sequences"),
    ],
)
def test_what_tells_of_rows_or_sessions_is_not_readable(name):
    assert pg(name) not in LAW.system_relations
    assert pg(name) not in LAW.relations


@pytest.mark.parametrize(
    "name", ["pg_attribute", "pg_type", "pg_namespace", "pg_index", "pg_constraint", "pg_proc"]
)
def test_what_drivers_ask_for_is_readable(name):
    assert pg(name) in LAW.system_relations


def test_the_counts_of_pg_class_are_overwritten():
    rule = LAW.relations[pg("pg_class")]
    assert {"reltuples", "relpages", "relallvisible"} <= rule.mask.keys()
    assert rule.mask_unless is None
    assert pg("pg_class") not in LAW.system_relations


def test_where_a_sequence_stands_is_overwritten():
    assert LAW.relations[pg("pg_sequences")].mask == {"last_value": "NULL"}
    assert pg("pg_sequences") not in LAW.system_relations


def test_sizes_are_withheld():
    assert LAW.withheld_functions == {
        *("pg_table_size", "pg_relation_size", "pg_total_relation_size", "pg_indexes_size"),
        *("pg_database_size", "pg_tablespace_size", "pg_stat_get_numscans"),
    }
    assert not LAW.withheld_functions & LAW.vetted_functions.keys()


@pytest.mark.parametrize(
    "name",
    [
        *("query_to_xml", "table_to_xml", "cursor_to_xml", "ts_stat", "ts_rewrite", "lo_get"),
        *("lo_import", "loread", "pg_read_file", "pg_ls_dir", "pg_relation_size", "pg_table_size"),
        *("pg_total_relation_size", "pg_database_size", "pg_sleep", "pg_sleep_for", "set_config"),
        *("pg_notify", "pg_cancel_backend", "pg_terminate_backend", "pg_try_advisory_lock"),
        *("pg_stat_get_live_tuples", "pg_export_snapshot", "currtid2", "setval", "pg_promote"),
        *("pg_sequence_last_value", "pg_relation_filepath", "pg_stat_file", "pg_reload_conf"),
        *("pg_logical_slot_get_changes", "pg_current_wal_lsn", "pg_blocking_pids", "dblink"),
        *("pg_lock_status", "brin_summarize_new_values", "binary_upgrade_set_next_pg_type_oid"),
    ],
)  # fmt: skip
def test_functions_that_reach_further_than_their_arguments_are_not_vetted(name):
    assert name not in LAW.vetted_functions


@pytest.mark.parametrize(
    "name",
    [
        *("upper", "count", "sum", "now", "to_char", "row_number", "json_agg", "generate_series"),
        *("version", "current_schema", "current_setting", "format_type", "pg_get_constraintdef"),
        *("pg_table_is_visible", "obj_description", "to_regclass", "array_to_string", "timezone"),
    ],
)
def test_functions_of_ordinary_statements_are_vetted(name):
    assert LAW.vetted_functions[name] is Volatility.STABLE


@pytest.mark.parametrize("name", ["nextval", "random", "pg_advisory_unlock_all", "setseed"])
def test_functions_with_effects_are_recorded_first(name):
    assert LAW.vetted_functions[name] is Volatility.VOLATILE


def test_nothing_is_both_readable_and_refused():
    builtin = load_builtin()
    assert not builtin.system_relations & builtin.relations.keys()
    assert not builtin.principals


def test_a_policy_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationProblems):
        load_law(tmp_path / "policy.toml")
