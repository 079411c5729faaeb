"""Small lives of a notary whose every crash state is recovered from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from ledger.checkpoint import Checkpoint
from ledger.errors import ConfigurationError
from ledger.fetch import entries
from ledger.log import create_log, open_sequencer
from ledger.publication import Publication
from ledger.sequencer import Sequencer
from ledger.verify import verify_log
from tests.faults.ledger.crash_states import (
    LEFTOVERS,
    RecordingDisk,
    crash_states,
    is_bounded,
)
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, START_MS, judged, notary_keys

KEYS = notary_keys()
SEGMENT_BYTES = 20 << 10
LARGE_BYTES = 30 << 10
ENTRIES_OF_RECOVERY = 3  # key, boot, stop

Progress = Callable[[str], None]


class PublicationInStep(Publication):
    """The real one without its thread: it publishes when told, so that a run repeats itself."""

    def start(self, retire, on_error) -> None:
        self._retire, self._on_error = retire, on_error

    def publish(self) -> None:
        if self._frames:
            self._publish()

    def finish(self) -> None:
        self._ending.set()
        self._publish()


@dataclass(frozen=True)
class Commit:
    count: int = 1
    payload: bytes | None = None


@dataclass(frozen=True)
class Publish:
    """With `commit_before`, a group is committed before that operation of the publication."""

    commit_before: int | None = None


Step = Commit | Publish


@dataclass
class Moment:
    """The disk before a change, and what had been acknowledged by then."""

    disk: RecordingDisk
    acknowledged_size: int
    created: bool = True


@dataclass
class Figures:
    moments: int = 0
    bounded_moments: int = 0
    states: int = 0
    states_of_recoveries: int = 0
    verified: int = 0
    refused_before_creation: int = 0

    def as_json(self) -> dict[str, int]:
        return dict(self.__dict__)


@dataclass
class Life:
    """One process on a disk, and every moment of it."""

    disk: RecordingDisk
    acknowledged_size: int = 0
    moments: list[Moment] = field(default_factory=list)

    def live(self, steps: Sequence[Step], *, watched: bool = True, only_open: bool = False) -> Life:
        if watched:
            self.disk.before_change = self._remember
        with in_step():
            sequencer = open_log(self.disk)
            if only_open:
                self._remember()
                self.disk.before_change = lambda: None
                return self
            sequencer.start()
            self.acknowledged_size = max(self.acknowledged_size, size_of(sequencer))
            for step in steps:
                self._take(step, sequencer)
            sequencer.stop()
        assert sequencer.failure is None
        self._remember()
        self.disk.before_change = lambda: None
        return self

    def _take(self, step: Step, sequencer: Sequencer) -> None:
        match step:
            case Commit():
                self._commit(step, sequencer)
            case Publish(commit_before=None):
                publication_of(sequencer).publish()
            case Publish(commit_before=int(number)):
                before, countdown = self.disk.before_change, iter(range(number, -1, -1))

                def commit_in_between() -> None:
                    if next(countdown, None) == 0:
                        self._commit(Commit(), sequencer)
                    before()

                self.disk.before_change = commit_in_between
                publication_of(sequencer).publish()
                assert next(countdown, None) is None
                self.disk.before_change = before

    def _commit(self, step: Commit, sequencer: Sequencer) -> None:
        drafts = [judged(number, step.payload) for number in range(step.count)]
        (receipt,) = sequencer.commit([drafts])
        self.acknowledged_size = receipt.tree_size

    def _remember(self) -> None:
        self.moments.append(Moment(self.disk.copy(), self.acknowledged_size))


def publication_of(sequencer: Sequencer) -> PublicationInStep:
    publication = sequencer.publication
    assert isinstance(publication, PublicationInStep)
    return publication


def size_of(sequencer: Sequencer) -> int:
    return sequencer._chain.size


@contextmanager
def in_step():
    with patch("ledger.log.Publication", PublicationInStep):
        yield


def open_log(disk: RecordingDisk) -> Sequencer:
    return open_sequencer(
        disk,
        KEYS,
        PROXY_ID,
        clock_ms=lambda: START_MS,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )


def new_log(disk: RecordingDisk) -> None:
    create_log(disk, KEYS, PROXY_ID, now_ms=START_MS, segment_bytes=SEGMENT_BYTES, reserve_bytes=0)


def all_entries(disk: RecordingDisk) -> list[bytes]:
    return [entry for _, entry, _ in entries(disk)]


class Exploration:
    """Recovers from each state once. `verify_every`: of so many states one is verified wholly."""

    def __init__(self, *, verify_every: int = 1, progress: Progress = lambda _: None) -> None:
        self.figures = Figures()
        self._verify_every = verify_every
        self._progress = progress
        self._done: set[bytes] = set()

    def explore(self, moments: Sequence[Moment], original: Sequence[bytes]) -> list[Moment]:
        """Every state of every moment; some of those states, for the crash of the recovery."""
        starts: list[Moment] = []
        # Backwards: a state that two moments share must hold what the later one promised.
        for number, moment in enumerate(reversed(moments)):
            self.figures.moments += 1
            self.figures.bounded_moments += is_bounded(moment.disk)
            states = [found for found in crash_states(moment.disk) if found[0] not in self._done]
            for digest, state in states:
                self._done.add(digest)
                self.figures.states += 1
                self._require_recovery(state.copy(), moment, original)
            starts += [
                Moment(state, moment.acknowledged_size, moment.created)
                for _, state in states[:: max(1, len(states) - 1)]
            ]
            # Killed, not cut off: what was not synced is there, and may still be lost later.
            starts.append(moment)
            self._progress(f"{number + 1} of {len(moments)} moments, {self.figures.states} states")
        return starts

    def explore_recoveries(
        self, starts: Sequence[Moment], original: Sequence[bytes], *, whole_every: int = 20
    ) -> None:
        """Crash states of recoveries: each start is opened again, and cut off while it is.

        Of so many starts one lives on until its boot and stop are published. Until then a recovery
        signs nothing new, so that many of them pass through the same states.
        """
        for number, start in enumerate(starts):
            life = Life(start.disk.copy(), start.acknowledged_size)
            try:
                life.live([], only_open=number % whole_every > 0)
            except ConfigurationError:
                assert not start.created
                continue
            own = all_entries(life.disk)
            common = min(len(own), len(original), start.acknowledged_size)
            assert common == start.acknowledged_size
            assert own[:common] == list(original[:common])
            for moment in reversed(life.moments):
                moment.created = start.created
                for digest, state in crash_states(moment.disk):
                    if digest not in self._done:
                        self._done.add(digest)
                        self.figures.states_of_recoveries += 1
                        self._require_recovery(state, moment, own)
            self._progress(
                f"{number + 1} of {len(starts)} recoveries, "
                f"{self.figures.states_of_recoveries} states"
            )

    def _require_recovery(
        self, disk: RecordingDisk, moment: Moment, original: Sequence[bytes]
    ) -> None:
        """The log is a beginning of what was written, holds every receipt, and forks nothing."""
        reads: list[str] = []
        disk.on_read = reads.append
        with in_step():
            try:
                sequencer = open_log(disk)
            except ConfigurationError:
                assert not moment.created
                self.figures.refused_before_creation += 1
                return
            disk.on_read = lambda _: None
            assert not set(reads) & set(LEFTOVERS)
            recovered = all_entries(disk)
            assert len(recovered) >= moment.acknowledged_size
            assert recovered == original[: len(recovered)]
            sequencer.start()
            sequencer.stop()
        assert sequencer.failure is None
        assert not disk.forks
        if (self.figures.states + self.figures.states_of_recoveries) % self._verify_every == 0:
            self.figures.verified += 1
            seen = [Checkpoint(ORIGIN, size, root) for size, root in disk.known.items()]
            report = verify_log(disk, [KEYS.log.verifier], seen=seen)
            assert report.size == report.published_size == len(recovered) + ENTRIES_OF_RECOVERY


def creation() -> tuple[list[Moment], list[bytes]]:
    """`create_log` and nothing more; what it left must open, or be no log yet."""
    disk, moments = RecordingDisk(), []
    disk.before_change = lambda: moments.append(Moment(disk.copy(), 0, created=False))
    new_log(disk)
    disk.before_change = lambda: None
    moments.append(Moment(disk.copy(), 1))
    return moments, all_entries(disk)


def first_days() -> tuple[list[Moment], list[bytes]]:
    """Groups, segments, publications with a commit in between, a stop, and a second start."""
    disk = RecordingDisk()
    new_log(disk)
    first = Life(disk, 1).live(
        [
            *(Publish(), Commit(), Publish(), Commit(2, b"payload"), Commit()),
            *(Publish(commit_before=9), Commit(payload=bytes(LARGE_BYTES)), Commit(5)),
            *(Commit(payload=bytes(LARGE_BYTES)), Publish(), Commit()),
        ]
    )
    second = Life(disk, first.acknowledged_size).live([Commit(), Publish()])
    return [*first.moments, *second.moments], all_entries(disk)


def across_a_bundle() -> tuple[list[Moment], list[bytes]]:
    """From 253 published entries to 260: full bundle, full tile, the first tile of level 1."""
    disk = RecordingDisk()
    new_log(disk)
    Life(disk).live([Commit(247)], watched=False)
    life = Life(disk, len(all_entries(disk)))
    life.live([Commit(), Publish(), Commit(3), Publish(commit_before=12), Commit(), Publish()])
    return life.moments, all_entries(disk)


RUNS = {"creation": creation, "first days": first_days, "across a bundle": across_a_bundle}
