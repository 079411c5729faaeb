"""What must be answered before the next text is read, whatever segment it is in."""

import pytest

from proxy.session.operation import Kind, Operation
from proxy.session.plan import Plan
from proxy.session.settling import Settling
from tests.unit.proxy.session.playbook import decision

CHANGE, READ = Plan(decision(), "SET", settle=True), Plan(decision(), "SELECT")


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
