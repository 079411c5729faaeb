"""The attack corpus: what somebody who wants sealed rows would send, and what must come of it.

A file of ``corpus/`` holds the cases of one class, each one a session:

    -- case: NAME | OUTCOME | why it is dangerous, or why it must work
    -- role: ROLE            whom the session is of; app_owner unless said
    -- startup: KEY=VALUE    a parameter of the StartupMessage; may be repeated
    -- mask                  played with masks in the policy, against columns overwritten
    SQL                      one simple Query, sent as it stands
    -- step                  the next one of the same session
    -- bytes: ...            in place of SQL: the body of a Python bytes literal
    -- rows: ...              likewise: what a COPY ... FROM STDIN of this step is given

An outcome is one of

    equal    every step is admitted, and answered as the server does where no sealed row is
    alike    admitted, and answered as the proxy does where no sealed row is
    probe    a write that a key of a sealed row makes succeed or fail, and whose answer says no more
    ended    the connection is, by a message of the proxy
    a rule   by which the first step that is not admitted is refused

``{database}`` and ``{port}`` stand for the server's own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
EQUAL, ALIKE, PROBE, ENDED = "equal", "alike", "probe", "ended"
_CASE = re.compile(r"-- case: (?P<name>[a-z0-9_]+) \| (?P<outcome>[a-z-]+) \| (?P<why>\S.*)")
_OPTION = re.compile(r"-- (?P<key>role|startup|bytes|rows): ?(?P<value>.*)")
_ROLE = "app_owner"


@dataclass(frozen=True, slots=True)
class Case:
    """One session. ``steps`` are the bodies of its Query messages, ``rows`` what goes with them."""

    group: str
    name: str
    outcome: str
    role: str
    startup: tuple[tuple[str, str], ...]
    masked: bool
    steps: tuple[bytes, ...]
    rows: tuple[bytes | None, ...]

    def __str__(self) -> str:
        return f"{self.group}-{self.name}"

    def steps_for(self, database: str, port: int) -> tuple[bytes, ...]:
        """The steps as they are sent to that database."""
        places = ((b"{database}", database.encode()), (b"{port}", str(port).encode()))
        out = self.steps
        for place, value in places:
            out = tuple(step.replace(place, value) for step in out)
        return out


def read_cases() -> list[Case]:
    """Every case of every class. Raises `ValueError` where a file is not of the form above."""
    files = sorted(CORPUS.glob("[0-9]*.sql"))
    cases = [case for file in files for case in _cases(file)]
    if len({str(case) for case in cases}) != len(cases):
        raise ValueError("two cases of one class have the same name")
    return cases


def _cases(file: Path) -> Iterator[Case]:
    text = file.read_text(encoding="utf-8")
    _, *parts = re.split(r"^(?=-- case:)", text, flags=re.MULTILINE)
    for part in parts:
        head, *lines = part.strip("\n").split("\n")
        found = _CASE.fullmatch(head)
        if found is None:
            raise ValueError(f"{file.name}: {head}")
        yield _case(file.stem, found["name"], found["outcome"], lines)


def _case(group: str, name: str, outcome: str, lines: list[str]) -> Case:
    role, startup, masked = _ROLE, [], False
    steps: list[list[bytes]] = [[]]
    rows: dict[int, bytes] = {}
    for line in lines:
        option = _OPTION.fullmatch(line)
        if option is None and line not in ("-- step", "-- mask"):
            steps[-1].append(line.encode())
        elif option is None:
            masked |= line == "-- mask"
            if line == "-- step":
                steps.append([])
        elif option["key"] == "role":
            role = option["value"]
        elif option["key"] == "startup":
            key, _, value = option["value"].partition("=")
            startup.append((key, value))
        elif option["key"] == "rows":
            rows[len(steps) - 1] = _literal(option["value"])
        else:
            steps[-1].append(_literal(option["value"]))
    bodies = tuple(b"\n".join(step) for step in steps)
    given = tuple(map(rows.get, range(len(bodies))))
    return Case(group, name, outcome, role, tuple(startup), masked, bodies, given)


def _literal(body: str) -> bytes:
    return bytes(ast.literal_eval(f'b"""{body}"""'))
