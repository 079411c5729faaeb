"""A weakened session has to be caught: each weakening within the sessions that every run plays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from proxy.result.walker import Walker
from proxy.session import outflow, session
from proxy.session.copying import Rows
from proxy.session.gate import Gate
from proxy.session.intake import Intake
from proxy.session.judge import Judge
from proxy.session.mirror import Mirror
from proxy.session.names import Names
from proxy.session.operation import Kind
from proxy.session.outbox import Outbox
from proxy.session.outflow import Outflow
from proxy.session.portals import Portals
from proxy.session.refusals import Poison
from proxy.session.settling import Settling
from proxy.wire.postgres import frontend
from proxy.wire.postgres.framer import Framer
from tests.fuzzing.playing import sessions

SESSIONS_COUNT: Final = 3_000

Patch = Callable[[pytest.MonkeyPatch], None]


def wrapped(patch: pytest.MonkeyPatch, owner: object, name: str, around: Callable) -> None:
    """`around` is given the original and its arguments."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **more: around(original, *args, **more))


def one_record_too_early(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, Gate, "open", lambda original, gate, number: original(gate, number + 1))


def nothing_is_held(patch: pytest.MonkeyPatch) -> None:
    wrapped(
        patch,
        Gate,
        "hold",
        lambda original, gate, _, *args, **more: original(gate, 0, *args, **more),
    )


def held_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def hold(original, gate, watermark, data, units=(), *, whole=True):
        if watermark <= gate.durable_number or len(gate._held) < 2:
            original(gate, watermark, data, units, whole=whole)

    wrapped(patch, Gate, "hold", hold)


def the_last_held_leaves_first(patch: pytest.MonkeyPatch) -> None:
    def hold(original, gate, *args, **more):
        original(gate, *args, **more)
        gate._held.rotate(1)

    wrapped(patch, Gate, "hold", hold)


def writes_do_not_wait(patch: pytest.MonkeyPatch) -> None:
    def send(original, self, raw, operation, *, recorded=False):
        return original(self, raw, operation, recorded=True)

    wrapped(patch, Intake, "_send_in_time", send)


def what_waits_is_sent_for_any_record(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, Intake, "durable", lambda original, self, number: original(self, number + 1))


def discarding_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def fail(original, self, sqlstate):
        original(self, sqlstate)
        self.discarding = False

    wrapped(patch, Mirror, "fail", fail)


def discarding_never_ends(patch: pytest.MonkeyPatch) -> None:
    def sync(original, self, raw):
        was = self._mirror.discarding
        taken = original(self, raw)
        self._mirror.discarding = was
        return taken

    patch.setattr(Intake, "_sync", lambda self, raw, o=Intake._sync: sync(o, self, raw))


def the_poison_is_another(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Poison, "text", property(lambda self: b"rows:1"))


def the_refused_is_sent(patch: pytest.MonkeyPatch) -> None:
    def judge(original, self, raw, **more):
        judged = original(self, raw, **more)
        return judged if judged is None or judged.upstream else replace(judged, upstream=raw)

    wrapped(patch, Judge, "judge", judge)


def what_was_written_is_sent(patch: pytest.MonkeyPatch) -> None:
    def judge(original, self, raw, **more):
        judged = original(self, raw, **more)
        return judged if judged is None or not judged.upstream else replace(judged, upstream=raw)

    wrapped(patch, Judge, "judge", judge)


def a_portal_is_recorded_once(patch: pytest.MonkeyPatch) -> None:
    def execute(original, self, raw):
        portal = self._mirror.portals.get(frontend.decode_execute(raw).portal)
        unit = portal.unit if portal is not None else None
        taken = original(self, raw)
        if portal is not None and unit is not None:
            portal.unit = unit
        return taken

    patch.setattr(
        Intake,
        "_execute",
        lambda self, raw, original=Intake._execute: execute(original, self, raw),
    )


def the_last_row_is_cut_off(patch: pytest.MonkeyPatch) -> None:
    def feed(original, self, chunk):
        walk = original(self, chunk)
        short = len(walk.stretches) > 3 and walk.stretches[-1].tag == ord("s")
        return replace(walk, stretches=walk.stretches[:-1]) if short else walk

    wrapped(patch, Walker, "feed", feed)


def rows_are_miscounted(patch: pytest.MonkeyPatch) -> None:
    def walk(original, self, data):
        found = original(self, data)
        more = tuple(
            replace(each, rows_count=each.rows_count + (each.rows_count > 1))
            for each in found.stretches
        )
        return replace(found, stretches=more)

    wrapped(patch, Walker, "_walk", walk)


def errors_keep_their_text(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outflow, "scrub_error", lambda raw: raw)


def what_ends_a_transaction_is_not_guarded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Mirror, "guarded", property(lambda self: self._guarded_count > 0))


def only_commit_ends_a_transaction(patch: pytest.MonkeyPatch) -> None:
    def guarded(self):
        plain = self._operations and self._operations[0].plain
        return self._guarded_count > 0 or (self._guarded_transaction and not plain)

    patch.setattr(Mirror, "guarded", property(guarded))


def notifications_pass(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, Outflow, "_follow", lambda original, self, tag, raw: (
        None if tag == ord("A") else original(self, tag, raw)
    ))  # fmt: skip


def prepared_ones_are_not_judged_again(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, Judge, "judge_again", lambda _, self, statement: statement.plan.decision)


def rows_are_taken_for_statements(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rows, "wanted", property(lambda self: False))


def a_copy_is_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rows, "undecided", property(lambda self: False))


def a_sync_among_rows_is_sent(patch: pytest.MonkeyPatch) -> None:
    def passed(original, self, frame):
        return frame.raw if frame.tag == frontend.SYNC else original(self, frame)

    wrapped(patch, Rows, "passed", passed)


def no_flush_is_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frontend, "FLUSH_MESSAGE", b"")


def nothing_settles(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Settling, "awaited", property(lambda self: None))


def what_was_just_sent_is_not_known(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Names, "get", lambda self, name: self._known.get(name))


def what_was_just_sent_is_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Intake, "_must_await", lambda self, change: False)


def names_are_true_when_sent(patch: pytest.MonkeyPatch) -> None:
    def settle(original, self, change, *, done):
        original(self, change, done=True)

    wrapped(patch, Names, "settle", settle)


def the_end_is_not_final(patch: pytest.MonkeyPatch) -> None:
    def from_server(original, self, data):
        self._over = False
        return original(self, data)

    wrapped(patch, session.Session, "from_server", from_server)


def half_a_message_is_taken(patch: pytest.MonkeyPatch) -> None:
    def take(original, self):
        frame = original(self)
        if frame is not None and frame.tag == frontend.COPY_DATA and len(frame.raw) > 12:
            return replace(frame, raw=frame.raw[:-1])
        return frame

    wrapped(patch, Framer, "take", take)


def units_are_closed_twice(patch: pytest.MonkeyPatch) -> None:
    def settle(original, self, operation):
        original(self, operation)
        if operation.unit is not None and operation.kind is Kind.EXECUTE:
            self.finished.append(operation.unit)

    wrapped(patch, Mirror, "_settle_unit", settle)


def what_was_not_executed_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Portals, "drop", Names.drop)


def what_needs_no_record_overtakes_what_does(patch: pytest.MonkeyPatch) -> None:
    def put(original, self, raw, *, needed=0, number=0):
        held, self._held = self._held, deque()
        original(self, raw, needed=needed, number=number)
        held.extend(self._held)
        self._held = held

    wrapped(patch, Outbox, "put", put)


def what_the_server_skips_is_reported_at_once(patch: pytest.MonkeyPatch) -> None:
    def hold(original, self, watermark, data, units=(), *, whole=True):
        original(self, watermark if data else 0, data, units, whole=whole)

    wrapped(patch, Gate, "hold", hold)


WEAKENINGS: list[Patch] = [
    what_was_not_executed_is_forgotten,
    what_needs_no_record_overtakes_what_does,
    what_the_server_skips_is_reported_at_once,
    one_record_too_early,
    nothing_is_held,
    held_is_forgotten,
    the_last_held_leaves_first,
    writes_do_not_wait,
    what_waits_is_sent_for_any_record,
    discarding_is_forgotten,
    discarding_never_ends,
    the_poison_is_another,
    the_refused_is_sent,
    what_was_written_is_sent,
    a_portal_is_recorded_once,
    the_last_row_is_cut_off,
    rows_are_miscounted,
    errors_keep_their_text,
    what_ends_a_transaction_is_not_guarded,
    only_commit_ends_a_transaction,
    notifications_pass,
    prepared_ones_are_not_judged_again,
    rows_are_taken_for_statements,
    a_copy_is_not_waited_for,
    a_sync_among_rows_is_sent,
    no_flush_is_sent,
    nothing_settles,
    what_was_just_sent_is_not_known,
    what_was_just_sent_is_not_waited_for,
    names_are_true_when_sent,
    the_end_is_not_final,
    half_a_message_is_taken,
    units_are_closed_twice,
]


@pytest.mark.parametrize("weaken", WEAKENINGS, ids=lambda weaken: weaken.__name__)
def test_it_is_found(monkeypatch, weaken: Patch):
    weaken(monkeypatch)
    with pytest.raises(AssertionError):
        sessions(1, SESSIONS_COUNT)


def test_the_sound_session_has_nothing_to_find():
    sessions(1, SESSIONS_COUNT)
