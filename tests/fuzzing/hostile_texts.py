"""Targets of texts and files: SQL against the agency's catalogue, the ledger's formats, TOML."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ledger.checkpoint import open_checkpoint, parse_checkpoint_text
from ledger.entry import parse_entry
from ledger.envelope import Recipient
from ledger.errors import FormatError, InvalidDraft
from ledger.header import decode_header, encode_header
from ledger.note import VerifierKey, parse_note
from ledger.proof import parse_proof
from ledger.tile import decode_bundle, decode_payload_bundle, encode_bundle, encode_payload_bundle
from ledger.wal import decode_frame, decode_segment_header, encode_frame, scan_segment
from ledger.wire import (
    CosignedCheckpoint,
    ReceiptReader,
    SubmissionReader,
    encode_cosigned,
    encode_submission,
)
from proxy.policy.decision import Verdict
from proxy.session.plan import Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.settings.law import law_of
from proxy.settings.problems import ConfigurationProblems, parse_document, validated
from proxy.settings.service import Settings
from proxy.wire.postgres.encoding import decode_exactly, encode_exactly
from tests.fuzzing.sources import pieces, split

_CODECS: Final = ("utf-8", "gbk", "gb18030", "gb2312", "latin-1", "ascii")
_REPEATED_MAX: Final = 5_000
_REPEATED_BYTES_MAX: Final = 100_000
_FILE: Final = Path("fuzzed.toml")


class Statement:
    """Texts of a client: a plan or a refusal, and the cache says what the planner says."""

    def __init__(self, planner: Planner, scene: Scene) -> None:
        self._planner, self._scene = planner, scene

    def __call__(self, data: bytes) -> None:
        kind, raw = (data[0] if data else 0), data[1:]
        text = decode_exactly(raw, _CODECS[kind % len(_CODECS)])
        if text is None:
            return
        assert encode_exactly(text, _CODECS[kind % len(_CODECS)]) == raw
        scene = replace(self._scene, in_transaction=bool(kind & 64))
        planned = self._planner.work_out(text, scene)
        plan = planned.plan
        assert plan.decision.rule != "internal", "the planner raised an exception"
        assert (plan.text is None) is (plan.decision.verdict is Verdict.REFUSE)
        if plan.decision.verdict is Verdict.PASS and not planned.edits:
            assert plan.text == text
        cache = PlanCache()
        cache.remember(text, scene, planned)
        kept = cache.lookup(text, scene)
        assert kept is None or kept == plan, "the cache has another plan"


class Repeated:
    """The same for a head, something many times over, and a tail, with NUL between: what takes the
    square of a text's length is a hang here."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement

    def __call__(self, data: bytes) -> None:
        head, _, rest = data.partition(b"\0")
        unit, _, tail = rest.partition(b"\0")
        count = _REPEATED_BYTES_MAX // max(len(unit), 1)
        self._statement(b"\0" + head + unit * min(count, _REPEATED_MAX) + tail)


def _submissions(data: bytes) -> None:
    sent, cuts = split(data)
    found = []
    for parts in ([sent], list(pieces(sent, cuts))):
        reader, got = SubmissionReader(), []
        with suppress(FormatError):
            for part in parts:
                reader.feed(part)
                for drafts in reader.submissions():
                    got.append(drafts)
        found.append(got)
    assert found[0] == found[1]
    for message in found[0]:
        with suppress(InvalidDraft):
            if isinstance(message, CosignedCheckpoint):
                encoded = encode_cosigned(message.note)
            else:
                encoded = encode_submission(message)
            (again,) = _read_back(encoded)
            assert again == message


def _read_back(data: bytes) -> list:
    reader = SubmissionReader()
    reader.feed(data)
    return list(reader.submissions())


def _receipts(data: bytes) -> None:
    reader = ReceiptReader()
    for part in pieces(*split(data)):
        reader.feed(part)
        reader.receipts()


def _entry(data: bytes) -> None:
    parse_entry(data)


def _header(data: bytes) -> None:
    kind, header = decode_header(data)
    assert decode_header(encode_header(kind, header)) == (kind, header)
    json.dumps(header)


def _note(data: bytes) -> None:
    note = parse_note(data)
    assert data.startswith(note.text)
    parse_checkpoint_text(note.text)


def _checkpoint(data: bytes) -> None:
    checkpoint = parse_checkpoint_text(data)
    assert data.startswith(checkpoint.to_text())  # extension lines may follow
    open_checkpoint(data, ())


def _keys(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(FormatError):
        assert str(VerifierKey.parse(text)) == text.strip()
    Recipient.parse(text)


def _proof(data: bytes) -> None:
    proof = parse_proof(data)
    assert parse_proof(proof.to_bytes()) == proof


def _bundles(data: bytes) -> None:
    with suppress(FormatError):
        assert encode_bundle(decode_bundle(data)) == data
    assert encode_payload_bundle(decode_payload_bundle(data)) == data


def _wal(data: bytes) -> None:
    frames, end = scan_segment(data, 0)
    assert 0 <= end <= max(len(data), 128)
    assert all(encode_frame(frame) in data for frame in frames)
    with suppress(FormatError):
        decode_segment_header(data, "origin")
    frame, _ = decode_frame(data)
    assert data.startswith(encode_frame(frame))


_PARSERS: Final = (
    _submissions, _receipts, _entry, _header, _note, _checkpoint, _keys, _proof, _bundles, _wal,
)  # fmt: skip


def ledger(data: bytes) -> None:
    """The ledger's formats: parsed to what is written back to the same bytes, or refused."""
    if data:
        with suppress(FormatError):
            _PARSERS[data[0] % len(_PARSERS)](data[1:])


def settings(data: bytes) -> None:
    """A TOML file: settings, a law, or a list of what is wrong with it."""
    if not data:
        return
    try:
        document = parse_document(_FILE, data[1:])
        if data[0] % 2:
            law_of(document)
        else:
            validated(document, Settings)
    except ConfigurationProblems as problems:
        str(problems)
