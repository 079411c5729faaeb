import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cli import ledger_app
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.keys import NotaryKeys
from ledger.note import SigningKey, VerifierKey
from ledger.shards import require_frozen, shard_of, verify_earlier
from ledger.verify import Fault, LogInvalid, Report
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, notary_keys


def keys_of(origin: str) -> NotaryKeys:
    base = notary_keys()
    entry = SigningKey(f"{origin}/proxy/{PROXY_ID}", origin.encode().ljust(32, b"e")[:32])
    log = SigningKey(origin, origin.encode().ljust(32, b"l")[:32])
    return NotaryKeys(log, entry, base.pseudonyms, base.recipients)


ORIGINS = ["a/2025", "a/2026", "a/2027"]


class Years:
    """Three logs, each of which continues the one before."""

    def __init__(self, directory: Path) -> None:
        self.logs: list[SmallLog] = []
        last = None
        for origin, successor in zip(ORIGINS, [*ORIGINS[1:], None], strict=True):
            log = SmallLog(directory / origin.replace("/", "-"), keys_of(origin))
            log.create(predecessor=last).open().append(3)
            log.close()
            if successor is not None:
                log.prepare().freeze(successor)
                log.disk.unlock()
                last = require_frozen(DirectoryLog(log.root), self.public_keys(log), successor)
            self.logs.append(log)

    def public_keys(self, *logs: SmallLog) -> list[VerifierKey]:
        return [log.keys.log.verifier for log in logs or self.logs]

    def verify(self, *earlier: SmallLog) -> list[Report]:
        shards = [shard_of(DirectoryLog(log.root)) for log in earlier]
        return verify_earlier(self.logs[-1].verify(), shards, self.public_keys())


@pytest.fixture
def years(tmp_path: Path) -> Years:
    return Years(tmp_path)


@pytest.mark.requirement("G8")
def test_logs_that_follow_each_other_are_verified_from_end_to_end(years: Years):
    first, second, _ = years.logs
    reports = years.verify(first, second)
    assert [report.origin for report in reports] == ["a/2026", "a/2025"]
    assert [report.ended.successor for report in reports if report.ended] == ["a/2027", "a/2026"]
    assert [report.origin for report in years.verify(second)] == ["a/2026"]
    assert years.verify() == []
    with pytest.raises(ConfigurationError, match="a/2027 does not continue a/2025"):
        years.verify(first)


def test_a_log_may_not_go_on_after_it_was_frozen(years: Years):
    """The holder of its keys takes care of each rule but one."""
    first = years.logs[0]
    end = first.verify()
    assert end.ended is not None
    tail = append_after_the_end(first)
    with pytest.raises(LogInvalid) as invalid:
        first.verify()
    assert (invalid.value.fault, invalid.value.index) == (Fault.FROZEN, end.size)
    assert tail > end.size
    with pytest.raises(LogInvalid) as invalid:
        years.verify(*years.logs[:2])
    assert invalid.value.fault is Fault.FROZEN


def append_after_the_end(log: SmallLog) -> int:
    """What an attacker's notary writes, which does not look at the last entry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.log.frozen", lambda entry: False)
        log.open().append(1)
        log.close()
    note = (log.root / "checkpoint").read_bytes()
    return open_checkpoint(note, [log.keys.log.verifier]).size


def replace_by_an_older_copy(years: Years, directory: Path) -> None:
    """A valid log of the same keys, cut before its end and continued."""
    second = years.logs[1]
    shutil.rmtree(second.root)
    other = SmallLog(second.root, second.keys).create()
    other.open().append(5)
    other.close()


def freeze_for_another(years: Years, directory: Path) -> None:
    second = years.logs[1]
    log = SmallLog(directory / "other", second.keys).create().open()
    log.close()
    log.prepare().freeze("a/2030")
    log.disk.unlock()
    with pytest.raises(ConfigurationError, match="continued by a/2030"):
        require_frozen(DirectoryLog(log.root), years.public_keys(), "a/2027")
    last = open_checkpoint((log.root / "checkpoint").read_bytes(), years.public_keys())
    newest = SmallLog(directory / "newest", years.logs[2].keys).create(predecessor=last)
    years.logs[1:] = [log, newest]


@pytest.mark.parametrize("attack", [replace_by_an_older_copy, freeze_for_another])
def test_what_does_not_join_is_named(years: Years, tmp_path: Path, attack: Callable):
    attack(years, tmp_path)
    with pytest.raises(LogInvalid) as invalid:
        years.verify(years.logs[1])
    assert invalid.value.fault is Fault.PREDECESSOR


def test_only_a_frozen_log_is_continued(tmp_path: Path):
    log = SmallLog(tmp_path / "log", keys_of("a/2025")).create().open()
    log.append(1)
    log.close()
    reader, keys = DirectoryLog(log.root), [log.keys.log.verifier]
    with pytest.raises(ConfigurationError, match="not frozen"):
        require_frozen(reader, keys, "a/2026")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        require_frozen(reader, [keys_of("a/2026").log.verifier], "a/2026")


def test_an_end_that_is_not_in_the_signed_tree_is_none(years: Years):
    """The last bundle is exchanged, the checkpoint is not."""
    first, second, _ = years.logs
    at = "tile/entries/000.p/8"
    (first.root / at).write_bytes((second.root / at).read_bytes())
    with pytest.raises(ConfigurationError, match="cannot be read"):
        require_frozen(DirectoryLog(first.root), years.public_keys(), "a/2026")


def test_the_command_verifies_all_of_them(years: Years, tmp_path: Path):
    (tmp_path / "all.vkey").write_text("".join(f"{key}\n" for key in years.public_keys()))
    command = ["verify", "--log", str(years.logs[2].root), "--key", str(tmp_path / "all.vkey")]
    earlier = [argument for log in years.logs[:2] for argument in ("--predecessor", str(log.root))]
    done = RUN.invoke(ledger_app, [*command, *earlier])
    assert done.exit_code == 0, done.output
    assert "前一账本完整 / earlier log intact: a/2025" in done.stdout
    append_after_the_end(years.logs[0])
    broken = RUN.invoke(ledger_app, [*command, *earlier, "--json"])
    assert (broken.exit_code, '"fault": "frozen"' in broken.stdout) == (1, True)
