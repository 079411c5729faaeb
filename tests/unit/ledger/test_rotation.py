from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import Chain, LogKeyRetired, NewEntryKey, NewLogKey, NewRecipients
from ledger.entry import NO_PREVIOUS, entry_key_name, entry_text, format_time, parse_entry
from ledger.envelope import Identity, pseudonym_context, wrap_key
from ledger.errors import FormatError
from ledger.fields import Header, HeaderValue
from ledger.header import EntryKind, encode_header
from ledger.merkle import Frontier
from ledger.note import Algorithm, SigningKey, VerifierKey, joint_signer, parse_note, verify_note
from ledger.rotation import (
    RECIPIENTS_BYTES,
    KeysInForce,
    Purpose,
    frozen,
    purpose_of,
    signing_key_header,
    succession,
    successor_of,
)
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, START_MS, identities, notary_keys

KEYS = notary_keys()
ENTRY_NAME = entry_key_name(ORIGIN, PROXY_ID)
NEXT_ENTRY = SigningKey(ENTRY_NAME, b"f" * 32)
NEXT_LOG = SigningKey(ORIGIN, b"m" * 32)
THIRD_LOG = SigningKey(ORIGIN, b"n" * 32)
RECIPIENTS = tuple(identity.recipient for identity in identities())
SUPERVISOR = Identity.generate("supervisor").recipient
WRAPPED = wrap_key(b"k" * 32, RECIPIENTS, "context")


def genesis(**changed: HeaderValue) -> bytes:
    header: Header = {
        "format": "fengcun-ledger/v1",
        "alg": "ed25519",
        "log_key": str(KEYS.log.verifier),
        "entry_key": str(KEYS.entry.verifier),
        "recipients": [str(recipient) for recipient in RECIPIENTS],
        "pseudonym_key": wrap_key(b"p" * 32, RECIPIENTS, pseudonym_context(ORIGIN)),
        **changed,
    }
    return signed(header, [KEYS.entry], sequence=0, kind=EntryKind.GENESIS)


def signed(
    header: Header,
    keys: Sequence[SigningKey],
    *,
    sequence: int = 1,
    kind: EntryKind = EntryKind.KEY,
) -> bytes:
    text = entry_text(
        kind=kind,
        origin=ORIGIN.encode(),
        proxy_id=PROXY_ID.encode(),
        sequence=sequence,
        previous=NO_PREVIOUS,
        time=format_time(START_MS),
        header_line=encode_header(kind, header),
        payload=None,
    )
    return joint_signer([key.signer() for key in keys])(text)


def at_first() -> KeysInForce:
    return KeysInForce.from_genesis(parse_entry(genesis())[0])


def in_overlap() -> KeysInForce:
    header = signing_key_header(Purpose.LOG, NEXT_LOG.verifier)
    return at_first().after(*parse_entry(signed(header, [KEYS.entry, KEYS.log, NEXT_LOG])))


def test_what_the_chain_announces_is_what_a_reader_follows():
    chain = Chain(KEYS, PROXY_ID, Frontier(), NO_PREVIOUS)
    keys = at_first()
    changes = [
        NewLogKey(NEXT_LOG),
        NewEntryKey(NEXT_ENTRY),
        NewRecipients((*RECIPIENTS, SUPERVISOR)),
        LogKeyRetired(),
    ]
    signers = []
    for change in changes:
        frame = chain.announce(change, START_MS)
        entry, note = parse_entry(frame.entries[0])
        assert verify_note(note, [keys.entry])
        keys = keys.after(entry, note)
        signers.append(parse_note(frame.checkpoint_note).signatures)
        assert set(verify_note(parse_note(frame.checkpoint_note), keys.logs)) == set(keys.logs)
    assert [len(each) for each in signers] == [2, 2, 2, 1]
    assert keys.logs == (NEXT_LOG.verifier,)
    assert keys.entry == NEXT_ENTRY.verifier
    assert keys.recipients == (*RECIPIENTS, SUPERVISOR)
    assert keys.succeeded == ((KEYS.log.verifier, 0),)
    assert (RECIPIENTS_BYTES in frame.entries[0], keys.recipients_since) == (False, 2)
    frame = chain.extend([chain.epoch_draft(START_MS)], START_MS)
    entry, note = parse_entry(frame.entries[0])
    assert [each.key_id for each in note.signatures] == [NEXT_ENTRY.verifier.id]
    assert keys.after(entry, note) == keys


OTHER = SigningKey(ENTRY_NAME, b"o" * 32)
ENTRY_HEADER = signing_key_header(Purpose.ENTRY, NEXT_ENTRY.verifier)
LOG_HEADER = signing_key_header(Purpose.LOG, NEXT_LOG.verifier)
WITNESS_KEY = VerifierKey(ORIGIN, Algorithm.COSIGNATURE_ED25519, NEXT_LOG.verifier.public)
NOT_ANNOUNCED = {
    "entry key without the new key's signature": (ENTRY_HEADER, [KEYS.entry]),
    "entry key without the old key's": (ENTRY_HEADER, [NEXT_ENTRY]),
    "entry key with a stranger's": (ENTRY_HEADER, [KEYS.entry, OTHER]),
    "log key without the new key's": (LOG_HEADER, [KEYS.entry, KEYS.log]),
    "log key without the old key's": (LOG_HEADER, [KEYS.entry, NEXT_LOG]),
    "log key without the entry key's": (LOG_HEADER, [KEYS.log, NEXT_LOG]),
    "an algorithm nobody knows": (
        {**ENTRY_HEADER, "alg": "ed25519-but-weaker"},
        [KEYS.entry, NEXT_ENTRY],
    ),
    "no algorithm": ({"purpose": "entry", "key": ENTRY_HEADER["key"]}, [KEYS.entry, NEXT_ENTRY]),
    "a key of another type": ({**LOG_HEADER, "key": str(WITNESS_KEY)}, [KEYS.entry, KEYS.log]),
    "the key that is in force": (
        signing_key_header(Purpose.ENTRY, KEYS.entry.verifier),
        [KEYS.entry],
    ),
    "a log key as entry key": (
        {**ENTRY_HEADER, "key": str(NEXT_LOG.verifier)},
        [KEYS.entry, NEXT_LOG],
    ),
    "an end without a successor": (
        {"purpose": "log-retired", "key": str(KEYS.log.verifier)},
        [KEYS.entry],
    ),
    "a purpose nobody knows": ({"purpose": "entries", "key": ENTRY_HEADER["key"]}, [KEYS.entry]),
    "one recipient": (
        {"purpose": "recipients", "recipients": [str(SUPERVISOR)], "pseudonym_key": WRAPPED[:1]},
        [KEYS.entry],
    ),
    "recipients who cannot compute pseudonyms": (
        {
            "purpose": "recipients",
            "recipients": [*map(str, RECIPIENTS), str(SUPERVISOR)],
            "pseudonym_key": WRAPPED,
        },
        [KEYS.entry],
    ),
    "an epoch that leaves a recipient out": (
        {"purpose": "epoch", "wrapped": WRAPPED[:1]},
        [KEYS.entry],
    ),
    "an epoch for one twice": (
        {"purpose": "epoch", "wrapped": [*WRAPPED, WRAPPED[0]]},
        [KEYS.entry],
    ),
    "an epoch with a key besides": (
        {"purpose": "epoch", "wrapped": WRAPPED, "alg": "ed25519", "key": ENTRY_HEADER["key"]},
        [KEYS.entry, NEXT_ENTRY],
    ),
}


@pytest.mark.parametrize(("header", "keys"), NOT_ANNOUNCED.values(), ids=NOT_ANNOUNCED)
def test_what_a_purpose_demands_has_to_be_there(header: Header, keys: list[SigningKey]):
    with pytest.raises(FormatError):
        at_first().after(*parse_entry(signed(header, keys)))


OVERLAPPING = {
    "a third log key": (
        signing_key_header(Purpose.LOG, THIRD_LOG.verifier),
        [KEYS.entry, KEYS.log, NEXT_LOG, THIRD_LOG],
    ),
    "an end of the newer key": (
        {"purpose": "log-retired", "key": str(NEXT_LOG.verifier)},
        [KEYS.entry],
    ),
}


@pytest.mark.parametrize(("header", "keys"), OVERLAPPING.values(), ids=OVERLAPPING)
def test_two_log_keys_are_the_most_and_the_older_goes(header: Header, keys: list[SigningKey]):
    with pytest.raises(FormatError):
        in_overlap().after(*parse_entry(signed(header, keys, sequence=2)))


def test_a_key_never_comes_back():
    retired = {"purpose": "log-retired", "key": str(KEYS.log.verifier)}
    keys = in_overlap().after(*parse_entry(signed(retired, [KEYS.entry])))
    again = signing_key_header(Purpose.LOG, KEYS.log.verifier)
    with pytest.raises(FormatError, match="before"):
        keys.after(*parse_entry(signed(again, [KEYS.entry, KEYS.log, NEXT_LOG])))


NO_GENESIS = {
    "an algorithm nobody knows": {"alg": "sm2-with-sm3"},
    "an entry key of another type": {
        "entry_key": str(replace(WITNESS_KEY, name=ENTRY_NAME)),
    },
    "a log key of another origin": {"log_key": str(KEYS.entry.verifier)},
    "no recipients": {"recipients": [], "pseudonym_key": []},
}


@pytest.mark.parametrize("changed", NO_GENESIS.values(), ids=NO_GENESIS)
def test_a_genesis_entry_names_keys_that_can_be_checked(changed: dict[str, HeaderValue]):
    with pytest.raises(FormatError):
        KeysInForce.from_genesis(parse_entry(genesis(**changed))[0])


def test_a_log_from_before_there_was_a_word_for_it_signs_with_ed25519():
    assert KeysInForce.from_genesis(parse_entry(genesis(alg=None))[0]) == at_first()


def test_the_last_entry_of_a_log_names_the_next():
    def heartbeat(**header: HeaderValue):
        return parse_entry(signed(header, [KEYS.entry], kind=EntryKind.HEARTBEAT))[0]

    end = heartbeat(state="frozen", successor="ledger.example/2027")
    assert (frozen(end), successor_of(end)) == (True, "ledger.example/2027")
    assert successor_of(heartbeat(state="frozen")) is None
    assert not frozen(heartbeat(state="stop"))


ANNOUNCING = signed(LOG_HEADER, [KEYS.entry, KEYS.log, NEXT_LOG])


def test_successors_are_found_from_a_key_that_named_them():
    given = [KEYS.log.verifier]
    third = signed(
        signing_key_header(Purpose.LOG, THIRD_LOG.verifier),
        [KEYS.entry, NEXT_LOG, THIRD_LOG],
        sequence=9,
    )
    found = [(NEXT_LOG.verifier, 1), (THIRD_LOG.verifier, 9)]
    assert succession([genesis(), ANNOUNCING, third], given) == found
    assert succession([third], given) == []
    assert succession([ANNOUNCING], [THIRD_LOG.verifier]) == []
    assert succession([signed(LOG_HEADER, [KEYS.log])], given) == []


@given(st.binary(max_size=300), st.integers(0, len(ANNOUNCING)), st.integers(0, 40))
def test_no_bytes_stop_the_search_for_successors(noise: bytes, at: int, cut_bytes: int):
    damaged = ANNOUNCING[:at] + noise + ANNOUNCING[at + cut_bytes :]
    without_key = signed({"purpose": "log"}, [KEYS.entry])
    found = succession([damaged, noise, without_key], [KEYS.log.verifier])
    assert found in ([], [(NEXT_LOG.verifier, 1)])


VALUES = st.one_of(
    st.none(), st.text(max_size=20), st.integers(), st.lists(st.text(max_size=80), max_size=3)
)
HEADERS = st.dictionaries(
    st.sampled_from(["purpose", "alg", "key", "wrapped", "recipients", "pseudonym_key"]),
    st.one_of(VALUES, st.sampled_from([*Purpose, "ed25519", str(NEXT_LOG.verifier), WRAPPED])),
)


@given(HEADERS)
def test_any_header_is_followed_or_refused(header):
    _, note = parse_entry(signed(ENTRY_HEADER, [KEYS.entry]))
    entry = replace(parse_entry(signed(ENTRY_HEADER, [KEYS.entry]))[0], header=header)
    try:
        purpose = purpose_of(header)
        after = at_first().after(entry, note)
    except FormatError:
        return
    assert purpose is Purpose.EPOCH
    assert after == at_first()
