"""A slice of what `make noninterference` runs by the hour, of a seed that is always the same."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from proxy.policy.decision import StatementClass
from tests.noninterference.client import Client
from tests.noninterference.jobs import Job, run_jobs
from tests.noninterference.oracle import Verdict
from tests.noninterference.planned import planner_of
from tests.noninterference.run import run, shapes
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Worlds, worlds
from tests.world import PostgresWorld

SEED = 1
STATEMENTS = 480
FRESH_STATEMENTS = 2400
ADMITTED_SHARE_MIN = 0.8


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    home: Path = tmp_path_factory.mktemp("noninterference")
    with PostgresWorld() as own, worlds(own, home) as made:
        yield made


@pytest.mark.requirement("H1", "H3")
def test_no_answer_tells_of_a_sealed_row(both: Worlds):
    report = run(both.oracle, both.pairs.tables, SEED, STATEMENTS)
    assert not report.leaks, report.leaks[0]
    assert report.verdicts[Verdict.EQUAL] > STATEMENTS / 2
    assert report.broken_count == 0
    assert report.admitted_share >= ADMITTED_SHARE_MIN, report.refused.most_common(5)


@pytest.mark.requirement("H3")
def test_no_answer_does_so_for_a_seed_nobody_knew(both: Worlds, capsys: pytest.CaptureFixture[str]):
    seed = secrets.randbelow(1 << 31)
    again = f"make noninterference ARGS='--seed {seed} --statements {FRESH_STATEMENTS} --jobs 1'"
    with capsys.disabled():
        print(f"\nthe seed is {seed}; again: {again}")
    report = run_jobs([Job(both.pairs, seed, FRESH_STATEMENTS)])
    assert not report.leaks, (again, report.leaks[0])
    assert report.verdicts[Verdict.EQUAL] > FRESH_STATEMENTS / 2


def test_the_control_shows_what_is_there(both: Worlds):
    """Where the rule hid rows of a world without sealed ones, it would explain away too much."""
    pair = both.pairs.read
    ours = Client(both.service.site.port, pair.control.name, USER)
    theirs = Client(pair.pruned.port, pair.pruned.name, USER)
    for table in both.pairs.tables.readable:
        everything = Instance(f"SELECT * FROM base.{table.name}")
        assert ours.ask(everything)[0].seen(ordered=False) == (
            theirs.ask(everything)[0].seen(ordered=False)
        ), table.name


def test_what_the_other_side_had_no_time_for_is_asked_again(both: Worlds):
    slow = Instance("SELECT count(*), 7700 FROM generate_series(1, 1000000)")
    oracle = both.oracle(writes=False)
    oracle._theirs.run("SET statement_timeout = 5")
    (finding,) = oracle.compare([slow])
    oracle.close()
    assert finding.verdict is Verdict.EQUAL


def test_without_the_proxy_the_answers_differ(both: Worlds):
    """The oracle can see: the same statements, sent to D directly, tell of sealed rows."""
    report = run(partial(both.oracle, sabotaged=True), both.pairs.tables, SEED, 100)
    assert report.leaks_count > 10


FORMS = (("PREPARE p AS ", ""), ("DECLARE c CURSOR FOR ", ""), ("COPY (", ") TO STDOUT"))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0].split()[0])
def test_a_query_within_a_statement_is_judged_as_by_itself(both: Worlds, form: tuple[str, str]):
    planner, scene = planner_of(both.pairs.read.full)
    before, after = form
    wrapped_count = 0
    for instance, *_ in islice(shapes(both.pairs.tables, SEED, 1), STATEMENTS):
        alone = planner.plan(instance.text, scene)
        if alone.decision.statement_class is StatementClass.MULTIPLE:
            continue
        if before.startswith("PREPARE") or (
            alone.decision.statement_class is StatementClass.SELECT
        ):
            within = planner.plan(before + instance.text + after, scene)
            sent = None if alone.text is None else before + alone.text + after
            assert within.text == sent
            assert within.decision.rule == alone.decision.rule
            wrapped_count += 1
    assert wrapped_count > STATEMENTS / 2
