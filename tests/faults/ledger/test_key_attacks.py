"""Who stole a key that was in force once, or writes what only the notary may: what readers say."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.chain import Chain, Change, NewEntryKey, NewLogKey, NewRecipients, judge_draft
from ledger.checkpoint import open_checkpoint
from ledger.disk import LocalDisk
from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.keys import NotaryKeys, load_keys
from ledger.note import SigningKey, VerifierKey, joint_signer
from ledger.prepare import change_recipients, prepare_successor
from ledger.publish import Publisher
from ledger.recovery import recover
from ledger.rotation import Purpose, signing_key_header
from ledger.verify import Fault, LogInvalid, Report, verify_log
from ledger.wire import RawDraft
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PROXY_ID, START_MS, SmallLog, judged

STRANGER = Identity.generate("supervisor").recipient


def fault_of(root: Path, keys: Sequence[VerifierKey]) -> tuple[Fault, int | None]:
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(root), keys)
    return invalid.value.fault, invalid.value.index


class Rotated:
    """A log with both keys changed; every private key is kept, as a thief would."""

    def __init__(self, directory: Path) -> None:
        self.log = RotatingLog(directory).once()
        self.old = load_keys(self.log.directory, PROXY_ID)
        self.in_overlap = self._change(("entry", "log"), directory / "in-overlap")
        self.overlapping = load_keys(self.log.directory, PROXY_ID)
        self.log.retire()
        self.log.once()
        self.new = load_keys(self.log.directory, PROXY_ID)

    def _change(self, keys: Sequence, kept: Path) -> Path:
        for what in keys:
            prepare_successor(self.log.directory, what)
        self.log.once()
        shutil.copytree(self.log.root, kept)
        return kept

    @property
    def old_key(self) -> VerifierKey:
        return self.old.log.verifier

    @property
    def new_key(self) -> VerifierKey:
        return self.new.log.verifier


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Rotated:
    return Rotated(tmp_path_factory.mktemp("rotated"))


def report(root: Path, *keys: VerifierKey) -> Report:
    return verify_log(DirectoryLog(root), keys)


def test_either_key_will_do_while_both_sign_and_then_the_newer(rotated: Rotated):
    old, new = rotated.old_key, rotated.new_key
    for keys in ([old], [new], [old, new]):
        found = report(rotated.in_overlap, *keys)
        assert (found.log_keys, [key for key, _ in found.succeeded]) == ((old, new), [old])
        assert set(found.not_given) == {old, new} - set(keys)
    for keys in ([new], [new, old]):
        found = report(rotated.log.root, *keys)
        assert (found.log_keys, found.not_given) == (
            (new,),
            tuple(key for key in (old,) if key not in keys),
        )


def test_who_has_only_the_retired_key_is_told_which_one_followed(rotated: Rotated):
    ((_, index),) = report(rotated.log.root, rotated.new_key).succeeded
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(rotated.log.root), [rotated.old_key])
    assert (invalid.value.fault, invalid.value.index) == (Fault.RETIRED, index)
    assert str(rotated.new_key) in invalid.value.detail
    assert "by a way you trust" in invalid.value.detail


def test_a_key_that_the_log_does_not_name_is_pointed_out(rotated: Rotated):
    other = SigningKey(rotated.new_key.name, b"z" * 32).verifier
    assert report(rotated.log.root, rotated.new_key, other).unknown == (other,)
    assert fault_of(rotated.log.root, [other])[0] is Fault.CHECKPOINT


def continued(root: Path, keys: NotaryKeys, signers: Sequence[SigningKey]) -> Path:
    """Append to a copy of a log, published as a whole, its checkpoint signed by whom we like."""
    disk = LocalDisk(root)
    found = recover(disk, keys)
    chain = Chain(keys, PROXY_ID, found.frontier, found.previous)
    chain._sign_checkpoint = joint_signer([key.signer() for key in signers])
    frame = chain.extend([judged(payload=None)], START_MS)
    Publisher(disk, found.edge).publish([*found.unpublished, frame])
    shutil.rmtree(root / ".state/wal")
    return root


def test_a_tail_signed_with_a_stolen_retired_key(rotated: Rotated, tmp_path: Path):
    """Onto the log as it is, and onto a copy from before the key was retired."""
    new, old = rotated.new_key, rotated.old_key
    shutil.copytree(rotated.log.root, tmp_path / "now")
    now = continued(tmp_path / "now", rotated.new, [rotated.old.log])
    assert fault_of(now, [new])[0] is Fault.CHECKPOINT
    assert fault_of(now, [new, old])[0] is Fault.CHECKPOINT
    assert fault_of(now, [old])[0] is Fault.CHECKPOINT
    shutil.copytree(rotated.in_overlap, tmp_path / "before")
    before = continued(tmp_path / "before", rotated.overlapping, [rotated.old.log])
    assert fault_of(before, [new])[0] is Fault.CHECKPOINT
    assert fault_of(before, [new, old])[0] is Fault.CHECKPOINT
    assert fault_of(before, [old])[0] is Fault.CHECKPOINT


def test_a_log_cut_before_its_key_was_followed_needs_a_memory(rotated: Rotated, tmp_path: Path):
    """With both old keys a thief can do all that was possible then, for who trusts the old key."""
    log = SmallLog(tmp_path / "log", rotated.old).create().open()
    log.append(1)
    log.close()
    assert report(log.root, rotated.old_key).size == 5
    assert fault_of(log.root, [rotated.new_key])[0] is Fault.CHECKPOINT
    assert report(log.root, rotated.old_key, rotated.new_key).unknown == (rotated.new_key,)
    kept = open_checkpoint((rotated.in_overlap / "checkpoint").read_bytes(), [rotated.old_key])
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(log.root), [rotated.old_key], seen=[kept])
    assert invalid.value.fault is Fault.ROLLBACK


@pytest.mark.parametrize("missing", [0, 1])
def test_a_checkpoint_of_the_overlap_with_one_line_missing(
    rotated: Rotated, tmp_path: Path, missing: int
):
    shutil.copytree(rotated.in_overlap, tmp_path / "log")
    path = tmp_path / "log/checkpoint"
    text, _, lines = path.read_bytes().rpartition(b"\n\n")
    kept = lines.splitlines(keepends=True)
    del kept[missing]
    path.write_bytes(text + b"\n\n" + b"".join(kept))
    for keys in ([rotated.new_key], [rotated.old_key, rotated.new_key]):
        assert fault_of(tmp_path / "log", keys)[0] is Fault.CHECKPOINT
    # Without its own key's line a reader cannot tell it from a log that is past the overlap.
    asked = Fault.RETIRED if missing == 0 else Fault.CHECKPOINT
    assert fault_of(tmp_path / "log", [rotated.old_key])[0] is asked


def test_a_frame_of_the_overlap_signed_by_one_key(rotated: Rotated, tmp_path: Path):
    """In the write-ahead log, beyond what is published."""
    shutil.copytree(rotated.in_overlap, tmp_path / "log")
    log = SmallLog(tmp_path / "log", rotated.overlapping)
    sequencer = log.prepare()
    sequencer._chain._sign_checkpoint = rotated.old.log.signer()
    frame = sequencer._chain.extend([judged(payload=None)], START_MS)
    sequencer._make_durable(frame)
    log.disk.unlock()
    assert fault_of(log.root, [rotated.old_key]) == (Fault.CHECKPOINT, frame.first_index)


def announced_wrongly(
    rotated: Rotated, root: Path, change: Change, drop: int, monkeypatch: pytest.MonkeyPatch
) -> int:
    """The chain announces; a line of signature is left out, and all that follows fits."""
    shutil.copytree(rotated.log.root, root)
    disk = LocalDisk(root)
    found = recover(disk, rotated.new)
    chain = Chain(rotated.new, PROXY_ID, found.frontier, found.previous)
    honest = chain._announcement

    def without_one(change):
        header, witnesses = honest(change)
        return header, tuple(key for at, key in enumerate(witnesses) if at != drop)

    monkeypatch.setattr(chain, "_announcement", without_one)
    frame = chain.announce(change, START_MS)
    Publisher(disk, found.edge).publish([frame])
    shutil.rmtree(root / ".state/wal")
    return frame.first_index


@pytest.mark.parametrize(
    ("what", "drop"),
    [("entry", 0), ("log", 0), ("log", 1)],
    ids=["entry, new", "log, old", "log, new"],
)
def test_a_key_announced_without_a_signature_it_needs(
    rotated: Rotated, tmp_path: Path, what: str, drop: int, monkeypatch: pytest.MonkeyPatch
):
    name = {"entry": rotated.new.entry.name, "log": rotated.new.log.name}[what]
    key = SigningKey(name, b"w" * 32)
    change = NewEntryKey(key) if what == "entry" else NewLogKey(key)
    index = announced_wrongly(rotated, tmp_path / "log", change, drop, monkeypatch)
    assert fault_of(tmp_path / "log", [rotated.new_key]) == (Fault.KEY, index)


def test_an_entry_signed_with_a_stolen_retired_entry_key(rotated: Rotated, tmp_path: Path):
    shutil.copytree(rotated.log.root, tmp_path / "log")
    disk = LocalDisk(tmp_path / "log")
    found = recover(disk, rotated.new)
    keys = NotaryKeys(
        rotated.new.log, rotated.old.entry, rotated.new.pseudonyms, rotated.new.recipients
    )
    frame = Chain(keys, PROXY_ID, found.frontier, found.previous).extend(
        [judged(payload=None)], START_MS
    )
    Publisher(disk, found.edge).publish([frame])
    shutil.rmtree(tmp_path / "log/.state/wal")
    assert fault_of(tmp_path / "log", [rotated.new_key]) == (Fault.ALTERED, frame.first_index)


def test_a_payload_for_a_recipient_who_was_removed(rotated: Rotated, tmp_path: Path):
    """The notary goes on with the data key of before, as if nobody had been removed."""
    shutil.copytree(rotated.log.root, tmp_path / "log")
    disk = LocalDisk(tmp_path / "log")
    found = recover(disk, rotated.new)
    chain = Chain(rotated.new, PROXY_ID, found.frontier, found.previous)
    frames = [chain.extend([chain.epoch_draft(START_MS), judged()], START_MS)]
    epoch = chain._epoch
    _, kept = rotated.new.recipients
    frames.append(chain.announce(NewRecipients((kept, STRANGER)), START_MS))
    chain._epoch = epoch
    frames.append(chain.extend([judged()], START_MS))
    Publisher(disk, found.edge).publish(frames)
    shutil.rmtree(tmp_path / "log/.state/wal")
    expected = (Fault.EPOCH, frames[-1].first_index)
    assert fault_of(tmp_path / "log", [rotated.new_key]) == expected


def test_changes_of_keys_are_followed_from_bundle_to_bundle(tmp_path: Path):
    """By workers too, which are asked before it is known what the runs before theirs change."""
    log = RotatingLog(tmp_path)
    for change in ("entry", "log", "recipients", "entry"):
        log.once(400)
        if change == "recipients":
            gone = log.keys.recipients[0].id
            change_recipients(log.directory, [STRANGER], [gone])
        else:
            prepare_successor(log.directory, "entry" if change == "entry" else "log")
    log.once(400)
    key = VerifierKey.parse(log.vkey("log.vkey"))
    reports = [
        verify_log(DirectoryLog(log.root), [key], process_count=count, signatures=signatures)
        for count in (0, 2)
        for signatures in (True, False)
    ]
    assert [each.size for each in reports] == [len(log.key_entries()) + 5 * 403 + 1] * 4
    assert len({(each.root, each.log_keys) for each in reports}) == 1
    log.freeze()
    assert verify_log(DirectoryLog(log.root), [key], process_count=2).ended is not None


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.LOG])
def test_a_worker_changes_no_keys(purpose: Purpose):
    key = SigningKey("ledger.example/agency1", b"w" * 32).verifier
    line = encode_header(EntryKind.KEY, signing_key_header(purpose, key))
    with pytest.raises(FormatError, match="only the notary"):
        judge_draft(RawDraft(line, None))
    end = encode_header(EntryKind.HEARTBEAT, {"state": "frozen"})
    with pytest.raises(FormatError, match="only the notary"):
        judge_draft(RawDraft(end, None))


class History:
    """What an operator may do, and which log keys a reader can then verify with."""

    def __init__(self, directory: Path) -> None:
        self.log = RotatingLog(directory)
        self.in_force = [load_keys(self.log.directory, PROXY_ID).log.verifier]
        self.former: list[VerifierKey] = []
        self.prepared: VerifierKey | None = None
        self.retiring = False

    def entry_key(self) -> None:
        if not (self.log.directory / "entry.next.key").exists():
            prepare_successor(self.log.directory, "entry")

    def log_key(self) -> None:
        if not (self.log.directory / "log.next.key").exists():
            self.prepared = prepare_successor(self.log.directory, "log")

    def retire(self) -> None:
        if len(self.in_force) > 1:
            self.log.retire()
            self.retiring = True

    def recipients(self) -> None:
        known = load_keys(self.log.directory, PROXY_ID).recipients
        change_recipients(self.log.directory, [Identity.generate("r").recipient], [known[0].id])

    def start(self) -> None:
        self.log.once()
        if self.retiring:
            self.former.append(self.in_force.pop(0))
            self.retiring = False
        if self.prepared is not None:
            self.in_force.append(self.prepared)
            self.prepared = None

    def require(self) -> None:
        root = self.log.root
        for key in self.in_force:
            assert report(root, key).log_keys == tuple(self.in_force)
        for key in self.former:
            assert fault_of(root, [key])[0] is Fault.RETIRED
            assert report(root, key, self.in_force[-1]).size == report(root, *self.in_force).size
        if self.prepared is not None:
            assert fault_of(root, [self.prepared])[0] is Fault.CHECKPOINT
            assert report(root, self.prepared, *self.in_force).unknown == (self.prepared,)


ACTIONS = st.lists(
    st.sampled_from(["entry_key", "log_key", "retire", "recipients", "start"]), max_size=9
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions=ACTIONS)
def test_any_history_of_keys_verifies_with_those_in_force(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
):
    history = History(tmp_path_factory.mktemp("history"))
    for action in [*actions, "start"]:
        getattr(history, action)()
        history.require()
