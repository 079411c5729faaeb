"""How long an exchange took beyond what the database took. Pure: the clock is passed in."""

from __future__ import annotations


class Stopwatch:
    """One exchange at a time: from the client's first byte until nothing is under way.

    The database is at work from what it is first sent until what it says last. The rest is ours:
    judging before, waiting for the record before or after. Where a client does not wait for
    answers, our part in between counts as the database's. All times are seconds of one clock that
    never goes back.
    """

    __slots__ = ("_answered_at", "_asked_at", "_sent_at")

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._sent_at: float | None = None
        self._answered_at = 0.0

    def asked(self, now: float) -> None:
        """The client sent something."""
        if self._asked_at is None:
            self._asked_at = now

    def sent(self, now: float) -> None:
        """Something went to the database."""
        if self._sent_at is None and self._asked_at is not None:
            self._sent_at = now

    def answered(self, now: float) -> None:
        """The database said something."""
        self._answered_at = now

    def finished(self, now: float) -> float | None:
        """Our part of the exchange that ends now; None where the database had none in it."""
        asked_at, sent_at = self._asked_at, self._sent_at
        self._asked_at = self._sent_at = None
        if asked_at is None or sent_at is None:
            return None
        return (sent_at - asked_at) + (now - max(self._answered_at, sent_at))
