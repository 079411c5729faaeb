"""What may answer a message, at each point of it."""

import pytest

from proxy.policy.decision import StatementClass
from proxy.session.operation import ANSWERS, Copying, Kind, Operation, query_operation
from proxy.session.plan import Plan
from proxy.wire.postgres import backend
from tests.unit.proxy.session.playbook import decision

RUN = (Kind.QUERY, Kind.EXECUTE)


def operation(kind, statement_class=StatementClass.SELECT, **more):
    return Operation(kind, 0, Plan(decision(kind=statement_class), "text"), **more)


@pytest.mark.parametrize("kind", RUN)
@pytest.mark.parametrize(
    ("copying", "tags"),
    [(Copying.ASKED, "G"), (Copying.TAKING, ""), (Copying.ENDED, "CZ")],
)
def test_a_copy_is_answered_in_order_and_never_early(kind, copying, tags):
    copied = operation(kind, StatementClass.COPY, copying=copying)
    found = {chr(tag) for tag in ANSWERS if copied.ends_with(tag) is not None}
    assert found == {tag for tag in tags if kind in ANSWERS[ord(tag)]}


@pytest.mark.parametrize("kind", Kind)
def test_the_server_takes_no_rows_for_anything_else(kind):
    assert operation(kind).ends_with(backend.COPY_IN) is None


def test_a_copy_that_failed_is_over_when_the_server_is_ready():
    assert operation(Kind.QUERY, copying=Copying.TAKING, failed=True).ends_with(backend.READY)


def test_a_refused_text_is_answered_by_an_error_first():
    refused = operation(Kind.QUERY, refusal=decision())
    assert refused.ends_with(backend.READY) is None
    refused.failed = True
    assert refused.ends_with(backend.READY) is True


@pytest.mark.parametrize("kind", Kind)
def test_only_what_is_run_changes_anything(kind):
    changing = operation(kind, StatementClass.DDL)
    assert (changing.ran is not None) is changing.changes_schema is (kind in RUN)
    assert not operation(kind).changes_schema
    assert operation(kind).plain is (kind not in (Kind.SYNC, Kind.FUNCTION_CALL))


def test_a_query_takes_the_unnamed_names_away():
    made = query_operation(3, None)
    assert (made.statement.value, made.portal.value) == (None, None)
    assert {made.segment, made.statement.segment, made.portal.segment} == {3}
    assert made.turning
