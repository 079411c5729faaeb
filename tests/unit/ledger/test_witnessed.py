"""The log's side: it asks, catches up with what the witness has seen, and believes no answer."""

import asyncio
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cosignature import CosigningKey
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog
from ledger.note import SigningKey, parse_note
from ledger.submission import parse_submission
from ledger.witness.rules import BEHIND, Refused
from ledger.witness.state import init_witness, watch_log
from ledger.witness.witness import Witness
from ledger.witnessed import (
    Failing,
    NotCosigned,
    WitnessUnavailable,
    accept,
    contradiction,
    cosigned_path,
    have_cosigned,
    keep,
    kept,
    open_cosigned,
    published_size,
)
from tests.unit.ledger.small_log import log_of

OTHER = SigningKey("ledger.example/agency1", b"o" * 32)
OTHER_WITNESS = CosigningKey("procuratorate.example/w1", b"o" * 32)


class Site:
    """A log, and a real witness that is asked without a network."""

    def __init__(self, root, witness_root):
        self.log = log_of(root, 5)
        self.reader = DirectoryLog(root)
        init_witness(witness_root, "procuratorate.example/w1")
        watch_log(witness_root, self.log.keys.log.verifier)
        self.witness = Witness(witness_root, lambda: 1_700_000_000)
        self.key = self.witness.state.key.verifier
        self.asked = 0

    async def ask(self, data):
        self.asked += 1
        try:
            return 200, self.witness.cosign(data).to_line()
        except Refused as refused:
            body = f"{refused.seen_size}\n" if refused.status == BEHIND else str(refused)
            return refused.status, body.encode()

    def submit(self, known_size=0, ask=None):
        return asyncio.run(have_cosigned(self.reader, self.key, ask or self.ask, known_size))


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "log", tmp_path / "witness")
    yield made
    made.witness.close()


def test_it_is_cosigned_and_kept(site):
    found = site.submit()
    keep(site.log.root, site.key, found.note)
    assert kept(site.log.root, site.key) == found
    assert found.cosigned.time_seconds == 1_700_000_000
    assert site.log.verify([found.checkpoint]).size == found.checkpoint.size


def test_a_log_that_has_grown_catches_up_with_what_the_witness_saw(site):
    first = site.submit()
    site.log.open().append(3)
    site.log.close()
    site.asked = 0
    assert site.submit(known_size=0).checkpoint.size > first.checkpoint.size
    assert site.asked == 2


def test_a_log_that_was_rolled_back_is_found_out(site, tmp_path):
    site.submit()
    site.reader = DirectoryLog(log_of(tmp_path / "older", 1).root)
    with pytest.raises(NotCosigned, match="rollback"):
        site.submit()


def test_a_log_that_was_forked_is_found_out(site, tmp_path):
    seen = site.submit().checkpoint.size
    site.reader = DirectoryLog(log_of(tmp_path / "other", 9).root)
    with pytest.raises(NotCosigned, match="fork"):
        site.submit(known_size=seen)


def answering(status, body=b""):
    async def ask(_):
        return status, body

    return ask


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"", WitnessUnavailable),
        (200, b"rubbish\n", WitnessUnavailable),
        (200, b"\xe2\x80\x94 procuratorate.example/w1 AAAAAAAAAAAA\n", WitnessUnavailable),
        (409, b"many\n", WitnessUnavailable),
        (409, b"9" * 30, WitnessUnavailable),
        (409, b"99999\n", NotCosigned),
        (403, b"", WitnessUnavailable),
        (404, b"", WitnessUnavailable),
        (422, b"", NotCosigned),
        (500, b"", WitnessUnavailable),
        (302, b"", WitnessUnavailable),
    ],
)
def test_no_other_answer_is_believed(site, status, body, error):
    with pytest.raises(error):
        site.submit(ask=answering(status, body))


def test_an_answer_for_another_checkpoint_is_none(site, tmp_path):
    answer = asyncio.run(site.ask(parse_for(site)))[1]
    other = DirectoryLog(log_of(tmp_path / "other", 9).root)
    with pytest.raises(WitnessUnavailable):
        accept(other.read("checkpoint"), answer, site.key)


def parse_for(site):
    from ledger.submission import submission_from

    return submission_from(site.reader, 0).to_bytes()


def test_nothing_is_kept_that_is_not_verified(site):
    answer = asyncio.run(site.ask(parse_for(site)))[1]
    junk = answer.replace(b"procuratorate.example/w1 ", b"procuratorate.example/w1 AAAA")
    note = site.reader.read("checkpoint")
    assert accept(note, answer + junk + answer, site.key) == accept(note, answer, site.key)
    with pytest.raises(WitnessUnavailable) as told:
        accept(note, junk, site.key)
    assert told.value.failing is Failing.NONSENSE


def test_a_log_that_grew_from_what_was_seen_is_no_contradiction(site):
    seen = site.submit()
    assert contradiction(site.reader, seen.checkpoint) is None
    site.log.open().append(300)
    site.log.close()
    assert contradiction(site.reader, seen.checkpoint) is None
    assert open_cosigned(seen.note, [site.log.keys.log.verifier], site.key) == seen


@pytest.mark.parametrize(("count", "how"), [(1, "rolled back"), (5, "forked"), (9, "forked")])
def test_another_history_is_a_contradiction(site, tmp_path, count, how):
    seen = site.submit().checkpoint
    reader = DirectoryLog(log_of(tmp_path / "other", count).root)
    assert how in contradiction(reader, seen)
    assert published_size(reader) == log_size(reader)


def log_size(reader) -> int:
    return int(reader.read("checkpoint").split(b"\n")[1])


@pytest.mark.parametrize("missing", ["log", "witness"])
def test_both_signatures_are_wanted(site, missing):
    seen = site.submit()
    log_key, key = site.log.keys.log.verifier, site.key
    other = {"log": ([OTHER.verifier], key), "witness": ([log_key], OTHER_WITNESS.verifier)}
    with pytest.raises(FormatError):
        open_cosigned(seen.note, *other[missing])


@given(st.binary(max_size=400))
def test_no_bytes_are_taken_for_a_cosignature(data):
    note = OTHER.signer()(b"ledger.example/agency1\n1\n" + b64encode(bytes(32)) + b"\n")
    with pytest.raises(WitnessUnavailable):
        accept(note, data, OTHER_WITNESS.verifier)
    with pytest.raises(FormatError):
        open_cosigned(data, [OTHER.verifier], OTHER_WITNESS.verifier)


def test_what_is_kept_is_checked_when_read(site):
    assert kept(site.log.root, site.key) is None
    found = site.submit()
    keep(site.log.root, site.key, found.note)
    path = cosigned_path(site.log.root, site.key)
    path.write_bytes(parse_note(found.note).text + b"\n" + parse_submission(parse_for(site))
                     .checkpoint_note.split(b"\n\n")[1])  # fmt: skip
    with pytest.raises(FormatError):
        kept(site.log.root, site.key)
