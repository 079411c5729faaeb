"""What is counted in the tests of statistics, and the oracle: it counts the tables and the
reference views directly, and knows nothing of how the proxy counts. All people are synthetic."""

from __future__ import annotations

from psycopg import errors

from tests.scenarios.service import Site
from tests.world import Database

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'statistics') THEN
    CREATE ROLE statistics LOGIN PASSWORD 'synthetic-not-secret';
  END IF;
END $$;
GRANT ALL ON SCHEMA base TO statistics;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA base TO statistics;
"""
DECLARED = """
SELECT c.cause, EXTRACT(year FROM c.closed_on) AS year, count(*) AS cases
FROM base.case_file AS c
WHERE c.closed_on < DATE '2026-01-01'
GROUP BY c.cause, EXTRACT(year FROM c.closed_on)
"""
CELLS = {
    ("诈骗", 2024): (12, 7),  # sealed, shown: 19 -> 20
    ("诈骗", 2025): (9, 20),  # nine are too few: 20
    ("抢劫", 2024): (1, 10),  # one is none: 10
    ("抢劫", 2025): (0, 10),  # and looks like none: 10
    ("抢夺", 2024): (9, 9),  # neither are enough
    ("抢夺", 2025): (10, 0),
    ("毒品", 2024): (0, 9),
    (None, 2024): (13, 0),  # a group like any other: 15
    (None, 2025): (4, 4),
}
LEAST = 10
ORACLE = """
SELECT cause, extract(year FROM closed_on)::int, count(*) FROM {} AS c
WHERE closed_on < DATE '2026-01-01' GROUP BY 1, 2
"""

Cells = dict[tuple[str | None, int], int]


def fill(database: Database, cells: dict[tuple[str | None, int], tuple[int, int]]) -> None:
    """So many cases of each cause and year more, of accused without a known birth, whom the law
    seals, and of accused who were born in 1960."""
    rows = [
        (cause, f"{year}-05-05", sealed)
        for (cause, year), counts in cells.items()
        for sealed, count in zip((True, False), counts, strict=True)
        for _ in range(count)
    ]
    with database.connect() as connection:
        row = connection.execute("SELECT max(case_id) FROM base.case_file").fetchone()
        assert row is not None
        for number, (cause, closed_on, sealed) in enumerate(rows, 1000 + row[0]):
            connection.execute(
                "INSERT INTO base.person (person_id, name, birth_date) VALUES (%s, %s, %s)",
                (number, "合成", None if sealed else "1960-01-01"),
            )
            connection.execute(
                "INSERT INTO base.case_file (case_id, case_no, cause, org_code, closed_on)"
                " VALUES (%s, %s, %s, '110100000000', %s)",
                (number, f"合成{number}", cause, closed_on),
            )
            connection.execute(
                "INSERT INTO base.case_person (cp_id, case_id, person_id, role, offence_first)"
                " VALUES (%s, %s, %s, 'CONVICT', '2020-01-01')",
                (number, number, number),
            )


def truth(database: Database) -> Cells:
    """What has to come: from the tables and from the reference views, by arithmetic."""
    every = {(c, y): n for c, y, n in database.run(ORACLE.format("base.case_file"))}
    shown = {(c, y): n for c, y, n in database.run(ORACLE.format("sealed.case_file"))}
    out = {}
    for cell, total in every.items():
        visible = shown.get(cell, 0)
        size = total if total - visible >= LEAST else visible
        if size >= LEAST:
            out[cell] = 5 * ((size + 2) // 5)
    return out


def cells_of(rows: list[tuple[object, ...]]) -> Cells:
    return {(c, int(y)): n for c, y, n in rows}  # type: ignore[call-overload, misc]


def visible(database: Database) -> Cells:
    return cells_of(database.run(ORACLE.format("sealed.case_file")))


def asked(site: Site, sql: str, user: str = "statistics", **options: str) -> Cells:
    with site.connect(user, **options) as connection:
        return cells_of(connection.execute(sql.encode()).fetchall())


def refused(site: Site, sql: str) -> str | None:
    """The rule by which it is."""
    with site.connect("statistics") as connection:
        try:
            connection.execute(sql.encode())
        except errors.InsufficientPrivilege as error:
            return str(error.diag.message_hint).removeprefix("rule ").split(",")[0]
        except errors.ProgramLimitExceeded:
            pass
    return None
