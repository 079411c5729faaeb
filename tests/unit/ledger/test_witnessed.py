"""The log's side: it asks, catches up with what the witness has seen, and believes no answer."""

import asyncio

import pytest

from ledger.errors import FormatError
from ledger.fetch import DirectoryLog
from ledger.note import parse_note
from ledger.submission import parse_submission
from ledger.witness.rules import BEHIND, Refused
from ledger.witness.state import init_witness, watch_log
from ledger.witness.witness import Witness
from ledger.witnessed import (
    NotCosigned,
    WitnessUnavailable,
    accept,
    cosigned_path,
    have_cosigned,
    keep,
    kept,
)
from tests.unit.ledger.small_log import log_of


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


def test_what_is_kept_is_checked_when_read(site):
    assert kept(site.log.root, site.key) is None
    found = site.submit()
    keep(site.log.root, site.key, found.note)
    path = cosigned_path(site.log.root, site.key)
    path.write_bytes(parse_note(found.note).text + b"\n" + parse_submission(parse_for(site))
                     .checkpoint_note.split(b"\n\n")[1])  # fmt: skip
    with pytest.raises(FormatError):
        kept(site.log.root, site.key)
