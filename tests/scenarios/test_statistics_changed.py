"""A statistic that is taken back, another in its place, and a database that changes under it."""

from __future__ import annotations

import signal

import psycopg
import pytest
from psycopg import errors

from tests.scenarios.service import Site, install, started
from tests.scenarios.statistics import CELLS, DECLARED, ROLE, asked, cells_of, fill, refused, truth
from tests.scenarios.workers import WORKERS, health, until

pytestmark = pytest.mark.database

PEOPLE = """
SELECT c.org_code, EXTRACT(year FROM c.closed_on) AS y, count(DISTINCT cp.person_id) AS n
FROM base.case_file AS c JOIN base.case_person AS cp ON cp.case_id = c.case_id
  JOIN base.person AS p ON p.person_id = cp.person_id
WHERE c.closed_on < DATE '2026-01-01' AND p.birth_date > DATE '2004-01-01'
  AND cp.role <> 'VICTIM' AND cp.role <> 'WITNESS' AND cp.role <> 'PARTY'
GROUP BY c.org_code, EXTRACT(year FROM c.closed_on)
"""


@pytest.mark.requirement("Q08", "Q09")
def test_a_reload_and_a_changed_schema_end_it(agency_copy, tmp_path):
    """The shipped principal, in two workers: its limit of rows holds, what was prepared is stale
    when the statistic is gone, another takes its place, and a column of another type ends that."""
    agency_copy.run(ROLE)
    fill(agency_copy, CELLS)
    site = install(agency_copy, tmp_path)
    site.set("listen", f"workers = {WORKERS}")
    text = site.policy.read_text(encoding="utf-8")
    user = 'match = { user = "statistics" }\nbulk = "refused"\n'
    text = text.replace(user, f"{user}[principal.limits]\nrows_per_statement = 7\n")
    site.policy.write_text(text, encoding="utf-8")
    with started(site) as service:
        until(lambda: health(site)[0] == 200)
        assert asked(site, DECLARED) == truth(agency_copy)
        with site.connect("statistics") as connection:
            cursor = connection.cursor()
            assert cells_of(cursor.execute(DECLARED.encode(), prepare=True).fetchall())
            fill(agency_copy, {("强奸", 2024): (0, 11)})
            with pytest.raises(errors.ProgramLimitExceeded):
                connection.execute(DECLARED.encode())
            shipped = text.index("[[statistic]]\nname"), text.index("# 访问主体")
            other = text[: shipped[0]] + _declaring(PEOPLE) + text[shipped[1] :]
            site.policy.write_text(other, encoding="utf-8")
            service.process.send_signal(signal.SIGHUP)
            until(lambda: refused(site, DECLARED) == "bulk-access")
            with pytest.raises(psycopg.Error) as stale:
                cursor.execute(DECLARED.encode(), prepare=True)
            assert stale.value.sqlstate in ("0A000", "42501")
        _counts_people(site)
        agency_copy.run(
            "DROP SCHEMA sealed CASCADE;"
            " ALTER TABLE base.case_file ALTER closed_on TYPE timestamptz"
        )
        until(lambda: refused(site, PEOPLE) == "bulk-access")
        checked = site.run("check", "--config", site.config)
        assert checked.returncode == 1
        assert "unfit-statistic" in checked.stdout
        assert "statistic[0].sql" in checked.stdout
        assert service.stop() == 0
    site.verify()


def _declaring(sql: str) -> str:
    return (
        '[[statistic]]\nname = "people"\narticle = "实施办法第5条"\nprincipals = ["statistics"]\n'
        f"sql = '''{sql}'''\n\n"
    )


def _counts_people(site: Site) -> None:
    until(lambda: refused(site, PEOPLE) is None)
    with site.connect("statistics") as connection:
        found = connection.execute(PEOPLE.encode()).fetchall()
    every = site.database.run(PEOPLE)
    shown = site.database.run(PEOPLE.replace("base.", "sealed."))
    assert [(o, int(y), n) for o, y, n in every] == [("110100000000", 2023, 18)]
    assert [(o, int(y), n) for o, y, n in shown] == [("110100000000", 2023, 6)]
    assert [(o, int(y), n) for o, y, n in found] == [("110100000000", 2023, 20)]
