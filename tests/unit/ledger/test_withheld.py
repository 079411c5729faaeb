"""Receipts wait for two signatures over what was published here, and for nothing less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint
from ledger.cosignature import CosigningKey
from ledger.errors import FormatError, LedgerDamaged
from ledger.note import SigningKey, parse_note
from ledger.submission import with_cosignatures
from ledger.wal import Frame
from ledger.wire import Acknowledgement
from ledger.withheld import Withheld

LOG = SigningKey("ledger.example/agency1", b"l" * 32)
THIEF = SigningKey("ledger.example/agency1", b"t" * 32)
WITNESS = CosigningKey("procuratorate.example/w1", b"w" * 32)
OTHER = CosigningKey("procuratorate.example/w1", b"o" * 32)


def root(size: int, history: int = 0) -> bytes:
    return bytes([history]) + size.to_bytes(31)


def signed(size: int, history: int = 0, log: SigningKey = LOG) -> bytes:
    return Checkpoint(log.name, size, root(size, history)).signed(log.signer())


def cosigned(size: int, history: int = 0, log: SigningKey = LOG, by: CosigningKey = WITNESS):
    note = parse_note(signed(size, history, log))
    return with_cosignatures(note, (by.cosign(note.text, 1_700_000_000),))


def frame(first: int, size: int) -> Frame:
    return Frame(first, (b"entry",) * (size - first), (b"",) * (size - first), signed(size))


@pytest.fixture
def withheld() -> Withheld[str]:
    """Ten entries were there; each receipt is for two more."""
    made: Withheld[str] = Withheld([LOG.verifier], WITNESS.verifier, 10)
    for first, owner in ((10, "a"), (12, "b"), (14, "c")):
        made.publishing(frame(first, first + 2))
        made.hold(owner, Acknowledgement(first, 2, first + 2))
    return made


def owners(given_: list) -> list[str]:
    return [owner for owner, _ in given_]


def test_a_cosignature_releases_what_it_covers_in_order(withheld):
    assert owners(withheld.cosigned(cosigned(14))) == ["a", "b"]
    assert owners(withheld.cosigned(cosigned(14))) == []
    assert owners(withheld.cosigned(cosigned(12))) == []
    assert owners(withheld.cosigned(cosigned(16))) == ["c"]


def test_a_checkpoint_in_the_middle_of_a_batch_does_not_cover_it(withheld):
    withheld.publishing(frame(16, 17))
    withheld.hold("d", Acknowledgement(16, 2, 18))
    assert owners(withheld.cosigned(cosigned(17))) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"garbage",
        signed(16),
        cosigned(16, by=OTHER),
        cosigned(16, log=THIEF),
        cosigned(16)[:-10] + b"AAAAAAAA=\n",
    ],
    ids=["empty", "garbage", "not cosigned", "other witness", "other log key", "bad signature"],
)
def test_nothing_less_releases_anything(withheld, note):
    with pytest.raises(FormatError):
        withheld.cosigned(note)
    assert owners(withheld.cosigned(cosigned(16))) == ["a", "b", "c"]


@pytest.mark.parametrize("note", [cosigned(16, history=1), cosigned(99)], ids=["root", "size"])
def test_another_history_is_fatal(withheld, note):
    with pytest.raises(LedgerDamaged, match="two histories"):
        withheld.cosigned(note)


@pytest.mark.parametrize("size", [9, 10, 13])
def test_what_was_not_published_here_and_could_be_of_before_is_nothing(withheld, size):
    assert withheld.cosigned(cosigned(size, history=1)) == []


def test_it_is_wanted_when_something_waits_and_nothing_is_under_way(withheld):
    assert not withheld.wanted
    withheld.cosigned(cosigned(14))
    assert not withheld.wanted  # 16 is with the courier
    withheld.hold("d", Acknowledgement(16, 2, 18))
    withheld.cosigned(cosigned(16))
    assert withheld.wanted
    withheld.publishing(frame(16, 18))
    assert not withheld.wanted
    withheld.cosigned(cosigned(18))
    assert not withheld.wanted


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda tail: cosigned(16) + tail))
def test_any_bytes_are_judged(data):
    made: Withheld[str] = Withheld([LOG.verifier], WITNESS.verifier, 10)
    made.publishing(frame(10, 16))
    made.hold("a", Acknowledgement(10, 6, 16))
    try:
        released = made.cosigned(data)
    except FormatError:
        return
    assert owners(released) == ["a"]
    assert data.startswith(cosigned(16)[:-1])
