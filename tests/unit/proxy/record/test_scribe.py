"""What a decision looks like in the ledger: nothing of a person in public, everything sealed."""

import base64
import json
import struct
from dataclasses import replace

import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.names import PrincipalName, RuleName
from proxy.policy.attribution import Attribution
from proxy.policy.permit import PERMITS_MAX
from proxy.record.recorder import Recorder
from proxy.record.scribe import Identity
from proxy.session.commands import Unit
from proxy.session.plan import Timing
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.record.notebook import (
    BASIS,
    DECISION,
    IDENTITY,
    Notary,
    only_draft,
    record,
    scribe_of,
    turn,
)


@pytest.fixture
async def notary():
    return Notary()


@pytest.fixture
async def recorder(notary):
    return Recorder(notary, Pseudonyms(b"k" * 32))


async def test_the_header_says_why_and_names_nobody(recorder, notary):
    draft = await only_draft(recorder, notary, record(text="SELECT '王某'".encode()))
    header = draft.header
    assert (header["verdict"], header["rule"], header["article"]) == (
        "strip", "sealed", "实施办法第10条",
    )  # fmt: skip
    assert header["relations"] == ["base.person", "base.多__x_"]
    assert (header["policy"], header["catalogue"]) == ("a" * 64, "b" * 14)
    public = str(header)
    assert not any(word in public for word in ("王某", "user", "10.8.0.1", "报表"))


async def test_the_payload_has_the_statement_and_who_sent_it(recorder, notary):
    draft = await only_draft(
        recorder, notary, record(text="SELECT '封存'".encode("gbk"), codec="gbk", sent="SELECT 2")
    )
    assert json.loads(draft.payload) == {
        "text": "SELECT '封存'", "sent": "SELECT 2", "user": "user", "database": "db",
        "source": "10.8.0.1", "application_name": "报表",
    }  # fmt: skip


async def test_parameters_are_in_the_payload_as_bytes(recorder, notary):
    values = struct.pack(">HHHiiiH", 1, 1, 2, -1, 2, 0, 0)[:-6] + b"\xff\x00" + b"\0\0"
    draft = await only_draft(recorder, notary, record(values=values))
    parameters = json.loads(draft.payload)["parameters"]
    assert parameters["formats"] == [1]
    assert parameters["values"] == [None, base64.b64encode(b"\xff\x00").decode()]


async def test_text_that_is_no_text_is_kept_as_bytes(recorder, notary):
    draft = await only_draft(recorder, notary, record(text=b"\xff"))
    assert json.loads(draft.payload)["text_base64"] == "/w=="


async def test_what_is_too_long_is_kept_by_its_beginning_and_its_digest(recorder, notary):
    long = b"\x01" * 2_000_000
    wanted = record(text=long, sent="x" * 2_000_000, values=b"\0" * 2_000_000)
    payload = json.loads((await only_draft(recorder, notary, wanted)).payload)
    assert payload["text_bytes"] == 2_000_000
    assert payload["text_start"] == "\x01" * 40_000
    assert len(payload["text_sha256"]) == len(payload["sent_sha256"]) == 64
    assert payload["parameters"]["bind_bytes"] == 2_000_000


@pytest.mark.parametrize("size", [40_000, 170_000, 500_000, 1_000_000])
@pytest.mark.parametrize("filler", [b"\x01", b"x", b'"', b"\xff"])
async def test_every_payload_fits_into_the_ledger(recorder, notary, filler, size):
    text = filler * size
    values = struct.pack(">HHi", 0, 1, size) + text + b"\0\0"
    wanted = record(text=text, sent=text.decode("latin-1"), values=values)
    assert len((await only_draft(recorder, notary, wanted)).payload) <= 1 << 20


async def test_who_cannot_be_read_is_shown_by_bytes_and_told_apart(recorder, notary):
    for user in ("a\udcb7", "a\udcb8", "a"):
        identity = replace(IDENTITY, user=user, application_name="\udcff封")
        scribe_of(recorder, identity=identity).decision(record(), BASIS)
    await turn()
    drafts = notary.batches[0]
    shown = [json.loads(draft.payload) for draft in drafts]
    assert [payload["user"] for payload in shown] == [r"a\xb7", r"a\xb8", "a"]
    assert {payload["application_name"] for payload in shown} == {r"\xff封"}
    assert len({draft.header["account"] for draft in drafts}) == 3


async def test_who_asks_is_a_pseudonym_in_the_header_and_in_clear_in_the_payload(recorder, notary):
    who = Attribution("张三", "(2026)京0105刑初12号", "setting")
    draft = await only_draft(recorder, notary, replace(record(), attribution=who))
    header = draft.header
    assert header["attribution"] == "setting"
    assert header["operator"] == recorder.pseudonyms.of("operator", "张三")
    assert header["case"] == recorder.pseudonyms.of("case", "(2026)京0105刑初12号")
    assert "张三" not in str(header)
    payload = json.loads(draft.payload)
    assert (payload["operator"], payload["case"]) == ("张三", "(2026)京0105刑初12号")


async def test_nobody_is_said_to_be_nobody_and_counted_for_the_principal(recorder, notary):
    recorder.metrics = Metrics()
    wanted = record(values=b"\0" * 6)
    named = replace(wanted, attribution=Attribution("a", None, "comment"))
    scribe = scribe_of(recorder)
    for each in (wanted, named, wanted):
        scribe.decision(each, BASIS)
    await turn()
    headers = [draft.header for draft in notary.batches[0]]
    assert [header["attribution"] for header in headers] == [
        "unattributed", "comment", "unattributed",
    ]  # fmt: skip
    assert [header.get("operator") is None for header in headers] == [True, False, True]
    count = recorder.metrics.registry.get_sample_value
    labels = {"principal": IDENTITY.principal}
    assert count("fengcun_decisions_unattributed_total", labels) == 2


@pytest.mark.parametrize(
    ("codec", "raw", "shown"),
    [
        ("big5", b"'\xf9\xd8\xa5\x5c'", {"text": "'裏功'"}),
        ("cp932", b"\xfb\xfc", {"text": "髙"}),
        ("cp932", b"\xf0\x40", {"text_base64": "8EA="}),
        ("euc_jp", b"\xa1\xc1", {"text_base64": "ocE="}),
    ],
)
async def test_a_text_is_shown_as_it_was_judged(recorder, notary, codec, raw, shown):
    draft = await only_draft(recorder, notary, record(text=raw, codec=codec))
    payload = json.loads(draft.payload)
    assert {key: payload.get(key) for key in ("text", "text_base64") if key in payload} == shown


async def test_a_draft_the_ledger_does_not_take_ends_its_own_session_only(recorder, notary):
    ended = []
    bad = Identity("not a token!", None, "user", "db", "", "")
    scribe_of(recorder, invalid=lambda: ended.append("bad"), identity=bad).decision(record(), BASIS)
    scribe_of(recorder, invalid=lambda: ended.append("good")).decision(record(), BASIS)
    await turn()
    assert ended == ["bad"]
    assert [len(batch) for batch in notary.batches] == [1]


async def test_an_outcome_refers_to_its_decision_and_is_coarse_about_time(recorder, notary):
    unit = Unit(1, rows_count=3, released_bytes=99, error="22012", index=41)
    unit.recorded_at_seconds = recorder.now() - 0.0051
    scribe_of(recorder).outcome(unit)
    recorder.flush()
    header = notary.batches[0][0].header
    assert (header["decision"], header["rows_count"], header["error"]) == (41, 3, "22012")
    assert header["duration_ms"] == 8


async def test_an_executed_statement_is_worded_once_and_anew_when_anything_changes(
    recorder, notary
):
    scribe = scribe_of(recorder)
    parameters = struct.pack(">HHi", 0, 1, 1) + b"7" + struct.pack(">H", 0)
    other = replace(DECISION, rule=RuleName("other"))
    executed = [
        record(values=parameters),
        record(values=parameters),
        record(values=parameters, sent="SELECT 2"),
        replace(record(values=parameters), decision=other),
        replace(record(values=parameters), timing=Timing.FIRST),
    ]
    for one in executed:
        scribe.decision(one, BASIS)
    scribe.decision(executed[0], replace(BASIS, policy="c" * 64))
    scribe.belong_to(PrincipalName("somebody-else"))
    scribe.decision(executed[0], BASIS)
    await turn()
    (drafts,) = notary.batches
    assert drafts[0] == drafts[1]
    headers = [draft.header for draft in drafts]
    assert len({json.dumps(header) for header in headers}) == len(executed) + 1
    assert "sent_hmac" not in headers[1]
    assert "sent_hmac" in headers[2]
    assert headers[3]["rule"] == "other"
    assert headers[4]["timing"] == "first"
    assert headers[5]["policy"] == "c" * 64
    assert headers[6]["principal"] == "somebody-else"
    assert json.loads(drafts[0].payload)["parameters"]["values"] == ["Nw=="]


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ((), (None, None)),
        (("q-1",), ("q-1", None)),
        (("q-1", "q-2"), (None, ["q-1", "q-2"])),
        (tuple(f"permit-2026-{n:05}" for n in range(PERMITS_MAX)), None),
    ],
)
async def test_permits_by_which_more_may_show_are_named(recorder, notary, numbers, named):
    decided = replace(DECISION, permits=numbers)
    draft = await only_draft(recorder, notary, replace(record(), decision=decided))
    found = (draft.header.get("permit"), draft.header.get("permits"))
    assert found == (named or (None, list(numbers)))
