"""Requirement -> where it is met, by which tests, and how far: the page config/REQUIREMENTS.md.

What is required stands in law.toml beside this file. A test says itself what it is about::

    @pytest.mark.requirement("A1", "Q01..Q30")

The marks are read off the source, so that the page is the same whatever part of the tests is run.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("law.toml")
PAGE = ROOT / "config" / "REQUIREMENTS.md"
STATUSES = ("met", "in part", "not met", "outside")
ALL = {
    "A": 18,
    "B": 7,
    "C": 8,
    "D": 13,
    "E": 5,
    "F": 6,
    "G": 11,
    "H": 4,
    "Q": 46,
}
"""Letter -> how many requirements there are of it, numbered from 1."""

_RANGE = re.compile(r"([A-Z])(\d+)\.\.([A-Z])(\d+)")

HEAD = """\
# What the law asks, and how far it is met

Made by `python -m tests.requirements --write` from `tests/requirements/law.toml` and the marks on
the tests; a test fails where it is not current. Requirements are in our own words, articles are for
looking up, and the published text is what counts. Where nothing else is said an article is of the
未成年人犯罪记录封存的实施办法 (2022), and a table that of `config/policy.toml`.

**met**: as it stands there, and tests hold it. **in part**: the rest is said. **not met**: not in
this version. A test that is named shows that something holds and never that nothing is missing.

此页由测试生成. 各项要求为转述, 条号供核对, 以公布文本为准. met 已满足; in part 部分满足, 缺口如文;
not met 本版本未实现. 检察监督工作台未实现.
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """``law`` is the article; ``why`` says what is missing unless it is met."""

    id: str
    law: str
    asks: str
    where: str
    status: str
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    law: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A test and one of the requirements that it is about."""

    requirement: str
    file: str
    test: str


def numbered() -> list[str]:
    """Every id, in order."""
    return [
        f"{letter}{number:02d}" if letter == "Q" else f"{letter}{number}"
        for letter, count in ALL.items()
        for number in range(1, count + 1)
    ]


def groups() -> list[Group]:
    """What law.toml says."""
    with SOURCE.open("rb") as file:
        written = tomllib.load(file)["group"]
    return [
        Group(
            title=group["title"],
            law=group["law"],
            requirements=tuple(
                Requirement(
                    name, row.get("law", ""), row["asks"], row["where"], row["is"],
                    row.get("why", ""),
                )
                for name, row in group["rows"].items()
            ),
        )
        for group in written
    ]  # fmt: skip


def marks(root: Path = ROOT / "tests") -> list[Mark]:
    """Every mark on a test under ``root``, in the order of files and lines."""
    out = []
    for path in sorted(root.rglob("test_*.py")):
        name = path.relative_to(root.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                out += [Mark(each, name, node.name) for each in _named(node)]
    return out


def _named(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="requirement"), args=arguments):
                for argument in arguments:
                    yield from _several(ast.literal_eval(argument))


def _several(written: str) -> list[str]:
    """``Q01..Q03`` is all of them; anything else is itself."""
    found = _RANGE.fullmatch(written)
    if found is None:
        return [written]
    ids = numbered()
    first, last = written.split("..")
    return ids[ids.index(first) : ids.index(last) + 1]


def problems(written: list[Group], marked: list[Mark]) -> Iterator[str]:
    """What is wrong: an id too few or too many, a status without its test or its reason."""
    requirements = [each for group in written for each in group.requirements]
    ids = [each.id for each in requirements]
    if ids != numbered():
        yield f"missing or out of order: {sorted(set(numbered()) ^ set(ids)) or ids}"
    tested = {mark.requirement for mark in marked}
    yield from (f"{name}: marked on a test, and no requirement" for name in tested - set(ids))
    for each in requirements:
        if each.status not in STATUSES:
            yield f"{each.id}: {each.status!r} is no status"
        if each.status in ("met", "in part") and each.id not in tested:
            yield f"{each.id}: {each.status}, and no test says so"
        if each.status in ("not met", "outside") and each.id in tested:
            yield f"{each.id}: {each.status}, and a test says it is"
        if bool(each.why) == (each.status == "met"):
            yield f"{each.id}: what is missing is said where something is, and only there"


def page(written: list[Group], marked: list[Mark]) -> str:
    """The whole text of the page."""
    tests: dict[str, list[Mark]] = {}
    for mark in marked:
        tests.setdefault(mark.requirement, []).append(mark)
    out = [HEAD, _count(written)]
    for group in written:
        out.append(f"\n## {group.title}\n\nSource: {group.law}.\n")
        out.append("| id | asked | where | state | tests |\n| --- | --- | --- | --- | --- |")
        out += [_row(each, tests.get(each.id, [])) for each in group.requirements]
    return "\n".join(out) + "\n"


def _count(written: list[Group]) -> str:
    lines = ["| | " + " | ".join(STATUSES) + " |", "| --- |" + " --- |" * len(STATUSES)]
    for group in written:
        states = [each.status for each in group.requirements]
        counts = [str(states.count(status)) for status in STATUSES]
        lines.append(f"| {group.title} | {' | '.join(counts)} |")
    return "\n".join(lines)


def _row(each: Requirement, tests: list[Mark]) -> str:
    asked = f"{each.asks} *{each.law}*" if each.law else each.asks
    state = f"**{each.status}**. {each.why}" if each.why else f"**{each.status}**"
    links = "<br>".join(f"[{_words(mark.test)}](../{mark.file})" for mark in tests)
    return f"| {each.id} | {asked} | {each.where} | {state} | {links} |".replace("|  |", "| |")


def _words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")
