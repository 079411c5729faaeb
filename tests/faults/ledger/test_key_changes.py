"""A machine that dies while keys change: the next start knows how far it came, and goes on.

Both the log and the key directory lie on disks that forget what was not synced.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from ledger.disk import Disk, LocalDisk
from ledger.entry import parse_entry
from ledger.envelope import Identity
from ledger.fetch import entries
from ledger.header import EntryKind
from ledger.keys import RETIRE_FILE, NotaryKeys, load_keys
from ledger.log import create_log, open_sequencer
from ledger.note import VerifierKey
from ledger.prepare import change_recipients, prepare_successor
from ledger.verify import verify_log
from tests.faults.ledger.simulated_disk import SimulatedDisk
from tests.unit.ledger.small_log import PROXY_ID, START_MS, judged, key_directory

SEGMENT_BYTES = 48 << 10
SECRETS = {"log.key", "entry.key"}


@dataclass
class Machine:
    """The log's disk and that of the keys, and what was acknowledged."""

    log: SimulatedDisk
    keys: SimulatedDisk
    acknowledged_size: int

    def copy(self) -> Machine:
        return Machine(self.log.copy(), self.keys.copy(), self.acknowledged_size)

    def without_power(self, random: Random) -> Machine:
        return Machine(self.log.crashed(random), self.keys.crashed(random), self.acknowledged_size)


def power_cut(moment: Machine, random: Random) -> Machine:
    return moment.without_power(random)


def killed(moment: Machine, _: Random) -> Machine:
    """The process is gone and the machine is not: nothing is forgotten, nor made durable."""
    return moment.copy()


def write_out(disk: SimulatedDisk, directory: Path) -> Path:
    """The key files where `load_keys` can read them."""
    for folder in ("", "recipients/", "retired/"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
        for old in (directory / folder).iterdir():
            if old.is_file():
                old.unlink()
        for name in disk.names(folder.rstrip("/") or "."):
            path = directory / folder / name
            if not path.is_dir() and name not in ("recipients", "retired"):
                path.touch(0o600)
                path.write_bytes(disk.read(f"{folder}{name}"))
    return directory


def read_in(directory: Path) -> SimulatedDisk:
    disk = SimulatedDisk()
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_dir():
            disk.make_folder(name)
            disk.sync_folder(".")
        else:
            handle = disk.create(name, 0)
            disk.write(handle, path.read_bytes(), 0)
            disk.sync(handle)
            disk.sync_folder(name.rpartition("/")[0] or ".")
    return disk


def live(log: SimulatedDisk, keys: NotaryKeys, files: Disk, count: int) -> int:
    sequencer = open_sequencer(
        log,
        keys,
        PROXY_ID,
        clock_ms=lambda: START_MS,
        key_files=files,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )
    sequencer.start()
    (receipt,) = sequencer.commit([[judged(number) for number in range(count)]])
    sequencer.stop()
    assert sequencer.failure is None
    return receipt.tree_size


class Site:
    """A key directory as an operator sees it, a log, and a place to load keys from."""

    def __init__(self, directory: Path) -> None:
        self.directory, keys = key_directory(directory)
        self._scratch = directory / "scratch"
        self.log = SimulatedDisk()
        create_log(
            self.log,
            keys,
            PROXY_ID,
            now_ms=START_MS,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=0,
        )
        self.genesis_key = keys.log.verifier
        self.new_recipient = Identity.generate("supervisor").recipient

    def start(self) -> None:
        keys = load_keys(self.directory, PROXY_ID)
        live(self.log, keys, LocalDisk(self.directory), 2)

    def machine(self) -> Machine:
        return Machine(self.log, read_in(self.directory), 0)

    def life(self, machine: Machine, keep: Callable[[], bool]) -> list[Machine]:
        """Start and stop it; the moments before changes of either disk that are to be kept."""
        moments: list[Machine] = []
        mutex = threading.Lock()

        def remember() -> None:
            with mutex:
                if keep():
                    moments.append(machine.copy())

        keys = load_keys(write_out(machine.keys, self._scratch), PROXY_ID)
        machine.log.before_change = machine.keys.before_change = remember
        machine.acknowledged_size = live(machine.log, keys, machine.keys, 2)
        machine.log.before_change = machine.keys.before_change = lambda: None
        return moments


def entry_key(site: Site) -> None:
    prepare_successor(site.directory, "entry")


def log_key(site: Site) -> None:
    prepare_successor(site.directory, "log")


def retirement(site: Site) -> None:
    log_key(site)
    site.start()
    old = VerifierKey.parse((site.directory / "log.vkey").read_text())
    (site.directory / RETIRE_FILE).write_text(old.id.hex())


def recipients(site: Site) -> None:
    change_recipients(site.directory, [site.new_recipient], [])


def all_at_once(site: Site) -> None:
    retirement(site)
    entry_key(site)
    recipients(site)


ANNOUNCED = {
    entry_key: ["entry"],
    log_key: ["log"],
    retirement: ["log", "log-retired"],
    recipients: ["recipients"],
    all_at_once: ["log", "entry", "log-retired", "recipients"],
}


def require_whole(site: Site, machine: Machine, announced: list[str]) -> None:
    """All of the change is made, once; all verifies; no old secret is left."""
    found = []
    for _, data, _ in entries(machine.log):
        entry = parse_entry(data)[0]
        if entry.kind is EntryKind.KEY and entry.header["purpose"] != "epoch":
            found.append(entry.header["purpose"])
    assert found == announced
    names = set(machine.keys.names("."))
    keys = load_keys(write_out(machine.keys, site.directory.parent / "judged"), PROXY_ID)
    in_overlap = "log" in announced and "log-retired" not in announced
    secrets = SECRETS | {"log.next.key"} if in_overlap else SECRETS
    assert {name for name in names if name.endswith(".key")} == secrets | {"pseudonym.key"}
    assert ("log.next.vkey" in names, RETIRE_FILE in names) == (in_overlap, False)
    assert (keys.entry.verifier, keys.log.verifier) == (
        VerifierKey.parse(machine.keys.read("entry.vkey").decode()),
        VerifierKey.parse(machine.keys.read("log.vkey").decode()),
    )
    report = verify_log(machine.log, [keys.log.verifier])
    assert report.size == report.published_size >= machine.acknowledged_size


@pytest.mark.parametrize("ends", [power_cut, killed])
@pytest.mark.parametrize("change", ANNOUNCED)
def test_a_change_that_was_cut_short_is_finished(tmp_path: Path, change, ends):
    site, random = Site(tmp_path), Random(0)
    site.start()
    change(site)
    moments = site.life(site.machine(), lambda: True)
    assert len(moments) > 40
    for moment in moments:
        after = ends(moment, random)
        before_size = after.acknowledged_size
        site.life(after, lambda: False)
        assert after.acknowledged_size >= before_size
        require_whole(site, after, ANNOUNCED[change])


def test_and_so_is_one_whose_finishing_was_cut_short(tmp_path: Path):
    site, random = Site(tmp_path), Random(1)
    site.start()
    all_at_once(site)
    first = site.life(site.machine(), lambda: random.random() < 0.2)
    for moment in first:
        second = site.life(power_cut(moment, random), lambda: random.random() < 0.05)
        for later in second:
            after = power_cut(later, random)
            site.life(after, lambda: False)
            require_whole(site, after, ANNOUNCED[all_at_once])
