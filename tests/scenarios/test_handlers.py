"""A unit works on its own cases before they are judged; for everybody else they are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.service import Site, install, started
from tests.world import Database

pytestmark = pytest.mark.database

UNDER_WAY, SEALED = 14, 2
CHILD, TWICE = 60, 61
MINORS = f"""
INSERT INTO base.person (person_id, name, birth_date) VALUES
  ({CHILD}, '辛童', '2012-01-01'), ({TWICE}, '辛两案', '2012-01-01');
INSERT INTO base.case_person (cp_id, case_id, person_id, role) VALUES
  ({CHILD}, 14, {CHILD}, 'VICTIM'), ({TWICE}, 14, {TWICE}, 'WITNESS'), (62, 2, {TWICE}, 'VICTIM');
INSERT INTO base.document (doc_id, case_id, cp_id, title) VALUES (60, 14, {CHILD}, '辛童陈述笔录');
"""
OTHERS = 'kind = "counter"\narticle = "实施办法第16条"\nmatch = { user = "desk" }'


@pytest.fixture
def site(agency_copy: Database, tmp_path: Path) -> Iterator[Site]:
    """`desk` is the unit that handles the case of `UNDER_WAY`, and no other."""
    ((code,),) = agency_copy.run(
        "SELECT org_code FROM base.case_file JOIN base.case_person USING (case_id)"
        f" WHERE cp_id = {UNDER_WAY}"
    )
    agency_copy.run(
        f"UPDATE base.case_file SET org_code = 'other' WHERE org_code = '{code}'"
        f" AND case_id IN (SELECT case_id FROM base.case_person WHERE cp_id = {SEALED})"
    )
    agency_copy.run(MINORS)
    site = install(agency_copy, tmp_path)
    policy = site.policy.read_text(encoding="utf-8")
    assert policy.count(OTHERS) == 1
    handler = f'kind = "handler"\nunit = ["{code}"]\nmatch = {{ user = "desk" }}'
    site.policy.write_text(policy.replace(OTHERS, handler), encoding="utf-8")
    with started(site) as service:
        yield site
        assert service.stop() == 0


def seen(site: Site, user: str, statement: str) -> list[object]:
    with site.connect(user) as connection:
        return [row[0] for row in connection.execute(statement.encode())]


@pytest.mark.requirement("A11", "Q31", "Q33", "H2")
def test_a_unit_sees_and_changes_its_own_case_before_judgment(site: Site):
    both = f"SELECT cp_id FROM case_person WHERE cp_id IN ({UNDER_WAY}, {SEALED})"
    assert seen(site, "desk", both) == [UNDER_WAY]
    assert seen(site, "agency_app", both) == []
    change = (
        f"UPDATE case_person SET role = role WHERE cp_id IN ({UNDER_WAY}, {SEALED}) RETURNING cp_id"
    )
    assert seen(site, "desk", change) == [UNDER_WAY]
    assert seen(site, "agency_app", change) == []


@pytest.mark.requirement("B1", "B2")
def test_a_unit_knows_the_minors_of_its_own_case_and_nobody_else_does(site: Site):
    """Of who is a victim of another unit's case as well, it knows what is in its own."""
    named = f"SELECT name FROM person WHERE person_id IN ({CHILD}, {TWICE}) ORDER BY person_id"
    rows = "SELECT cp_id FROM case_person WHERE cp_id BETWEEN 60 AND 62 ORDER BY 1"
    paper = "SELECT doc_id FROM document WHERE doc_id = 60"
    assert seen(site, "desk", named) == ["辛童", "辛两案"]
    assert seen(site, "desk", rows) == [CHILD, TWICE]
    assert seen(site, "desk", paper) == [60]
    for statement in (named, rows, paper):
        assert seen(site, "agency_app", statement) == []
