from hashlib import sha256

import pytest

from ledger.chain import EPOCH_AGE_MAX_MS, EPOCH_ENTRIES_MAX, Chain, judge_draft, own_draft
from ledger.checkpoint import open_checkpoint
from ledger.entry import NO_PREVIOUS, parse_entry
from ledger.errors import FormatError
from ledger.header import NOTARY_KINDS, EntryKind, encode_header
from ledger.merkle import Frontier, leaf_hash, root_of
from ledger.note import verify_note
from ledger.wire import RawDraft
from tests.unit.ledger.small_log import PROXY_ID, START_MS, decision_header, judged, notary_keys

KEYS = notary_keys()


def chain() -> Chain:
    return Chain(KEYS, PROXY_ID, Frontier(), NO_PREVIOUS)


def test_entries_are_numbered_linked_signed_and_covered_by_the_checkpoint():
    made = chain()
    frame = made.extend([made.epoch_draft(START_MS), judged(), judged(payload=None)], START_MS)
    previous = NO_PREVIOUS
    for index, data in enumerate(frame.entries):
        entry, note = parse_entry(data)
        assert verify_note(note, [KEYS.entry.verifier])
        assert (entry.sequence, entry.previous) == (index, previous)
        assert (entry.payload is None) == (frame.ciphertexts[index] == b"")
        previous = sha256(data).digest()
    checkpoint = open_checkpoint(frame.checkpoint_note, [KEYS.log.verifier])
    assert checkpoint.size == made.size == 3
    assert checkpoint.root == made.root() == root_of(map(leaf_hash, frame.entries))


def test_payloads_name_the_key_entry_of_their_epoch():
    made = chain()
    made.extend([judged(payload=None)], START_MS)
    frame = made.extend([made.epoch_draft(START_MS), judged()], START_MS)
    reference = parse_entry(frame.entries[1])[0].payload
    assert reference is not None
    assert reference.epoch == 1
    assert parse_entry(frame.entries[0])[0].kind is EntryKind.KEY


def test_an_epoch_ends_by_age_by_count_and_at_the_start():
    made = chain()
    assert made.needs_epoch(START_MS)
    made.extend([made.epoch_draft(START_MS)], START_MS)
    assert not made.needs_epoch(START_MS + EPOCH_AGE_MAX_MS - 1)
    assert made.needs_epoch(START_MS + EPOCH_AGE_MAX_MS)
    assert made.needs_epoch(START_MS - EPOCH_AGE_MAX_MS)
    made._frontier.size += EPOCH_ENTRIES_MAX
    assert made.needs_epoch(START_MS)


def test_an_erasure_is_the_notarys_to_write():
    assert EntryKind.ERASURE in NOTARY_KINDS


@pytest.mark.parametrize("kind", sorted(NOTARY_KINDS))
def test_a_worker_cannot_speak_for_the_notary(kind: EntryKind):
    lines = {
        EntryKind.HEARTBEAT: encode_header(EntryKind.HEARTBEAT, {"state": "alive"}),
        EntryKind.BOOT: encode_header(
            EntryKind.BOOT,
            {"software": "x", "recovered_size": 0, "published_size": 0, "torn_bytes": 0},
        ),
        EntryKind.KEY: encode_header(EntryKind.KEY, {"purpose": "epoch", "wrapped": []}),
        EntryKind.GENESIS: chain_genesis_line(),
        EntryKind.ERASURE: encode_header(
            EntryKind.ERASURE, {"order": "1", "authority": "court", "entries": ["3"]}
        ),
    }
    with pytest.raises(FormatError, match="only the notary"):
        judge_draft(RawDraft(lines[kind], None))


def chain_genesis_line() -> bytes:
    return own_draft(
        EntryKind.GENESIS,
        {
            "format": "fengcun-ledger/v1",
            "log_key": str(KEYS.log.verifier),
            "entry_key": str(KEYS.entry.verifier),
            "recipients": [],
            "pseudonym_key": [],
        },
    ).header_line


def test_a_workers_draft_is_taken_as_it_is():
    line = encode_header(EntryKind.DECISION, decision_header())
    draft = judge_draft(RawDraft(line, b"payload"))
    assert (draft.kind, draft.header_line, draft.payload) == (EntryKind.DECISION, line, b"payload")
    with pytest.raises(FormatError):
        judge_draft(RawDraft(b"{}", None))
