"""One order for everybody: nothing is looked up that cannot be printed, nothing given out that is
not on record. The gate and the ledger are stood in for; the scenarios have the real ones."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from proxy.desk.certificate.code import log_tag
from proxy.desk.certificate.desk import CertificateDesk, Terms
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import CHINA, Form
from proxy.desk.certificate.store import Store
from proxy.desk.model import Officer, Role
from proxy.errors import RecordUnavailable, UpstreamUnavailable
from tests.unit.proxy.desk.certificate.samples import REQUEST, UNIT
from tests.unit.proxy.desk.certificate.test_decoding import decoded, with_person

CLERK = Officer("021377", frozenset({Role.CLERK}))
APPROVER = Officer("010001", frozenset({Role.APPROVER}))
TERMS = Terms("示例市公安局", "示公证字", 180, 0.01, log_tag("test.example/log"))


class Gate:
    """Answers what it is told, and counts."""

    def __init__(self, answer=False):
        self.answer = answer
        self.asked = []

    async def has_conviction(self, request, *, officer, today):
        self.asked.append((request.person.number, officer))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Register:
    """Keeps what is written, or fails."""

    def __init__(self):
        self.events = []
        self.broken = False

    async def write(self, event):
        if self.broken:
            raise RecordUnavailable("no ledger")
        self.events.append(event)
        return len(self.events) - 1


@pytest.fixture
def rooms(tmp_path):
    store = Store(tmp_path / "forms")
    store.prepare()
    gate, register = Gate(), Register()
    noon = datetime(2026, 11, 28, 12, tzinfo=CHINA)
    return CertificateDesk(TERMS, gate, register, store, lambda: noon), gate, register, store


async def test_a_certificate_is_recorded_before_it_is_given_out(rooms):
    desk, gate, register, _ = rooms
    issued = await desk.issue(CLERK, decoded(REQUEST))
    assert gate.asked == [("110105200405100018", "021377")]
    (event,) = register.events
    assert (event.serial, event.event) == (issued.serial, "issued") == ("000001", "issued")
    content = await desk.form(CLERK, 1)
    assert event.file_hmac == issued.code.file_hmac(content)
    kept = await desk.check(issued.code)
    assert event.document_hmac == issued.code.printed_hmac(kept.document.to_bytes())
    assert json.loads(event.content)["printed"] == kept.document.to_json()
    assert kept.document.number == "示公证字〔2026〕000001号"
    assert (kept.document.issued_on, kept.document.valid_until) == (
        "2026年11月28日", "2027年05月27日"
    )  # fmt: skip


@pytest.mark.requirement("E3", "E4")
async def test_the_answer_changes_the_form_and_nothing_else(rooms):
    desk, gate, register, _ = rooms
    forms = []
    for answer in (False, True):
        gate.answer = answer
        forms.append((await desk.issue(CLERK, decoded(REQUEST))).form)
    letter = decoded({**REQUEST, "asked": "letter", "applicant": UNIT})
    for answer in (False, True):
        gate.answer = answer
        forms.append((await desk.issue(CLERK, letter)).form)
    assert forms == [Form.CERTIFICATE, Form.REFUSAL, Form.LETTER, Form.REFUSAL]
    assert [each.event for each in register.events] == ["issued", "refused", "issued", "refused"]
    assert len({each.valid_until for each in register.events}) == 1
    assert len({each.person for each in register.events}) == 1


async def test_what_cannot_be_printed_is_not_looked_up(rooms):
    desk, gate, _, store = rooms
    for wanted in (with_person(name="\U00020bb7"), with_person(nationality="\U00020bb7")):
        with pytest.raises(CertificateError):
            await desk.issue(CLERK, decoded(wanted))
    assert (gate.asked, list(store.directory.iterdir())) == ([], [])


async def test_without_an_answer_there_is_no_number(rooms):
    desk, gate, register, store = rooms
    gate.answer = UpstreamUnavailable("x")
    with pytest.raises(UpstreamUnavailable):
        await desk.issue(CLERK, decoded(REQUEST))
    assert (register.events, list(store.directory.iterdir())) == ([], [])


async def test_without_a_ledger_nothing_is_given_out_and_its_number_is_gone(rooms):
    desk, _, register, _ = rooms
    register.broken = True
    with pytest.raises(RecordUnavailable):
        await desk.issue(CLERK, decoded(REQUEST))
    with pytest.raises(CertificateError):
        await desk.form(CLERK, 1)
    register.broken = False
    assert (await desk.issue(CLERK, decoded(REQUEST))).number == 2


async def test_clerks_alone(rooms):
    desk, gate, _, _ = rooms
    with pytest.raises(CertificateError):
        await desk.issue(APPROVER, decoded(REQUEST))
    with pytest.raises(CertificateError):
        await desk.form(APPROVER, 1)
    with pytest.raises(CertificateError):
        await desk.revoke(APPROVER, 1)
    assert gate.asked == []


async def test_revoking(rooms):
    desk, _, register, _ = rooms
    issued = await desk.issue(CLERK, decoded(REQUEST))
    await desk.revoke(CLERK, issued.number)
    assert (register.events[-1].event, register.events[-1].person) == ("revoked", None)
    assert (await desk.check(issued.code)).revoked
    for number in (issued.number, 2, 0, 2**40):
        with pytest.raises(CertificateError):
            await desk.revoke(CLERK, number)


async def test_a_code_of_another_log_is_nothing_here(rooms):
    desk, *_ = rooms
    issued = await desk.issue(CLERK, decoded(REQUEST))
    assert await desk.check(replace(issued.code, log=log_tag("other"))) is None
