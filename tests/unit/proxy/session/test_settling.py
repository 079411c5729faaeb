"""What must be answered before the next text is read, whatever segment it is in."""

import pytest

from proxy.policy.decision import StatementClass
from proxy.session.operation import Kind, Operation
from proxy.session.plan import Plan
from proxy.session.settling import Settling
from tests.unit.proxy.session.playbook import decision

CHANGE, READ = Plan(decision(), "SET", settle=True), Plan(decision(), "SELECT")

TURN = Plan(decision(kind=StatementClass.SESSION), "SET", settle=True, turns=True)
BEGIN = Plan(decision(kind=StatementClass.TRANSACTION), "BEGIN")
SEVERAL = Plan(decision(kind=StatementClass.MULTIPLE), "BEGIN; SELECT 1")


@pytest.fixture
def settling():
    return Settling()


def sent(settling, kind, plan=None):
    operation = Operation(kind, 0, plan)
    settling.sent(operation)
    return operation


@pytest.mark.parametrize("kind", Kind)
def test_plain_messages_are_not_waited_for(settling, kind):
    sent(settling, kind, READ)
    assert (settling.awaited, settling.needs_flush, settling.encoding_unknown) == (
        None, False, False,
    )  # fmt: skip


def test_a_query_is_waited_for_and_then_everything_is_known(settling):
    query = sent(settling, Kind.QUERY, CHANGE)
    assert (settling.awaited, settling.needs_flush) == (query, False)
    query.answered = True
    assert (settling.awaited, settling.encoding_unknown) == (None, False)


def test_an_execute_is_waited_for_and_leaves_the_encoding_open(settling):
    execute = sent(settling, Kind.EXECUTE, CHANGE)
    assert (settling.awaited, settling.needs_flush) == (execute, True)
    execute.answered = True
    assert (settling.awaited, settling.encoding_unknown) == (None, True)
    sent(settling, Kind.PARSE, READ)
    sent(settling, Kind.EXECUTE, READ)
    assert settling.encoding_unknown


@pytest.mark.parametrize("kind", [Kind.SYNC, Kind.QUERY])
def test_the_end_of_the_segment_is_waited_for_instead(settling, kind):
    sent(settling, Kind.EXECUTE, CHANGE).answered = True
    end = sent(settling, kind, READ)
    assert (settling.awaited, settling.needs_flush) == (end, False)
    end.answered = True
    assert (settling.awaited, settling.encoding_unknown) == (None, False)


@pytest.mark.parametrize("control", [BEGIN, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("end", [Kind.SYNC, Kind.QUERY])
def test_what_turns_the_reading_is_not_undone_before_its_segment_has_ended(settling, control, end):
    assert not settling.bars(control, inside=False)
    sent(settling, Kind.BIND, TURN)
    assert not settling.bars(control, inside=False)
    sent(settling, Kind.EXECUTE, TURN)
    assert settling.bars(control, inside=False)
    assert not settling.bars(READ, inside=False)
    sent(settling, Kind.EXECUTE, CHANGE)
    assert settling.bars(control, inside=False)
    sent(settling, end, READ)
    assert not settling.bars(control, inside=False)


def test_nor_is_the_reading_turned_inside_a_transaction(settling):
    assert settling.bars(TURN, inside=True)
    assert not settling.bars(TURN, inside=False)
    assert not settling.bars(CHANGE, inside=True)
    assert not settling.bars(Plan(decision(), None, turns=True), inside=True)
