import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.envelope import (
    BUCKET_BYTES,
    Epoch,
    Identity,
    Recipient,
    epoch_context,
    new_data_key,
    pseudonym_context,
    unwrap_key,
    wrap_key,
)
from ledger.errors import FormatError
from tests.unit.ledger.small_log import ORIGIN, identities

KEY = bytes(range(32))
CONTEXT = epoch_context(ORIGIN, "p1", 4)
RECIPIENTS = [identity.recipient for identity in identities()]


def epoch(**changes) -> Epoch:
    return Epoch(KEY, **{"origin": ORIGIN, "proxy_id": "p1", "number": 4, **changes})


@pytest.mark.parametrize("identity", identities(), ids=lambda identity: identity.name)
def test_every_recipient_unwraps_the_same_key(identity: Identity):
    assert unwrap_key(wrap_key(KEY, RECIPIENTS, CONTEXT), identity, CONTEXT) == KEY


@pytest.mark.parametrize(
    "context",
    [
        epoch_context(ORIGIN, "p1", 5),
        epoch_context(ORIGIN, "p2", 4),
        epoch_context("other.example/a", "p1", 4),
        pseudonym_context(ORIGIN),
    ],
)
def test_a_wrapped_key_is_bound_to_its_log_and_epoch(context: str):
    wrapped = wrap_key(KEY, RECIPIENTS, CONTEXT)
    with pytest.raises(FormatError):
        unwrap_key(wrapped, identities()[0], context)


def test_a_stranger_unwraps_nothing():
    wrapped = wrap_key(KEY, RECIPIENTS, CONTEXT)
    with pytest.raises(FormatError, match="not among the recipients"):
        unwrap_key(wrapped, Identity.generate("stranger"), CONTEXT)


def test_one_recipient_is_not_enough_even_under_two_names():
    again = Recipient("again", RECIPIENTS[0].public)
    for few in ([], RECIPIENTS[:1], [RECIPIENTS[0], again]):
        with pytest.raises(FormatError, match="two different"):
            wrap_key(KEY, few, CONTEXT)


@given(st.binary(max_size=2000), st.integers(0, 2**40))
def test_payloads_open_to_what_was_sealed(payload: bytes, sequence: int):
    ciphertext, reference = epoch().seal(sequence, payload)
    assert epoch().open(sequence, ciphertext) == payload
    assert reference.matches(ciphertext)
    assert (len(ciphertext) - 16) % BUCKET_BYTES == 0


@pytest.mark.parametrize(
    "changes", [{"origin": "other.example/a"}, {"proxy_id": "p2"}, {"number": 5}]
)
def test_a_ciphertext_cannot_be_moved_to_another_log_or_epoch(changes):
    ciphertext, _ = epoch().seal(9, b"payload")
    with pytest.raises(FormatError):
        epoch(**changes).open(9, ciphertext)


def test_a_ciphertext_cannot_be_moved_to_another_entry():
    ciphertext, _ = epoch().seal(9, b"payload")
    with pytest.raises(FormatError):
        epoch().open(10, ciphertext)


def test_lengths_show_in_steps_of_a_bucket_only():
    lengths = {len(epoch().seal(1, b"x" * size)[0]) for size in range(253)}
    assert len(lengths) == 1


def test_keys_survive_their_text_and_secrets_hide_from_repr():
    identity = identities()[0]
    assert Identity.parse(identity.to_text()) == identity
    assert Recipient.parse(str(identity.recipient)) == identity.recipient
    assert repr(identity) == "Identity('procuratorate')"


@given(st.text(max_size=60))
def test_any_text_is_judged_as_a_key(text: str):
    for parse in (Recipient.parse, Identity.parse):
        with pytest.raises(FormatError):
            parse(text)


def test_a_damaged_recipient_key_is_refused():
    text = str(RECIPIENTS[0])
    with pytest.raises(FormatError):
        Recipient.parse(text.replace("procuratorate", "procurator"))


def test_data_keys_do_not_repeat():
    assert len({new_data_key() for _ in range(100)}) == 100
