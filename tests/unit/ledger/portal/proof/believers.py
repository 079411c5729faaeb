"""What the tests of these pages share: a portal over one real log with everything in it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp.test_utils import TestServer

from ledger.age import protect_text
from ledger.chain import JudgedDraft
from ledger.header import EntryKind, HeaderValue, encode_header
from ledger.note import VerifierKey
from ledger.portal.accounts import write_accounts
from ledger.portal.application import CODES_FILE, Parts, application
from ledger.portal.context import CODES
from ledger.portal.index.index import Index
from ledger.portal.keyring import Keyring
from ledger.portal.logs import Source
from ledger.portal.looks import Looks, create_looks
from tests.unit.ledger.portal.house import ORIGIN, PEOPLE, EarlyCodes, House
from tests.unit.ledger.small_log import SmallLog, identities, notary_keys

PASSPHRASE = "a passphrase, synthetic"
NAME = "公安"
OF = notary_keys().pseudonyms.of
HOSTILE = (
    "</pre><script>document.title='taken'</script><img src=x onerror=alert(1)>\u202e\x1b[2J'\""
)
STATEMENT = f"SELECT name, '{HOSTILE}' FROM cases WHERE id_no = $1 ORDER BY 1"


def draft(
    kind: EntryKind, header: Mapping[str, HeaderValue], payload: object | None = None
) -> JudgedDraft:
    data = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
    return JudgedDraft(kind, encode_header(kind, header), data)


def payload_of(text: str = STATEMENT, **changed: object) -> dict[str, object]:
    """A decision's, as the proxy writes it."""
    values = ["MTEwMTAx", None, "/w=="]
    return {
        "text": text, "sent": f"{text} /* without what is sealed */", "operator": f"王{HOSTILE}",
        "case": "A2026-1", "parameters": {"formats": [0, 0, 1], "values": values}, "user": "app",
        "database": "court", "source": "192.0.2.7", "application_name": HOSTILE, **changed,
    }  # fmt: skip


def decision_header(
    payload: Mapping[str, object], **changed: HeaderValue
) -> dict[str, HeaderValue]:
    """As the proxy writes it beside that payload."""
    return {
        "verdict": "strip", "rule": "permitted-rows", "article": "刑事诉讼法 286",
        "statement_class": "select", "principal": "background-check-platform",
        "attribution": "setting", "operator": OF("operator", str(payload["operator"])),
        "case": OF("case", str(payload["case"])), "source": OF("source", str(payload["source"])),
        "session": "s9", "policy": "0" * 64, "timing": "with", "permit": "P2026-7",
        "relations": ["public.cases"], "statement_hmac": OF("statement", str(payload["text"])),
        **changed,
    }  # fmt: skip


PERMIT = {
    "permit": "P2026-7", "principal": "background-check-platform", "unit": OF("unit", "u"),
    "purpose": "statutory-check", "basis": "教师法 14", "scope": "conviction",
    "undertaking": OF("undertaking", "x"), "valid_until": "2026-12-31T16:00:00Z",
}  # fmt: skip


def make_log(root: Path) -> SmallLog:
    """A permit (3, 4), a decision under it (5), another (6), the outcome (7), a refusal (8), an
    honest-looking one whose payload is another's (9), and things of each other kind."""
    root.mkdir(exist_ok=True)
    log = SmallLog(root / "log").create().open()
    payload = payload_of()
    lying = payload_of(operator="somebody else")
    decision, outcome = EntryKind.DECISION, EntryKind.OUTCOME
    refusal = decision_header(payload, verdict="refuse", rule="bulk-access", session="s10")
    refusal.pop("permit")
    drafts = [
        draft(EntryKind.PERMIT, {**PERMIT, "event": "received"}, {"note": HOSTILE}),
        draft(EntryKind.PERMIT, {**PERMIT, "event": "granted"}, {"note": HOSTILE}),
        draft(decision, decision_header(payload), payload),
        draft(decision, decision_header(payload), payload),
        draft(outcome, {"decision": 5, "session": "s9", "rows_count": 3, "released_bytes": 99}),
        draft(decision, refusal, payload),
        draft(decision, decision_header(payload), lying),
        draft(EntryKind.CERTIFICATE, {"certificate": "C1", "event": "issued"}, {"x": HOSTILE}),
        draft(EntryKind.OPINION, {"opinion": "O1", "entries": ["5"]}, {"x": HOSTILE}),
        draft(EntryKind.REPLY, {"opinion": "O1", "result": "accepted"}),
        draft(EntryKind.UNSEAL, {"order": "U1", "event": "ordered"}),
        draft(EntryKind.LABEL, {"entry": 5, "label": "checked"}),
        draft(EntryKind.FINDING, {"rule": "no-notice", "severity": "high"}, {"x": HOSTILE}),
        draft(EntryKind.POLICY, {"policy": "0" * 64, "event": "in-force"}),
    ]
    assert log.sequencer is not None
    acknowledged = [log.sequencer.commit([[each]])[0].first_index for each in drafts]
    assert acknowledged[0] == 3
    return log.close()


def source_of(log: SmallLog) -> Source:
    return Source(NAME, str(log.root), (log.keys.log.verifier,))


@asynccontextmanager
async def portal(
    state: Path,
    sources: Sequence[Source],
    *,
    witnesses: Mapping[str, tuple[VerifierKey, ...]] = {},
    rule_words: Mapping[str, str] = {},
) -> AsyncIterator[House]:
    """With the supervisor's key under `PASSPHRASE`."""
    recipients = [each.recipient for each in identities()]
    state.mkdir(exist_ok=True)
    identity = state / "supervisor.key"
    if not (state / "log").exists():
        create_looks(state, ORIGIN, recipients, force_filesystem=True, reserve_bytes=0)
        identity.touch(0o600)
        identity.write_text(
            protect_text(identities()[0].to_text(), PASSPHRASE.encode(), work_factor=10)
        )
    write_accounts(state / "accounts.toml", PEOPLE)
    looks = Looks(state, reserve_bytes=0, segment_bytes=1 << 20)
    by_name = {each.name: each for each in sources}
    index = Index.open(state / "index", by_name)
    parts = Parts(
        state, by_name, looks, index, Keyring(identity, time.monotonic), secure=False,
        witnesses=witnesses, rule_words=rule_words,
    )  # fmt: skip
    try:
        app = application(parts)
        app[CODES] = codes = EarlyCodes(state / CODES_FILE)
        async with TestServer(app) as server:
            yield House(str(server.make_url("")).rstrip("/"), state, app, looks, codes)
    finally:
        index.close()
