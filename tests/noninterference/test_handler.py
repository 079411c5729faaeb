"""A unit that handles cases sees them, and of all others what everybody sees: for it, D' is D
without the rows that are sealed from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.noninterference.client import Client
from tests.noninterference.oracle import Verdict
from tests.noninterference.run import run
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Worlds, worlds
from tests.world import SQL, PostgresWorld

SEED = 5
STATEMENTS = 240
UNIT, OTHER = "110108-POL", "110109-POL"
# Some cases are the unit's, some another's, and some, whose code is of full length, nobody's here.
HANDLED = f"""
UPDATE base.case_file SET org_code = CASE case_id % 3 WHEN 0 THEN '{UNIT}' ELSE '{OTHER}' END
WHERE case_id % 3 < 2;
CREATE FUNCTION sealed.handled(asked bigint) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT 1 FROM base.case_file WHERE case_id = asked AND org_code = '{UNIT}') $$;
"""
CLEARED = (
    ("j.by_law AS sealed", "j.by_law AND NOT sealed.handled(j.case_id) AS sealed"),
    ("       b.file_there AND (", "       sealed.handled(b.case_id) OR b.file_there AND ("),
    (
        "       b.file_there AND b.grown",
        "       sealed.handled(b.case_id) OR b.file_there AND b.grown",
    ),
    ("CASE WHEN x.masked THEN", "CASE WHEN x.masked AND NOT sealed.handled(v.case_id) THEN"),
)
PRINCIPAL = 'kind = "counter"\narticle = "实施办法第16条"\nmatch = { user = "desk" }'


def handled_sql() -> str:
    """The oracle as it is for the unit: a case of its own seals nobody and masks nobody."""
    oracle = (SQL / "oracle.sql").read_text(encoding="utf-8")
    views = re.sub(
        r"^CREATE (?=VIEW|FUNCTION)", "CREATE OR REPLACE ",
        oracle[oracle.index("CREATE VIEW sealed.cp_verdict") :], flags=re.MULTILINE,
    )  # fmt: skip
    for plain, cleared in CLEARED:
        assert plain in views
        views = views.replace(plain, cleared)
    return HANDLED + views


def as_handler(policy: str) -> str:
    assert policy.count(PRINCIPAL) == 1
    return policy.replace(
        PRINCIPAL, f'kind = "handler"\nunit = ["{UNIT}", "no-such"]\nmatch = {{ user = "{USER}" }}'
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    home: Path = tmp_path_factory.mktemp("handler")
    with (
        PostgresWorld() as own,
        worlds(own, home, before=handled_sql(), policy=as_handler) as made,
    ):
        yield made


def rows(worlds_: Worlds, table: str) -> tuple[object, object]:
    """What the handler sees of a table, and what is left in D'."""
    pair, everything = worlds_.pairs.read, Instance(f"SELECT * FROM base.{table}")
    through = Client(worlds_.service.site.port, pair.full.name, USER)
    directly = Client(pair.pruned.port, pair.pruned.name, USER)
    return through.ask(everything)[0].seen(ordered=False), directly.ask(everything)[0].seen(
        ordered=False
    )


@pytest.mark.requirement("A11", "Q17", "Q18")
def test_every_table_is_what_the_law_leaves_of_it_for_the_unit(both: Worlds):
    for table in both.pairs.tables.readable:
        seen, left = rows(both, table.name)
        assert seen == left, table.name


def test_the_unit_sees_more_than_others_and_not_everything(both: Worlds):
    counted, site = "SELECT count(*) FROM base.case_person", both.service.site
    ((of_all,),) = site.database.run(counted)
    seen: list[int] = []
    for user in (USER, "agency_app"):
        with site.connect(user) as one:
            seen += one.execute(counted).fetchone() or ()
    assert seen[1] < seen[0] < of_all


def test_no_answer_tells_the_unit_of_a_row_that_is_sealed_from_it(both: Worlds):
    report = run(both.oracle, both.pairs.tables, SEED, STATEMENTS)
    assert not report.leaks, report.leaks[0]
    assert report.verdicts[Verdict.EQUAL] > STATEMENTS / 2
    assert report.broken_count == 0
