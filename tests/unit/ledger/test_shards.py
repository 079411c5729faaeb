import json
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cli import ledger_app
from ledger.erase import Earlier, Erased, erase
from ledger.erasure import Order
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog, entries
from ledger.keys import NotaryKeys, init_keys, load_keys
from ledger.note import SigningKey, VerifierKey
from ledger.shards import continued, require_frozen, shard_of, verify_earlier
from ledger.tile import decode_payload_bundle, encode_payload_bundle
from ledger.verify import Fault, LogInvalid, Report
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES, SmallLog, identities, notary_keys


def keys_in(directory: Path, origin: str) -> NotaryKeys:
    recipients = [identity.recipient for identity in identities()]
    return init_keys(directory, origin=origin, proxy_id=PROXY_ID, recipients=recipients)


def keys_of(origin: str) -> NotaryKeys:
    base = notary_keys()
    entry = SigningKey(f"{origin}/proxy/{PROXY_ID}", origin.encode().ljust(32, b"e")[:32])
    log = SigningKey(origin, origin.encode().ljust(32, b"l")[:32])
    return NotaryKeys(log, entry, base.pseudonyms, base.recipients)


ORIGINS = ["a/2025", "a/2026", "a/2027"]


class Years:
    """Three logs, each of which continues the one before."""

    def __init__(self, directory: Path, count: int = 3) -> None:
        self.directory = directory
        self.logs: list[SmallLog] = []
        for _ in range(count):
            self.go_on()

    def go_on(self) -> None:
        """Freeze the last one, and begin the next."""
        origin, last = ORIGINS[len(self.logs)], None
        if self.logs:
            before = self.logs[-1]
            before.prepare().freeze(origin)
            before.disk.unlock()
            last = require_frozen(DirectoryLog(before.root), self.public_keys(before), origin)
        log = SmallLog(self.directory / origin.replace("/", "-"), keys_of(origin))
        log.create(predecessor=last).open().append(3)
        self.logs.append(log.close())

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


# -- payloads that go from a frozen log -----------------------------------------------------------

ORDER = Order("2027-3", "某某市人民检察院", "刑事诉讼法 286")


def erase_from(years: Years, of: int, *indices: int, by: int = 2) -> Erased:
    """From the log of one year, recorded in that of another."""
    log, frozen = years.logs[by], years.logs[of]
    shards = [shard_of(DirectoryLog(each.root)) for each in years.logs[of:by]]
    *between, shard = continued(DirectoryLog(log.root), shards)
    earlier = Earlier(shard, frozen.disk, tuple(each.reader for each in between))
    try:
        return erase(
            log.disk,
            DirectoryLog(log.root),
            log.keys,
            PROXY_ID,
            indices,
            ORDER,
            earlier=earlier,
            clock_ms=log.clock,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=0,
        )
    finally:
        log.disk.unlock()
        frozen.disk.unlock()


def payloads_of(log: SmallLog) -> dict[int, bytes]:
    return {index: found for index, _, found in entries(DirectoryLog(log.root)) if found}


def test_an_order_in_the_log_that_goes_on_erases_from_a_frozen_one(years: Years):
    first, second, newest = years.logs
    before = payloads_of(first)
    one, two, *others = sorted(before)
    assert erase_from(years, 0, one, two).recorded == (one, two)
    assert sorted(payloads_of(first)) == others
    held = [path for path in first.root.rglob("*") if path.is_file()]
    assert not [path for path in held if before[one] in path.read_bytes()]
    assert newest.verify().erased_earlier == {"a/2025": {one, two}}
    erased = {report.origin: report.payloads_erased_count for report in years.verify(first, second)}
    assert erased == {"a/2026": 0, "a/2025": 2}
    with pytest.raises(LogInvalid, match="if a later one does") as alone:
        first.verify()
    assert (alone.value.fault, alone.value.index) == (Fault.PAYLOAD_GONE, one)
    with pytest.raises(ConfigurationError, match="erased already, by order"):
        erase_from(years, 0, one)


def test_an_order_excuses_nothing_else_and_no_other_log(years: Years):
    first, second, _ = years.logs
    one, two = sorted(payloads_of(first))[:2]
    erase_from(years, 0, one)
    for log, index in ((first, two), (second, one)):
        saved = {path: path.read_bytes() for path in (log.root / "payload").rglob("*.p/*")}
        for path, data in saved.items():
            held = decode_payload_bundle(data, int(path.name))
            held[index : index + 1] = [b""] * (index < len(held))
            path.write_bytes(encode_payload_bundle(held))
        with pytest.raises(LogInvalid) as found:
            years.verify(first, second)
        assert (found.value.fault, found.value.index) == (Fault.PAYLOAD_GONE, index)
        for path, data in saved.items():
            path.write_bytes(data)
    assert len(years.verify(first, second)) == 2


def test_what_was_recorded_and_not_done_is_finished_by_a_later_log(tmp_path: Path):
    """It was killed behind the record; then that log, too, was frozen."""
    years = Years(tmp_path, count=2)
    first, second = years.logs[:2]
    one = min(payloads_of(first))
    with (
        patch("ledger.erase._remove", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        erase_from(years, 0, one, by=1)
    assert one in payloads_of(first)
    years.go_on()
    done = erase_from(years, 0, one)
    assert (done.recorded, done.finished) == ((), (one,))
    assert years.logs[2].verify().erased_earlier == {}
    assert [report.payloads_erased_count for report in years.verify(first, second)] == [0, 1]


def test_a_copy_of_a_frozen_log_is_made_with_those_that_know_the_order(
    years: Years, tmp_path: Path
):
    first, second, newest = years.logs
    (tmp_path / "all.vkey").write_text("".join(f"{key}\n" for key in years.public_keys()))
    copying = ["backup", "--log", first.root, "--key", tmp_path / "all.vkey"]
    copying += ["--output", tmp_path / "copy"]
    assert RUN.invoke(ledger_app, list(map(str, copying))).exit_code == 0
    one = min(payloads_of(first))
    erase_from(years, 0, one)
    for later, code in (
        ([], 1),
        ([newest], 2),
        ([second, newest], 2),
        ([second], 1),
        ([newest, second], 0),
    ):
        words = [word for log in later for word in ("--later", log.root)]
        done = RUN.invoke(ledger_app, list(map(str, [*copying, *words])))
        assert done.exit_code == code, done.output
    assert one not in {i for i, _, held in entries(DirectoryLog(tmp_path / "copy")) if held}


def test_a_log_that_does_not_continue_it_records_nothing(years: Years):
    first, second, newest = years.logs
    size = newest.verify().size
    with pytest.raises(ConfigurationError, match="a/2027 does not continue a/2025"):
        continued(DirectoryLog(newest.root), [shard_of(DirectoryLog(first.root))])
    replace_by_an_older_copy(years, second.root.parent)
    with pytest.raises(ConfigurationError, match="not as it was when it was frozen"):
        erase_from(years, 0, 3)
    assert newest.verify().size == size


def test_the_command_erases_from_a_frozen_log(tmp_path: Path):
    def run(*arguments: object) -> str:
        done = RUN.invoke(ledger_app, [str(each) for each in arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    folders = [tmp_path / f"keys{number}" for number in range(3)]
    roots = [tmp_path / origin.replace("/", "-") for origin in ORIGINS]
    for number, (origin, root) in enumerate(zip(ORIGINS, roots, strict=True)):
        log = SmallLog(root, keys_in(folders[number], origin))
        last = None
        if number:
            before = roots[number - 1]
            keys = load_keys(folders[number - 1], PROXY_ID)
            run("freeze", "--log", before, "--keys", folders[number - 1])
            last = require_frozen(DirectoryLog(before), [keys.log.verifier], origin)
        log.create(predecessor=last).open().append(3)
        log.close()
    public = "".join(f"{load_keys(each, PROXY_ID).log.verifier}\n" for each in folders)
    (tmp_path / "all.vkey").write_text(public)
    order = ["--order", "2027-3", "--authority", "court", "--yes", "--keys", folders[2]]
    erased = ["erase", "3", "--log", roots[2], "--of", roots[0], *order]
    refused = RUN.invoke(ledger_app, [str(each) for each in erased])
    assert (refused.exit_code, "does not continue" in refused.stderr) == (2, True), refused.output
    run(*erased, "--predecessor", roots[1])
    verify = ["verify", "--log", roots[2], "--key", tmp_path / "all.vkey"]
    verify += [word for root in roots[:2] for word in ("--predecessor", root)]
    assert "from the earlier log a/2025: 1" in run(*verify)
    report = json.loads(run(*verify, "--json"))
    assert report["erased_earlier_counts"] == {"a/2025": 1}
    assert report["earlier"][-1]["payloads_erased_count"] == 1
