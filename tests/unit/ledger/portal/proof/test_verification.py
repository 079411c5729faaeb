"""A real log, tampered with, and what the prosecutor is told of it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ledger.portal.proof.verdict import Standing, Verdict
from ledger.portal.proof.verification import Job, Verified, verified
from ledger.prepare import prepare_successor
from ledger.verify import Fault
from tests.unit.ledger.evidence.site import WITNESS, WITNESSED_SECONDS, Site, make_site
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import SmallLog, notary_keys

NOW = WITNESSED_SECONDS + 60


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(made: Site, tmp_path: Path) -> Site:
    shutil.copytree(made.log.root.parent, tmp_path / "site")
    return Site(SmallLog(tmp_path / "site" / "log"), made.seen)


def job_of(site: Site) -> Job:
    return Job(
        str(site.log.root),
        tuple(map(str, site.keys)),
        held=site.seen.decode(),
        witnesses=(str(WITNESS.verifier),),
    )


def run(job: Job, now: float = NOW) -> Verified:
    return verified(job, now, lambda done, total: None)


def verdict(job: Job, now: float = NOW) -> Verdict:
    return run(job, now).verdict


def replaced(path: Path, old: bytes, new: bytes, count: int = 1) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, count))


def last(folder: Path) -> Path:
    return max((path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.name)


def test_an_intact_log_is_held_from_then_on(site: Site):
    result = run(job_of(site))
    assert result.verdict.standing is Standing.INTACT
    assert result.note == (site.log.root / "checkpoint").read_text()
    assert result.verdict.held_count == site.seen_checkpoint.size
    (witness,) = result.verdict.witnesses
    assert (witness.name, witness.time_seconds) == (WITNESS.name, WITNESSED_SECONDS)


def test_an_altered_entry_is_named(site: Site):
    bundle = site.log.root / "tile/entries/000"
    replaced(bundle, b'"session":"s0"', b'"session":"sX"')
    told = verdict(job_of(site))
    assert told.standing is Standing.BROKEN
    assert f"第 {told.index} 号记录被改动" in told.words.chinese
    assert told.code == Fault.ALTERED


def test_the_first_of_two_is_named(site: Site):
    bundle = site.log.root / "tile/entries/000"
    data = bundle.read_bytes()
    where = [data.index(b" 20 "), data.index(b" 100 ")]
    for at in where:
        data = data[:at] + data[at:].replace(b"sealed-rows", b"sealed-rowz", 1)
    bundle.write_bytes(data)
    assert verdict(job_of(site)).index == 20


def test_a_payload_that_was_altered_is_told(site: Site):
    path = site.log.root / "payload/000"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    told = verdict(job_of(site))
    assert (told.code, told.index) == (Fault.PAYLOAD, 255)


def test_a_tile_that_was_altered_is_told_without_its_name(site: Site):
    path = site.log.root / "tile/0/000"
    data = bytearray(path.read_bytes())
    data[5 * 32] ^= 1
    path.write_bytes(data)
    told = verdict(job_of(site))
    assert (told.code, told.index) == (Fault.TILE, 5)


def test_a_log_that_lost_its_end_is_told_against_the_copy_that_is_held(site: Site, tmp_path: Path):
    shutil.copytree(site.log.root, tmp_path / "older")
    site.log.open().append(3)
    site.log.close()
    held = (site.log.root / "checkpoint").read_text()
    size = verdict(replace(job_of(site), held=held)).count
    told = verdict(replace(job_of(site), log=str(tmp_path / "older"), held=held))
    assert told.code == Fault.ROLLBACK
    assert "末尾缺失" in told.words.chinese
    assert told.index is not None
    assert told.index < size


def test_another_log_signed_by_stolen_keys_is_not_the_copy(site: Site, tmp_path: Path):
    other = SmallLog(tmp_path / "forged").create().open()
    for _ in range(270):
        other.append(1)
    other.close()
    told = verdict(replace(job_of(site), log=str(other.root), witnesses=()))
    assert told.code == Fault.FORK
    assert "与检察院留存的副本不一致" in told.words.chinese


def test_a_key_that_is_not_registered_is_told(site: Site):
    other = notary_keys(b"o" * 32).log.verifier
    job = replace(job_of(site), keys=(str(other),), held=None, witnesses=())
    told = verdict(job)
    assert told.code == Fault.CHECKPOINT
    assert "不是登记的密钥所签" in told.words.chinese


def test_a_key_that_was_succeeded_is_told(tmp_path: Path):
    log = RotatingLog(tmp_path).once()
    first = log.vkey("log.vkey")
    prepare_successor(log.directory, "log")
    log.once()
    log.retire()
    log.once()
    told = verdict(Job(str(log.root), (first,)))
    assert told.code == Fault.RETIRED
    assert "没有登记" in told.words.chinese


def test_without_a_copy_one_is_less_sure(site: Site):
    told = verdict(replace(job_of(site), held=None, witnesses=()))
    assert told.standing is Standing.WARNED
    assert set(told.notes) == {"no-copy", "no-witness"}


def test_a_cosignature_that_is_old_is_told(site: Site):
    told = verdict(job_of(site), NOW + 30 * 86_400)
    assert told.standing is Standing.WARNED
    assert "witness-old" in told.notes


def test_what_a_witness_signed_is_a_copy_to_be_held_against(site: Site, tmp_path: Path):
    other = SmallLog(tmp_path / "forged").create().open()
    for _ in range(270):
        other.append(1)
    other.close()
    shutil.copytree(site.log.root / "cosigned", other.root / "cosigned")
    told = verdict(replace(job_of(site), log=str(other.root), held=None))
    assert told.code == Fault.FORK


def test_a_witness_that_never_signed_is_told(site: Site):
    shutil.rmtree(site.log.root / "cosigned")
    assert verdict(job_of(site)).notes == ("witness-silent",)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda job: replace(job, held="no note"), "copy-unreadable"),
        (lambda job: replace(job, held=str(job.held).replace("1", "2")), "copy-unreadable"),
        (lambda job: replace(job, held="\ud800"), "copy-unreadable"),
        (lambda job: replace(job, also_held=("",)), "copy-unreadable"),
        (lambda job: replace(job, log=job.log + "-gone"), "no-log"),
        (lambda job: replace(job, log=job.log + "\0"), "no-log"),
        (lambda job: replace(job, keys=()), "unreadable"),
        (lambda job: replace(job, keys=("no key",)), "unreadable"),
    ],
)
def test_what_cannot_be_told_is_not_intact(site: Site, change, code: str):
    result = run(change(job_of(site)))
    assert result.verdict.code == code
    assert result.verdict.standing is Standing.UNSURE
    assert result.note is None


def test_a_cosignature_that_is_none_is_not_passed_over(site: Site):
    path = site.log.root / "cosigned" / WITNESS.verifier.id.hex()
    data = path.read_bytes()
    path.write_bytes(data[:-20] + (b"A" if data[-20:-19] != b"A" else b"B") + data[-19:])
    assert verdict(job_of(site)).code == "witness-unreadable"


def test_a_log_that_cannot_be_read_is_not_intact(site: Site):
    (site.log.root / "checkpoint").unlink()
    (site.log.root / "checkpoint").mkdir()
    assert verdict(job_of(site)).standing is Standing.UNSURE


def test_an_error_of_our_own_confirms_nothing(site: Site, monkeypatch):
    def broken(*_: object, **__: object):
        raise IndexError

    monkeypatch.setattr("ledger.portal.proof.verification.verify_log", broken)
    assert verdict(job_of(site)).standing is Standing.UNSURE


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a log under a URL."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_log_at_a_url_is_verified_alike(site: Site):
    with served(site.log.root) as url:
        result = run(replace(job_of(site), log=url))
        assert result.verdict.standing is Standing.INTACT
        assert result.note == (site.log.root / "checkpoint").read_text()
        replaced(site.log.root / "tile/entries/000", b'"session":"s0"', b'"session":"sX"')
        assert verdict(replace(job_of(site), log=url)).code == Fault.ALTERED
    assert verdict(replace(job_of(site), log=url)).code == "unreadable"
    assert verdict(replace(job_of(site), log="http://user@host/")).code == "unreadable"


def test_a_job_is_what_it_was_on_the_other_side(site: Site):
    assert Job.parse(job_of(site).to_bytes()) == job_of(site)


def test_time_is_what_the_witness_is_held_against(site: Site):
    assert "witness-old" in verdict(job_of(site), time.time() + 10 * 365 * 86_400).notes
