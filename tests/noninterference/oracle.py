"""Two databases, one with sealed rows and one without: may a client tell which one it asks?

    ours      the proxy in front of D, where sealed rows are
    theirs    D' directly: sealed rows deleted, masks applied
    control   the proxy in front of D', and the notices that lifted a seal; asked only where the two
              above differ

An expression that fails on a visible row may fail in one plan and not be reached in another. Such
an answer depends on the plan that the rewritten text gets and on no sealed row; it is told apart by
the control, which has the same text and no sealed row. So is the order of what sorts alike.

A key that only a sealed row has is taken on D and free on D'. No proxy can make the server forget
that and keep its constraints, so such answers to a write are counted on their own, and the README
says so; what must not come with them is a word of the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tests.noninterference.client import Answer, Client
from tests.noninterference.statement import Instance

_RULE = re.compile(r"rule ([a-z0-9-]+)")
_MARKS = ("隐秘".encode(), b"7700")
_REFUSED = frozenset(("42501", "42P01"))
_CANCELLED = "57014"
_INTEGRITY = frozenset(("23503", "23505"))
# What is left of an error about a protected relation: severity, SQLSTATE and a fixed message.
_BARE_ERROR = frozenset("SVCM")


class Verdict(Enum):
    """What the comparison of one statement came to."""

    EQUAL = "equal"
    REJECTED = "rejected by the server"
    REFUSED = "refused"
    BY_PLAN = "error by plan"
    TIMED_OUT = "timed out"
    PROBE = "integrity probe"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` names the refusal's."""

    instance: Instance
    verdict: Verdict
    ours: Answer
    theirs: Answer
    rule: str = ""


class Oracle:
    """Three sessions. A `client.Broken` ends its use."""

    def __init__(self, ours: Client, theirs: Client, control: Client) -> None:
        self._ours, self._theirs, self._control = ours, theirs, control

    def close(self) -> None:
        """End the sessions."""
        for client in (self._ours, self._theirs, self._control):
            client.close()

    def compare(self, instances: Sequence[Instance]) -> list[Finding]:
        """Ask both at once."""
        self._ours.send(instances)
        self._theirs.send(instances)
        ours, theirs = self._ours.receive(instances), self._theirs.receive(instances)
        return [self._judged(*each) for each in zip(instances, ours, theirs, strict=True)]

    def _judged(self, instance: Instance, ours: Answer, theirs: Answer) -> Finding:
        rule = _RULE.search(ours.error.get("H", "")) if ours.sqlstate in _REFUSED else None
        if rule is not None:
            return Finding(instance, Verdict.REFUSED, ours, theirs, rule[1])
        if theirs.sqlstate == _CANCELLED != ours.sqlstate:
            # What visible rows hold must be known: a digit of a sum may be a mark by chance.
            theirs = self._theirs.ask_patiently(instance)
        if _CANCELLED in (ours.sqlstate, theirs.sqlstate):
            return Finding(instance, Verdict.TIMED_OUT, ours, theirs)
        ordered = instance.ordered
        if ours.seen(ordered=ordered) == theirs.seen(ordered=ordered) and not ours.other:
            verdict = Verdict.REJECTED if theirs.sqlstate else Verdict.EQUAL
            return Finding(instance, verdict, ours, theirs)
        probed = {ours.sqlstate, theirs.sqlstate} & _INTEGRITY
        if instance.writes and probed and set(ours.error) <= _BARE_ERROR:
            return Finding(instance, Verdict.PROBE, ours, theirs)
        (control,) = self._control.ask(instance)
        # Values that sort alike may be written otherwise, as 0.0 and 0.00 are.
        by_plan = not ours.other and (
            bool(ours.sqlstate or theirs.sqlstate)
            or ours.seen(ordered=False) == theirs.seen(ordered=False)
        )
        if by_plan and control.sqlstate == _CANCELLED:
            return Finding(instance, Verdict.TIMED_OUT, ours, theirs)
        if by_plan and control.seen(ordered=ordered) == ours.seen(ordered=ordered):
            return Finding(instance, Verdict.BY_PLAN, ours, theirs)
        return Finding(instance, Verdict.DIFFERENT, ours, theirs)


def marks_in(finding: Finding) -> list[bytes]:
    """What only sealed rows hold, found in an answer to a text that does not hold it."""
    instance = finding.instance
    typed = b"".join((instance.text.encode(), *(each or b"" for each in instance.parameters)))
    got = b"".join((*finding.ours.rows, *finding.ours.other, repr(finding.ours.error).encode()))
    # Some number may come out like one of them: then it does where no sealed row is, too.
    known = b"".join((typed, *finding.theirs.rows))
    return [mark for mark in _MARKS if mark in got and mark not in known]
