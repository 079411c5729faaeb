"""A dossier as an entry and as a permit."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from proxy.desk.entries import claim, permit_event, permit_of
from proxy.desk.model import Dossier, RefusalGround, RevocationReason, State
from proxy.policy.permit import Scope
from tests.unit.proxy.desk.counter import CASE, HANDLER, PERSON

MOMENT = datetime(2026, 3, 2, tzinfo=UTC)
END = datetime(2026, 3, 12, tzinfo=UTC)
RECEIVED = Dossier("xk-1", CASE, State.RECEIVED, MOMENT, "clerk", date(2026, 3, 5), cited="合成法")
GRANTED = replace(
    RECEIVED,
    state=State.GRANTED,
    decided_at=MOMENT,
    decided_by="chief",
    valid_until=END,
    uses_max=3,
)


def test_a_granted_application_is_a_permit_with_people_and_claims_in_one_spelling():
    written = replace(CASE, subjects=(f"　{PERSON} ",), operator="ｏｐ ", case="（2026）合1号")
    permit = permit_of(replace(GRANTED, application=written))
    assert permit.subjects == (PERSON,)
    assert (permit.operator, permit.case) == ("op", "(2026)合1号")
    assert (permit.valid_from, permit.valid_until) == (MOMENT.timestamp(), END.timestamp())
    assert (permit.number, permit.uses_max) == ("xk-1", 3)


@pytest.mark.parametrize("state", [each for each in State if each is not State.GRANTED])
def test_nothing_else_is_a_permit(state):
    with pytest.raises(ValueError):
        permit_of(replace(GRANTED, state=state))


@pytest.mark.parametrize("name", ["decided_at", "valid_until"])
def test_a_permit_without_an_end_is_none(name):
    with pytest.raises(ValueError):
        permit_of(replace(GRANTED, **{name: None}))


def test_a_claim_that_no_statement_can_make_is_never_one_for_all():
    assert claim(None) is None
    for unusable in ("", "  ", "x" * 65, "\x00"):
        with pytest.raises(ValueError):
            claim(unusable)


def test_each_event_says_who_and_why():
    received = permit_event(RECEIVED, b"{}")
    assert (received.event, received.approver, received.valid_until) == ("received", None, None)
    assert (received.officer, received.handler, received.basis) == ("clerk", HANDLER, "合成法")
    # The last second of that day in China.
    assert received.decide_by == datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC).timestamp()
    granted = permit_event(GRANTED, b"{}")
    assert granted.decide_by == received.decide_by
    assert (granted.approver, granted.valid_until) == ("chief", END.timestamp())
    refused = replace(RECEIVED, state=State.REFUSED, ground=RefusalGround.MISMATCH)
    assert permit_event(refused, b"{}").reason == "mismatch"
    revoked = replace(
        GRANTED, state=State.REVOKED, ended_by="other", reason=RevocationReason.SUPERVISION
    )
    event = permit_event(revoked, b"{}")
    assert (event.approver, event.reason, event.label) == ("other", "supervision", None)


def test_what_is_on_no_list_is_in_no_header():
    asked = replace(RECEIVED, application=replace(CASE, basis="写的人名"), cited=None)
    assert permit_event(asked, b"{}").basis == "none"


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("scope", Scope)
def test_a_label_is_for_what_shows_what_is_sealed(scope):
    dossier = replace(GRANTED, application=replace(CASE, scope=scope))
    shows = scope in (Scope.FULL, Scope.CONVICTION)
    assert (permit_event(dossier, b"{}").label is not None) is shows
