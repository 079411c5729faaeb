from dataclasses import replace

import pytest

from proxy.session.capping import Capping
from proxy.session.commands import Unit
from proxy.session.operation import Kind, Operation
from proxy.session.plan import Grant, Plan
from tests.unit.proxy.session.playbook import decision

CAPPED = replace(Plan(decision(), "t"), grant=Grant(rows_max=1))


def operation(kind=Kind.EXECUTE, plan=CAPPED):
    return Operation(kind, 0, plan, Unit(1))


@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.EXECUTE])
def test_what_comes_behind_an_answer_that_may_be_cut_waits_for_its_end(kind):
    capping, sent = Capping(), operation(kind)
    capping.sent(sent)
    assert capping.awaited is sent
    assert capping.needs_flush is (kind is Kind.EXECUTE)
    assert capping.take_cut() is None
    sent.answered = True
    assert capping.awaited is None
    assert capping.take_cut() is None


def test_nothing_waits_for_other_messages():
    capping = Capping()
    capping.sent(operation(Kind.BIND))
    capping.sent(operation(plan=Plan(decision(), "t")))
    assert capping.awaited is None


@pytest.mark.parametrize("failed", [False, True])
def test_one_that_was_cut_is_given_once_unless_the_server_has_failed_it(failed):
    capping, sent = Capping(), operation()
    capping.sent(sent)
    sent.answered, sent.cut, sent.failed = True, decision(), failed
    assert capping.take_cut() is (None if failed else sent)
    assert capping.take_cut() is None
