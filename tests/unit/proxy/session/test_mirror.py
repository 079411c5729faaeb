"""State changes on the server's answers only, and an error takes what the server skips."""

from dataclasses import replace

import pytest

from proxy.errors import UpstreamUnavailable
from proxy.policy.decision import StatementClass
from proxy.session import refusals
from proxy.session.commands import Unit
from proxy.session.mirror import Mirror
from proxy.session.names import Change
from proxy.session.operation import ANSWERS, Copying, Kind, Operation
from proxy.session.plan import DropStatement, Plan, ResetSearchPath, SetSearchPath
from proxy.wire.postgres import backend
from proxy.wire.postgres.backend import TransactionStatus
from tests.unit.proxy.session.playbook import PRINCIPAL, decision, portal
from tests.unit.proxy.session.test_names import Thing, define

THINGS = {name: Thing(1) for name in (b"kept", b"lost")}
IDLE, INSIDE = TransactionStatus.IDLE, TransactionStatus.IN_TRANSACTION
START = ("pg_catalog", "public")


@pytest.fixture
def mirror():
    return Mirror(PRINCIPAL, "app", START, "utf-8")


def plan(kind=StatementClass.SELECT, *effects):
    return Plan(decision(kind=kind), "text", effects=effects)


def sent(mirror, kind, **more):
    operation = Operation(kind, mirror.segment, **more)
    mirror.sent(operation)
    return operation


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("tag", ANSWERS, ids=chr)
def test_only_the_answers_in_the_table_are_accepted(mirror, kind, tag):
    operation = sent(mirror, kind)
    if kind in ANSWERS[tag] and tag != backend.COPY_IN:
        assert mirror.answer(tag) is operation
        assert mirror.idle is ANSWERS[tag][kind]
    else:
        with pytest.raises(UpstreamUnavailable):
            mirror.answer(tag)


@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.EXECUTE])
def test_the_server_takes_rows_for_a_copy_into_it_and_for_nothing_else(mirror, kind):
    operation = sent(mirror, kind, plan=replace(plan(StatementClass.COPY), copies_in=True))
    assert operation.copying is Copying.ASKED
    assert mirror.answer(backend.COPY_IN) is operation
    assert operation.copying is Copying.TAKING
    assert mirror.head is operation


@pytest.mark.parametrize("kind", [Kind.PARSE, Kind.BIND, Kind.DESCRIBE])
def test_a_copy_is_under_way_only_when_it_is_run(mirror, kind):
    operation = sent(mirror, kind, plan=replace(plan(StatementClass.COPY), copies_in=True))
    assert operation.copying is None


@pytest.mark.parametrize("tag", ANSWERS, ids=chr)
def test_an_idle_server_has_nothing_to_answer(mirror, tag):
    with pytest.raises(UpstreamUnavailable):
        mirror.answer(tag)


@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.PARSE])
def test_a_refused_text_cannot_succeed(mirror, kind):
    sent(mirror, kind, refusal=decision())
    for tag, kinds in ANSWERS.items():
        if kind in kinds:
            with pytest.raises(UpstreamUnavailable):
                mirror.answer(tag)


def test_an_error_takes_everything_up_to_the_next_sync(mirror):
    operations = [sent(mirror, kind) for kind in (Kind.PARSE, Kind.QUERY, Kind.BIND)]
    sync = sent(mirror, Kind.SYNC)
    mirror.fail("42601")
    assert all(operation.failed and operation.answered for operation in operations)
    assert (mirror.head, mirror.discarding) == (sync, False)


def test_an_error_before_the_sync_was_sent_discards_what_follows(mirror):
    sent(mirror, Kind.PARSE)
    mirror.fail("42601")
    assert (mirror.idle, mirror.discarding) == (True, True)


def test_an_error_in_a_query_leaves_it_waiting_for_ready(mirror):
    operation = sent(mirror, Kind.QUERY)
    mirror.fail("22012")
    assert mirror.head is operation
    mirror.ready(IDLE)
    assert mirror.idle


def test_definitions_survive_only_what_succeeded(mirror):
    for name in (b"kept", b"lost"):
        change = Change(mirror.segment, name, THINGS[name])
        sent(mirror, Kind.PARSE, statement=change)
    mirror.answer(backend.PARSE_COMPLETE)
    mirror.fail("42601")
    assert mirror.statements.get(b"kept") is THINGS[b"kept"]
    assert mirror.statements.get(b"lost") is None


def test_a_failed_query_has_still_dropped_the_unnamed_statement(mirror):
    define(mirror.statements, b"")
    sent(mirror, Kind.QUERY, statement=Change(0, b"", None))
    mirror.fail("22012")
    mirror.ready(IDLE)
    assert mirror.statements.get(b"") is None


def test_a_skipped_query_has_not(mirror):
    define(mirror.statements, b"")
    sent(mirror, Kind.PARSE)
    sent(mirror, Kind.QUERY, statement=Change(0, b"", None))
    mirror.fail("42601")
    assert mirror.statements.get(b"") is not None


def test_portals_end_with_their_transaction(mirror):
    define(mirror.portals, b"p", portal())
    sent(mirror, Kind.SYNC)
    mirror.ready(INSIDE)
    assert mirror.portals.get(b"p") is not None
    sent(mirror, Kind.SYNC)
    mirror.ready(IDLE)
    assert mirror.portals.get(b"p") is None


def test_effects_of_a_query_wait_for_its_success(mirror):
    moved = plan(StatementClass.SESSION, SetSearchPath(("other",)))
    sent(mirror, Kind.QUERY, plan=moved)
    assert mirror.scene.search_path == START
    mirror.answer(backend.COMMAND_COMPLETE)
    mirror.ready(IDLE)
    assert mirror.scene.search_path == ("pg_catalog", "other")
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SESSION, ResetSearchPath()))
    mirror.fail("25001")
    mirror.ready(IDLE)
    assert mirror.scene.search_path == ("pg_catalog", "other")


def test_an_error_before_sync_takes_a_new_path_back(mirror):
    sent(mirror, Kind.EXECUTE, plan=plan(StatementClass.SESSION, SetSearchPath(("other",))))
    sent(mirror, Kind.PARSE)
    sent(mirror, Kind.SYNC)
    mirror.answer(backend.COMMAND_COMPLETE)
    assert mirror.scene.search_path == ("pg_catalog", "other")
    mirror.fail("42601")
    assert mirror.scene.search_path == START


def test_deallocated_names_are_gone(mirror):
    define(mirror.statements, "名".encode())
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SESSION, DropStatement("名")))
    mirror.ready(IDLE)
    assert mirror.statements.get("名".encode()) is None


def test_equal_scenes_are_the_same_object(mirror):
    assert mirror.scene is mirror.scene


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        (StatementClass.TRANSACTION, True),
        (StatementClass.MULTIPLE, True),
        (StatementClass.OTHER, True),
        (StatementClass.SELECT, False),
        (StatementClass.INSERT, False),
    ],
)
def test_what_may_begin_a_transaction_counts_as_one_until_answered(mirror, kind, inside):
    sent(mirror, Kind.QUERY, plan=plan(kind))
    assert mirror.scene.in_transaction is inside
    mirror.ready(IDLE)
    assert not mirror.scene.in_transaction


def test_units_end_with_their_execution_or_with_what_kept_them_from_it(mirror):
    executed, failed, skipped, bound = (Unit(n) for n in range(1, 5))
    sent(mirror, Kind.EXECUTE, unit=executed)
    sent(mirror, Kind.BIND, unit=bound)
    mirror.answer(backend.COMMAND_COMPLETE)
    mirror.answer(backend.BIND_COMPLETE)
    assert mirror.finished == [executed]
    sent(mirror, Kind.BIND, unit=failed)
    sent(mirror, Kind.EXECUTE, unit=skipped)
    mirror.fail("22P02")
    assert mirror.finished == [executed, failed, skipped]
    assert [unit.error for unit in mirror.finished] == [None, "22P02", "skipped"]


def test_a_guarded_statement_guards_everything_under_way(mirror):
    sent(mirror, Kind.QUERY, plan=plan())
    assert not mirror.guarded
    sent(mirror, Kind.QUERY, plan=plan(), guarded=True)
    assert mirror.guarded


def test_a_guarded_transaction_stays_so_for_what_may_end_it(mirror):
    """A deferred constraint speaks at COMMIT, of a statement long answered."""
    sent(mirror, Kind.QUERY, plan=plan(), guarded=True)
    mirror.ready(INSIDE)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SELECT))
    assert not mirror.guarded
    mirror.ready(INSIDE)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.TRANSACTION))
    assert mirror.guarded
    mirror.ready(IDLE)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.TRANSACTION))
    assert not mirror.guarded


def test_a_query_guards_the_end_of_what_was_executed_before_it_without_a_sync(mirror):
    """Its end commits that, so a deferred constraint may speak in its answer."""
    sent(mirror, Kind.EXECUTE, plan=plan(), guarded=True)
    mirror.answer(backend.COMMAND_COMPLETE)
    sent(mirror, Kind.DESCRIBE)
    assert not mirror.guarded
    mirror.answer(backend.NO_DATA)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SELECT))
    assert mirror.guarded
    mirror.ready(IDLE)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SELECT))
    assert not mirror.guarded


def test_it_does_so_too_where_the_block_before_was_ended_without_a_sync(mirror):
    sent(mirror, Kind.SYNC)
    mirror.ready(INSIDE)
    sent(mirror, Kind.EXECUTE, plan=plan(StatementClass.TRANSACTION))
    mirror.answer(backend.COMMAND_COMPLETE)
    sent(mirror, Kind.EXECUTE, plan=plan(), guarded=True)
    mirror.answer(backend.COMMAND_COMPLETE)
    sent(mirror, Kind.QUERY, plan=plan(StatementClass.SELECT))
    assert mirror.guarded


def test_texts_behind_the_head_are_seen(mirror):
    sent(mirror, Kind.QUERY)
    assert not mirror.has_text_behind_head()
    sent(mirror, Kind.SYNC)
    sent(mirror, Kind.PARSE)
    assert mirror.has_text_behind_head()


def test_what_stands_for_a_refused_text_is_none(mirror):
    sent(mirror, Kind.QUERY)
    sent(mirror, Kind.PARSE, refusal=refusals.UNKNOWN_STATEMENT)
    assert not mirror.has_text_behind_head()


CHANGE = plan(StatementClass.DDL)


def test_after_a_change_of_the_schema_the_catalogue_is_yet_to_be_read(mirror):
    sent(mirror, Kind.QUERY, plan=CHANGE)
    assert mirror.changing
    mirror.ready(IDLE)
    assert not mirror.changing
    unread = mirror.scene.unread
    assert unread
    mirror.catalogue_read(unread - 1)
    assert mirror.scene.unread == unread
    mirror.catalogue_read(unread)
    assert not mirror.scene.unread


def test_a_change_that_failed_is_asked_about_too(mirror):
    sent(mirror, Kind.QUERY, plan=CHANGE)
    mirror.fail("42P07")
    mirror.ready(IDLE)
    assert mirror.scene.unread


def test_a_change_lasts_until_its_transaction_ends(mirror):
    sent(mirror, Kind.PARSE, plan=CHANGE)
    assert not mirror.changing
    mirror.answer(backend.PARSE_COMPLETE)
    sent(mirror, Kind.EXECUTE, plan=CHANGE)
    mirror.answer(backend.COMMAND_COMPLETE)
    assert mirror.changing
    assert not mirror.scene.unread
    for status in (INSIDE, TransactionStatus.FAILED):
        sent(mirror, Kind.SYNC)
        mirror.ready(status)
        assert mirror.changing
    sent(mirror, Kind.SYNC)
    mirror.ready(IDLE)
    assert not mirror.changing
    assert mirror.scene.unread


def test_a_second_change_under_way_is_not_the_first(mirror):
    sent(mirror, Kind.EXECUTE, plan=CHANGE)
    sent(mirror, Kind.SYNC)
    sent(mirror, Kind.EXECUTE, plan=CHANGE)
    mirror.answer(backend.COMMAND_COMPLETE)
    mirror.ready(IDLE)
    assert mirror.changing


def test_behind_a_begin_the_session_counts_as_inside_until_the_server_says(mirror):
    sent(mirror, Kind.EXECUTE, plan=plan(StatementClass.TRANSACTION))
    sent(mirror, Kind.SYNC)
    mirror.answer(backend.COMMAND_COMPLETE)
    assert mirror.scene.in_transaction
    mirror.ready(IDLE)
    assert not mirror.scene.in_transaction
