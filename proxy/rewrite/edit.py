"""Edits: which bytes of a text are replaced by what. Values, and the arithmetic on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from proxy.names import Span
from proxy.rewrite.narrow import CannotNarrow


@dataclass(frozen=True, slots=True, order=True)
class Copied:
    """A literal of the statement that stands in an edit, too, at that byte of its text.

    ``literal`` is where it stands in the statement; None where that is not known any more.
    """

    start: int
    end: int
    literal: Span | None


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put ``text`` in place of the bytes of ``span``; an empty span inserts."""

    span: Span
    text: str
    copied: tuple[Copied, ...] = ()


def apply_edits(encoded: bytes, edits: Sequence[Edit]) -> bytes:
    """The edited bytes. Edits are in order and do not overlap, else `CannotNarrow`."""
    out, position = [], 0
    for edit in edits:
        if edit.span.start < position:
            raise CannotNarrow("the statement is written in a way that cannot be filtered")
        out += [encoded[position : edit.span.start], edit.text.encode("utf-8")]
        position = edit.span.end
    return b"".join([*out, encoded[position:]])


def compose(first: Sequence[Edit], second: Sequence[Edit]) -> tuple[Edit, ...]:
    """One list of edits that does what ``first``, and then ``second`` on its result, do.

    An edit of ``second`` lies inside what an edit of ``first`` put there, or beside all of it;
    one that crosses such a border raises `CannotNarrow`. Where a copied literal came from is
    forgotten, for it may have been a literal of what ``first`` put there.
    """
    if not first:
        return tuple(second)
    out: list[Edit] = []
    waiting = list(second)
    shift = 0  # an offset in the result of ``first``, minus the same place's in its text
    for edit in first:
        text = edit.text.encode("utf-8")
        start = edit.span.start + shift
        end = start + len(text)
        while waiting and waiting[0].span.end <= start:
            out.append(_moved(waiting.pop(0), -shift))
        inside = []
        while waiting and waiting[0].span.end <= end and waiting[0].span.start < end:
            inside.append(_moved(waiting.pop(0), -start))
        copied = tuple(one for change in inside for one in change.copied)
        out.append(Edit(edit.span, apply_edits(text, inside).decode("utf-8"), copied))
        shift += len(text) - (edit.span.end - edit.span.start)
        if waiting and waiting[0].span.start < end:
            raise CannotNarrow("the statement is written in a way that cannot be filtered")
    return (*out, *(_moved(edit, -shift) for edit in waiting))


def _moved(edit: Edit, by: int) -> Edit:
    """Raises `CannotNarrow` where it would begin before the text does."""
    if edit.span.start + by < 0:
        raise CannotNarrow("the statement is written in a way that cannot be filtered")
    copied = tuple(replace(one, literal=None) for one in edit.copied)
    return Edit(Span(edit.span.start + by, edit.span.end + by), edit.text, copied)
