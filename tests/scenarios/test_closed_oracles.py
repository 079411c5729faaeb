"""Whoever asks for a sealed person and watches the service learns what they would for nobody.

The same statements are sent about somebody sealed and about somebody who is in no table. All that a
client hears has to be the same, and all that those can see who watch: metrics, health, the log, and
the ledger without a key, the lengths of its payloads included. Not compared is how long it took.
A key that a sealed row holds is taken: an INSERT with it is the one probe that is left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import pq
from psycopg.pq.abc import PGconn

from tests.conftest import AGENCY
from tests.scenarios.public import get, log_lines, public_entries, samples
from tests.scenarios.service import Site, install, started
from tests.world import PostgresWorld

pytestmark = pytest.mark.database

UNIT = "agency_scram"
USERS = ("desk", "agency_app", "bgcheck", UNIT)
# Of equal length, so that all texts are: 21 is sealed, 22 a sealed case, 91 and 92 are nobody.
SEALED = {"person": "21", "cp": "22", "name": "庚封存", "id_no": "110105200401010043"}
ABSENT = {"person": "91", "cp": "92", "name": "庚不在", "id_no": "110105200401010051"}
STATEMENTS = (
    "SELECT * FROM base.person WHERE person_id = {person}",
    "SELECT * FROM base.person WHERE id_no = '{id_no}'",
    "SELECT count(*) FROM base.person WHERE name = '{name}'",
    "SELECT * FROM base.person WHERE name LIKE '%{name}%' FOR UPDATE",
    "SELECT EXISTS (SELECT 1 FROM base.sentence WHERE cp_id = {cp})",
    (
        "SELECT p.name, s.term_months FROM base.person p JOIN base.case_person c USING (person_id)"
        " LEFT JOIN base.sentence s USING (cp_id) WHERE p.person_id = {person}"
    ),
    (
        "SELECT 1 / (person_id - {person}) FROM base.person"
        " WHERE person_id >= {person} AND name > '' AND person_id < {person} + 1"
    ),
    "SELECT name::int FROM base.person WHERE person_id = {person}",
    "SELECT string_agg(name, ',') FROM base.person WHERE person_id = {person}",
    "SELECT max(cp_id) FROM base.case_person WHERE person_id = {person}",
    "SELECT case_id, label FROM base.case_file WHERE case_id = {cp}",
    "SELECT * FROM base.document WHERE content LIKE '%{name}%' OR title LIKE '%{name}%'",
    "SELECT * FROM base.seal_notice WHERE cp_id = {cp}",
    "UPDATE base.person SET phone = phone WHERE person_id = {person} RETURNING *",
    "UPDATE base.sentence SET term_months = 1 WHERE cp_id = {cp}",
    "DELETE FROM base.charge WHERE cp_id = {cp}",
    "COPY (SELECT * FROM base.person WHERE person_id = {person}) TO STDOUT",
    "WITH c AS (SELECT * FROM base.case_person WHERE person_id = {person}) SELECT * FROM c",
    "CREATE TEMP TABLE found AS SELECT * FROM base.person WHERE person_id = {person}",
    "SELECT * FROM found; DROP TABLE found",
    (
        "BEGIN; DECLARE c CURSOR FOR SELECT * FROM base.person WHERE person_id = {person};"
        " FETCH ALL FROM c; COMMIT"
    ),
    (
        "PREPARE q (bigint) AS SELECT * FROM base.case_person WHERE person_id = $1;"
        " EXECUTE q ({person}); DEALLOCATE q"
    ),
    "EXPLAIN SELECT * FROM base.person WHERE person_id = {person}",
    "SELECT ctid FROM base.person WHERE person_id = {person}",
    "SELECT lo_get({person})",
    "SELECT {person} FROM base.nothing_of_the_name",
    "/* operator=0{person} case=0{cp} */ SELECT * FROM base.person WHERE person_id = {person}",
)
SETTLED_AFTER_MAX_S = 30.0
# Times, when a sample began, how many entries shared a sync, and whether an answer came before it.
NOT_COMPARED = re.compile(
    r"_seconds_(sum|bucket)|_created|timestamp_seconds|(held|ledger_commit)_seconds_count"
)
RANDOM = ("session", "statement_hmac", "sent_hmac", "operator", "case", "duration_ms")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that came of the statements: to the client, and to those who watch."""

    answers: list[Any]
    moved: dict[str, float]
    health: str
    lines: list[dict[str, Any]]
    entries: list[Any]


@pytest.fixture(scope="module")
def site(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    database = postgres.create_database(AGENCY)
    name, id_no = SEALED["name"], SEALED["id_no"]
    database.run(f"UPDATE base.person SET name = '{name}', id_no = '{id_no}' WHERE person_id = 21")
    site = install(database, tmp_path_factory.mktemp("closed"))
    with site.policy.open("a", encoding="utf-8") as policy:
        policy.write(
            f'\n[[principal]]\nname = "school"\nkind = "unit"\nmatch = {{ user = "{UNIT}" }}\n'
        )
    with started(site) as service:
        yield site
        assert service.stop() == 0


def answers(connection: PGconn, text: str, who: dict[str, str]) -> list[Any]:
    """Everything the server says to one text, what the client itself had written taken out."""
    out: list[Any] = []
    notices: list[str] = []
    connection.notice_handler = lambda result: notices.append(str(result.error_message))
    connection.send_query(text.format(**who).encode())
    while (result := connection.get_result()) is not None:
        if result.status == pq.ExecStatus.COPY_OUT:
            while (row := connection.get_copy_data(0))[0] > 0:
                out.append(bytes(row[1]))
            continue
        rows = [
            [result.get_value(row, column) for column in range(result.nfields)]
            for row in range(result.ntuples)
        ]
        error = result.error_message.decode()
        for value in who.values():
            error = error.replace(value, "?")
        out.append((result.status, result.command_status, rows, error))
    return [*out, notices]


def ask(site: Site, who: dict[str, str], user: str) -> Seen:
    before, known, lines = samples(site), len(public_entries(site)), len(log_lines(site))
    heard = []
    with site.connect(user) as connection:
        for text in STATEMENTS:
            heard.append(answers(connection.pgconn, text, who))
            parameter = text.replace("{person}", "$1") if "person_id = {person}" in text else None
            if parameter and text.startswith("SELECT") and text.count("{person}") == 1:
                done = connection.pgconn.exec_params(
                    parameter.format(**who).encode(), [who["person"].encode()]
                )
                rows = [done.get_value(row, 0) for row in range(done.ntuples)]
                heard.append([done.status, done.command_status, rows, done.error_message])
    entries = settled(site, known)
    after = samples(site)
    moved = {name: after[name] - before.get(name, 0.0) for name in after}
    moved = {name: by for name, by in moved.items() if not NOT_COMPARED.search(name)}
    return Seen(heard, moved, get(site, "/healthz"), log_lines(site)[lines:], entries)


def settled(site: Site, known: int) -> list[Any]:
    """The entries since, once the outcome of a last statement is among them: it comes in order."""
    with site.connect("desk") as connection:
        connection.execute("SELECT 'the last'")
    deadline = time.monotonic() + SETTLED_AFTER_MAX_S
    while True:
        entries = public_entries(site)[known:]
        last = max(entry.index for entry in entries if entry.kind == "decision")
        if any(entry.header.get("decision") == last for entry in entries):
            break
        assert time.monotonic() < deadline, entries[-1]
        time.sleep(0.05)
    decisions = [entry.index for entry in entries if entry.kind == "decision"]
    shown = []
    for entry in entries:
        header = {name: entry.header[name] for name in entry.header if name not in RANDOM}
        if "subjects" in header:  # a pseudonym for each number that was asked for
            header["subjects"] = len(header["subjects"])
        if "decision" in header:
            header["decision"] = decisions.index(header["decision"])
        shown.append((entry.kind, header, entry.payload_bytes))
    return sorted(shown, key=lambda each: each[0])  # in which batch an outcome came is of time


@pytest.mark.requirement("D4", "C2")
@pytest.mark.parametrize("user", USERS)
def test_who_asks_and_watches_learns_nothing_of_a_sealed_person(site: Site, user: str):
    ask(site, {**ABSENT, "person": "95", "cp": "96"}, user)  # caches are warm for both
    sealed, absent = ask(site, SEALED, user), ask(site, ABSENT, user)
    for of_one, of_other, text in zip(sealed.answers, absent.answers, range(999), strict=False):
        assert of_one == of_other, text
    assert sealed.moved == absent.moved
    assert sealed.health == absent.health
    assert sealed.lines == absent.lines
    assert sealed.entries == absent.entries


def test_the_sealed_person_is_there(site: Site):
    """Or the comparison would be of nothing with nothing."""
    for table, key in (("person", "person_id = 21"), ("sentence", "cp_id = 22")):
        assert site.database.run(f"SELECT count(*) FROM base.{table} WHERE {key}") == [(1,)]
