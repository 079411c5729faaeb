"""The attack corpus, played through the real service: see `tests.noninterference.cases`.

Each step goes to the proxy in front of D, and what it admits also to D', where no sealed row is.
Nothing that only a sealed row holds may come back, in whatever message; what is admitted must be
answered alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.noninterference.cases import ALIKE, CORPUS, ENDED, EQUAL, PROBE, Case, read_cases
from tests.noninterference.played import Played, Reply
from tests.scenarios.service import ROOT, Service, install, started
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

CASES = read_cases()
MARK = re.compile(rb"SEALED-[A-Z]+-?[0-9A-Za-z]*|77000[0-9]{4}")
PHONE = re.compile(rb"\b138[0-9]{1,3}\b")
RULE = 'visible_when = "self.juvenile_sealed IS NOT TRUE"'
INTEGRITY = {"23503", "23505"}
BARE = set("SVCM")
MASK = "\nmask = { phone = \"'***'\" }"


@dataclass(frozen=True, slots=True)
class World:
    """The service in front of D and D'."""

    service: Service
    full: Database
    pruned: Database


@pytest.fixture(scope="module")
def corpora(
    postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[bool, World]]:
    """By whether columns are masked."""
    built = postgres.create_database(name="corpus")
    built.run(_text("schema.sql"))
    with ExitStack() as stack:
        out = {}
        for masked in (False, True):
            full, pruned = _databases(postgres, built, masked=masked)
            site = install(full, tmp_path_factory.mktemp("corpus"))
            both = f'databases = ["{full.name}", "{pruned.name}"]'
            settings = site.config.read_text(encoding="utf-8")
            settings = settings.replace(f'databases = ["{full.name}"]', both)
            site.config.write_text(settings, encoding="utf-8")
            policy = _text("policy.toml").replace(RULE, RULE + MASK if masked else RULE)
            (site.home / "policy.toml").write_text(policy, encoding="utf-8")
            out[masked] = World(stack.enter_context(started(site)), full, pruned)
        yield out


def _databases(
    postgres: PostgresWorld, built: Database, *, masked: bool
) -> tuple[Database, Database]:
    suffix = "_masked" if masked else ""
    full = postgres.create_database(built.name, name=f"corpus_full{suffix}")
    pruned = postgres.create_database(built.name, name=f"corpus_pruned{suffix}")
    for database in (full, pruned):  # a copy does not have its template's settings
        database.run(f"ALTER DATABASE {database.name} SET search_path = agency, public")
    pruned.run(_text("pruned.sql"))
    if masked:
        pruned.run(_text("masked.sql"))
    return full, pruned


def _text(file: str) -> str:
    return (CORPUS / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.requirement("C6", "H4", "Q40", "Q41", "Q42", "Q43", "Q46")
def test_a_case_tells_nothing_of_sealed_rows(case: Case, corpora: Mapping[bool, World]) -> None:
    assert played(case, corpora[case.masked]) == case.outcome


def played(case: Case, world: World) -> str:
    """What came of it; an AssertionError where something sealed did."""
    port = world.service.site.port
    to_proxy = case.outcome == ALIKE
    with (
        Played.of(case, port, world.full) as ours,
        Played.of(case, port if to_proxy else world.pruned.port, world.pruned) as theirs,
    ):
        assert_nothing_sealed(case, ours.first)
        if ours.first.ended:
            return ours.first.rule or ENDED
        for step, mirrored, rows in zip(
            case.steps_for(world.full.name, world.full.port),
            case.steps_for(world.pruned.name, world.pruned.port),
            case.rows,
            strict=True,
        ):
            reply = ours.query(step, rows)
            assert_nothing_sealed(case, reply)
            if reply.rule or reply.ended:
                return outcome_of_the_rest(case, ours, reply)
            compare(case, step, reply, theirs.query(mirrored, rows))
        return case.outcome if case.outcome in (ALIKE, PROBE) else EQUAL


def outcome_of_the_rest(case: Case, ours: Played, refused: Reply) -> str:
    """What a refusal makes of the session is its own; what follows may still tell nothing."""
    for step in case.steps:
        assert_nothing_sealed(case, ours.query(step))
    return refused.rule or ENDED


def compare(case: Case, step: bytes, ours: Reply, theirs: Reply) -> None:
    """Equal; of a probe, an answer and an error of integrity are, if that says nothing else."""
    ordered = b"ORDER BY" in step
    states = {ours.error.get("C", ""), theirs.error.get("C", "")}
    if case.outcome == PROBE and states & INTEGRITY:
        assert set(ours.error) <= BARE, ours.error
    else:
        assert ours.seen(ordered=ordered) == theirs.seen(ordered=ordered), step


def assert_nothing_sealed(case: Case, reply: Reply) -> None:
    """No marker of a sealed row, and no raw phone where they are masked, that was not typed."""
    typed = b"\0".join([*case.steps, *filter(None, case.rows)])
    found = {mark for mark in MARK.findall(reply.content) if mark not in typed}
    if case.masked:
        found |= {phone for phone in PHONE.findall(reply.content) if phone not in typed}
    assert not found, (found, case.steps)


def test_the_readme_counts_the_cases() -> None:
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for case in CASES:
        counts[case.group[3:].replace("_", " ")][case.outcome not in (EQUAL, ALIKE, PROBE)] += 1
    rows = [f"| {group} | {equal} | {refused} |" for group, (equal, refused) in counts.items()]
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    table = "\n".join([*rows, f"| all | {totals[0]} | {totals[1]} |"])
    assert table in (ROOT / "proxy" / "README.md").read_text(encoding="utf-8"), table


def test_ordinary_statements_are_all_served() -> None:
    assert {case.outcome for case in CASES if case.group == "16_ordinary"} == {EQUAL}
