"""What every question must be answered with: asked of D', where no sealed row is, before it begins.

A question begins with a mark, a number that was never sent before, and every row of its answer
brings it back: an answer to somebody else has another mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.world import SQL, Database, PostgresWorld

FILES = ("roles.sql", "schema.sql", "seed.sql", "oracle.sql", "grants.sql")
USER = "desk"

QUESTIONS = (
    "SELECT {mark}::bigint, case_id, role, offence_first::text FROM case_person WHERE cp_id = {id}",
    "SELECT {mark}::bigint, name, birth_date::text FROM person WHERE person_id = {id}",
    "SELECT {mark}::bigint, case_no, cause, label FROM case_file WHERE case_id = {id}",
    "SELECT {mark}::bigint, name, id_no, birth_date::text FROM victim WHERE case_id = {id}",
    (
        "SELECT {mark}::bigint, p.name, s.term_months FROM case_person cp JOIN person p"
        " USING (person_id) LEFT JOIN sentence s USING (cp_id) WHERE cp.case_id = {id}"
        " ORDER BY cp.cp_id"
    ),
    "SELECT {mark}::bigint, count(*) FROM case_person WHERE cp_id BETWEEN {id} AND {id} + 40",
    (
        "SELECT {mark}::bigint, name FROM person WHERE person_id BETWEEN {id} AND {id} + 9"
        " AND name LIKE '%1%' ORDER BY person_id"
    ),
)
"""``{mark}`` and ``{id}`` are literals or parameters. No answer reaches an id above 3,000."""

Row = tuple[Any, ...]


class Truth:
    """The right answers, and questions at random."""

    def __init__(self, answers: Mapping[tuple[int, int], Sequence[Row]]) -> None:
        self._answers = answers
        self._ids = sorted({number for _, number in answers})

    def ask(self, random: Random) -> tuple[int, int]:
        """A question, and the id that it asks about."""
        return random.randrange(len(QUESTIONS)), random.choice(self._ids)

    def holds(self, asked: tuple[int, int], mark: int, rows: Sequence[Row]) -> bool:
        """Whether these rows, mark and all, are the answer."""
        return [tuple(row) for row in rows] == [(mark, *row) for row in self._answers[asked]]


def prepare(world: PostgresWorld, ids_count: int, random: Random) -> tuple[Database, Truth]:
    """A database with sealed rows in it, and the truth about it."""
    database = world.create_database(name="soak")
    for name in FILES:
        database.run((SQL / name).read_text(encoding="utf-8"))
    database.run(Path(__file__).with_name("world.sql").read_text(encoding="utf-8"))
    database.run("ANALYZE")
    pruned = world.create_database("soak", name="soak_pruned")
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    ids = [*range(1, 30), *random.sample(range(1001, 2000), ids_count)]
    with pruned.connect(USER) as connection:
        answers = {
            (question, number): [
                row[1:] for row in connection.execute(text.format(mark=0, id=number).encode())
            ]
            for question, text in enumerate(QUESTIONS)
            for number in ids
        }
    world.drop_database(pruned)
    return database, Truth(answers)
