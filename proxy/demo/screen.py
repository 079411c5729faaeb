"""How the tour looks: bilingual, in colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import assert_never

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from proxy.demo.scene import Answer, Entry, Lines, Panel, Refusal, Rows, Scene, Words

WIDTH_PIPED = 100
_GAP = 4
_DETAILS_AT = 38
_INDENT = (0, 0, 0, 3)
_OUTCOMES = {
    "pass": "green", "strip": "yellow", "refuse": "red",
    "granted": "green", "refused": "red", "alarm": "red",
}  # fmt: skip
_HEADER_FIELDS = ("rule", "reason", "article", "statement_class", "principal", "permit")

Advance = Callable[[int, int], None]
"""Done so far, and in all."""


class Screen:
    """Prints to a console; waits for Enter between steps where a person sits in front of it."""

    def __init__(self, console: Console, *, paced: bool) -> None:
        self._console = console
        self._paced = paced

    def opening(self, story: Words) -> None:
        """What this is, and whom it is about."""
        title = Text.assemble(("封存 Fengcun", "bold"), "  导览 · a guided tour")
        self._print()
        self._print(Padding(title, _INDENT))
        self._print()
        self.say(story)
        self._print()
        self.say(
            Words(
                "库中人物全属虚构，证号区划 999999 并不存在。",
                "Everybody in the database is made up; region 999999 does not exist.",
            )
        )
        self._print()

    def act(self, title: Words) -> None:
        """The heading of several steps."""
        self._print()
        self._print()
        self._print(
            Padding(
                Text.assemble((title.zh, "bold magenta"), (f"  {title.en}", "magenta")), _INDENT
            )
        )

    @contextmanager
    def preparing(self, what: Words) -> Iterator[Callable[[str], None]]:
        """A line for a piece of setting up; call what is given with what came of it."""
        started = time.monotonic()
        details: list[str] = []
        with self._console.status(f"{what.zh} {what.en}"):
            yield details.append
        self._done(what, details, started)

    @contextmanager
    def loading(self, what: Words) -> Iterator[tuple[Advance, Callable[[str], None]]]:
        """The same with a bar that shows how far it is."""
        started = time.monotonic()
        details: list[str] = []
        progress = Progress(
            TextColumn(f"   {what.zh} {what.en}"), BarColumn(), MofNCompleteColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        with progress:
            task = progress.add_task("", total=None)
            yield (
                lambda done, total: progress.update(task, completed=done, total=total),
                details.append,
            )
        self._done(what, details, started)

    def show(self, number: int, total: int, scene: Scene) -> None:
        """One step."""
        self._print()
        self._heading(scene.title, f"{number}/{total}  ")
        self.say(scene.why)
        self._print()
        asked = Text(scene.asked, "cyan")
        self._print(Padding(_beside(Text(f"{scene.asker} ▸", "bold"), asked), _INDENT))
        self._print()
        self._print(Padding(self._arranged(scene.panels), _INDENT))
        if scene.recorded is not None:
            self._print(Padding(_entry(scene.recorded), _INDENT))
            self._print()
        shown = Text.assemble(scene.shown.zh, "\n", (scene.shown.en, "dim"))
        self._print(Padding(_beside(Text("✓", "bold green"), shown), _INDENT))
        if self._paced and number < total:
            self._pause()

    def closing(self, held: Rows, words: Words) -> None:
        """What the ledger holds at the end."""
        self._print()
        self._heading(Words("账本里的这一趟", "This tour, in the ledger"))
        self._print(Padding(_answer(held), _INDENT))
        self._print()
        self.say(words)

    def standing(self, lines: list[tuple[Words, str]]) -> None:
        """What there is to play with while everything stays up."""
        self._print()
        self._heading(Words("自己试试", "Try it"))
        for what, how in lines:
            self._print(Text.assemble(f"   {what.zh} ", (what.en, "dim")))
            self._print(Text(f"     {how}", "cyan"))
        self._print()

    def ending(self, kept: Path | None) -> None:
        """That it ends, below the ^C that a terminal shows, and where what was made stays."""
        self._print()
        self.say(Words("正在结束……", "Stopping."))
        if kept is not None:
            self._print(Text.assemble("   保留在 ", ("kept in ", "dim"), (str(kept), "cyan")))

    @property
    def paced(self) -> bool:
        """Whether somebody sits there who presses Enter."""
        return self._paced

    def wait_for_enter(self) -> bool:
        """False where nothing can come any more."""
        try:
            self._console.input("")
        except EOFError:
            return False
        return True

    def say(self, words: Words) -> None:
        """A line in each language."""
        text = Text.assemble(words.zh, "\n", (words.en, "dim"))
        self._print(Padding(text, _INDENT))

    def _print(self, what: RenderableType = "") -> None:
        """A line of text is never wrapped: it may be there to be copied."""
        whole = isinstance(what, Text)
        if self._console.is_terminal:
            self._console.print(what, soft_wrap=whole)
            return
        with self._console.capture() as captured:
            self._console.print(what, soft_wrap=whole)
        # A pipe gets no padding, and each piece at once.
        lines = captured.get().splitlines()
        print(*(line.rstrip() for line in lines), sep="\n", file=self._console.file, flush=True)

    def _heading(self, title: Words, before: str = "") -> None:
        """A rule with both languages, or with the first where there is no room for two."""
        heading = Text.assemble((before, "dim"), (title.zh, "bold"))
        beside = Text(f"  {title.en}")
        fits = heading.cell_len + beside.cell_len + _GAP <= self._console.width
        self._print(Rule(heading + beside if fits else heading, align="left", style="dim"))
        if not fits:
            self._print(Padding(beside, (0, 0, 0, 1)))

    def _done(self, what: Words, details: list[str], started: float) -> None:
        line = Text.assemble(("   ✓ ", "green"), what.zh, (f" {what.en}", "dim"))
        told = Text(" ".join(details))
        took = Text(f"  {time.monotonic() - started:.1f} s", "dim")
        gap = max(_GAP // 2, _DETAILS_AT - line.cell_len)
        if line.cell_len + gap + told.cell_len + took.cell_len <= self._console.width:
            self._print(line + Text(" " * gap) + told + took)
        else:
            self._print(line + took)
            self._print(Padding(told, (0, 0, 0, 5)))

    def _arranged(self, panels: tuple[Panel, ...]) -> RenderableType:
        """As many side by side as fit, the others below."""
        rows: list[list[RenderableType]] = []
        room = 0
        for one in map(_panel, panels):
            width = Measurement.get(self._console, self._console.options, one).maximum + _GAP
            if width > room:
                rows.append([])
                room = self._console.width - _INDENT[3]
            rows[-1].append(one)
            room -= width
        return Group(*(part for row in rows for part in (_side_by_side(row), Text())))

    def _pause(self) -> None:
        try:
            self._console.input(Text("\n   ↵ 继续 continue", "dim"))
        except EOFError:
            self._paced = False


def terminal_screen(*, paced: bool) -> Screen:
    """On standard output. In a pipe nothing has a colour or moves, and nobody is waited for."""
    console = Console(highlight=False, emoji=False, markup=False)
    # A pipe has no width but what somebody says of it.
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdecimal():
        console = Console(highlight=False, emoji=False, markup=False, width=WIDTH_PIPED)
    return Screen(console, paced=paced and console.is_terminal and sys.stdin.isatty())


def _side_by_side(drawn: list[RenderableType]) -> RenderableType:
    if len(drawn) == 1:
        return drawn[0]
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_row(*drawn)
    return grid


def _panel(panel: Panel) -> RenderableType:
    label = Text.assemble((panel.label.zh, "bold"), (f"  {panel.label.en}", "dim"))
    return Group(label, _answer(panel.answer))


def _answer(answer: Answer) -> RenderableType:
    match answer:
        case Rows(columns=()):
            return Text(answer.tag)
        case Rows():
            table = Table(box=box.SQUARE, border_style="dim", header_style="bold")
            for column in answer.columns:
                table.add_column(column, overflow="fold")
            for row in answer.rows:
                table.add_row(*(Text("∅", "dim") if cell is None else cell for cell in row))
            return table
        case Refusal():
            told = Text.assemble(("ERROR", "bold red"), f" {answer.sqlstate}: {answer.message}")
            more = (("DETAIL: ", answer.detail), ("HINT: ", answer.hint))
            return Group(
                told, *(_beside(Text(label, "bold"), Text(text)) for label, text in more if text)
            )
        case Lines():
            return Text("\n".join(answer.lines))
        case _:
            assert_never(answer)


def _entry(entry: Entry) -> RenderableType:
    outcome = next(filter(None, map(entry.word, ("verdict", "event", "severity"))), entry.kind)
    words = [entry.word(name) for name in _HEADER_FIELDS]
    return _beside(
        Text("账本 ledger ▸", "bold"),
        Text.assemble(
            f"#{entry.index}  ", (outcome, _OUTCOMES.get(outcome, "")),
            "  ", " · ".join(word for word in words if word),
        ),
    )  # fmt: skip


def _beside(label: Text, text: Text) -> RenderableType:
    """A label and a text that may run over several lines."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(label, text)
    return grid
