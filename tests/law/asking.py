"""Stories in a real database, and what the policy or the reference shows of them there.

Both answer in the model's terms: table, number of the row within its story, masked or not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg

from proxy.names import QualifiedName
from proxy.policy.law import Law
from proxy.rewrite.predicate import Visibility, compile_law
from tests.law.model import Row, Story
from tests.world import SQL

TABLES = (
    *("person", "case_file", "case_person", "charge", "sentence", "non_prosecution"),
    *("coercive_measure", "social_investigation", "guidance_record", "victim", "document"),
    *("admin_penalty", "seal_notice", "query_application"),
)
SHOWS_A_MASK = {
    "case_file": "v.label = '含犯罪记录封存信息'",
    "victim": "v.name = '某某'",
    "document": "v.title = '含犯罪记录封存信息'",
}

_WRITTEN = {
    "person": "person_id, name, id_no, birth_date",
    "case_file": "case_id, case_no, org_code, incident_date, parent_case_id",
    "case_person": "cp_id, case_id, person_id, role, offence_first, offence_last, main_before_18,"
    " optout_approved",
    "charge": "charge_id, cp_id, term_months",
    "sentence": "sent_id, cp_id, result_code, penalty_kind, term_months, probation_months,"
    " effective_on, is_effective",
    "non_prosecution": "np_id, cp_id",
    "seal_notice": "notice_id, cp_id, status, unseal_ground, unsealed_on",
    "victim": "victim_id, case_id, name, id_no, birth_date",
    "document": "doc_id, case_id, cp_id, title, content",
    "admin_penalty": "ap_id, person_id, act_date",
}
MODELLED = tuple(table for table in _WRITTEN if table != "seal_notice")


def columns_of(text: str) -> dict[str, list[str]]:
    """Table -> columns, read off the schema's text."""
    out: dict[str, list[str]] = {}
    for statement in text.split("CREATE TABLE ")[1:]:
        table, rest = statement.split(" (\n", 1)
        out[table] = [line.split()[0] for line in rest.split("\n);")[0].splitlines()]
    return out


COLUMNS = columns_of((SQL / "schema.sql").read_text(encoding="utf-8"))


def shown_by(law: Law) -> dict[str, str]:
    """Table of base -> a SELECT of what the policy lets be seen of it, columns in their order."""
    compiled = compile_law(law)
    return {table: _seen(table, compiled[QualifiedName("base", table)]) for table in TABLES}


def shown_by_the_reference() -> dict[str, str]:
    """The same by the views of tests/agency/oracle.sql."""
    return {table: f"SELECT * FROM sealed.{table}" for table in TABLES}


def _seen(table: str, rule: Visibility) -> str:
    columns = ", ".join(
        f"CASE WHEN ({rule.unmasked.render('r')}) IS TRUE THEN r.{name}"
        f" ELSE {rule.masks[name].render('r')} END AS {name}"
        if name in rule.masks and rule.unmasked
        else f"r.{name}"
        for name in COLUMNS[table]
    )
    where = f"({rule.shown.render('r')}) IS TRUE" if rule.shown else "true"
    return f"SELECT {columns} FROM base.{table} AS r WHERE {where}"


class Asked:
    """Stories in the database, with nothing else in it; rolled back at the end.

    One COPY a table, and one SELECT a table and question, however many stories. ``texts`` are
    what `shown_by` gives.
    """

    def __init__(self, connection: psycopg.Connection, stories: Sequence[Story]) -> None:
        self._connection, self._stories = connection, stories
        self._rows = _Rows(stories)
        self._undo = ExitStack()

    def __enter__(self) -> Asked:
        self._undo.enter_context(self._connection.transaction(force_rollback=True))
        cursor = self._undo.enter_context(self._connection.cursor())
        cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL search_path = base")
        for table in COLUMNS:
            cursor.execute(f"DELETE FROM {table}".encode())
        for table, columns in _WRITTEN.items():
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in self._rows.rows[table]:
                    copy.write_row(row)
            cursor.execute(f"ANALYZE {table}".encode())
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def answers(self, texts: Mapping[str, str]) -> list[set[Row]]:
        """What is shown of each story."""
        out: list[set[Row]] = [set() for _ in self._stories]
        for table in MODELLED:
            for story, row, masked in self.shown(table, texts[table]):
                out[story].add((table, row, masked))
        return out

    def shown(self, table: str, text: str) -> set[tuple[int, int, bool]]:
        """Number of the story, of the row within it, and whether it is masked."""
        key, mask = COLUMNS[table][0], SHOWS_A_MASK.get(table, "false")
        query = f"SELECT v.{key}, ({mask}) IS TRUE FROM ({text}) AS v"
        found = self._connection.execute(query.encode()).fetchall()
        places = self._rows.places[table]
        return {(*places[number - 1], masked) for number, masked in found}

    @property
    def today(self) -> dt.date:
        """The law's date, by the server's clock; it stands still until the end."""
        found = self._connection.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
        ((day,),) = found.fetchall()
        assert isinstance(day, dt.date)
        return day


class _Rows:
    """Rows by table; ``places`` says for each which story's it is and which of the story's."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _WRITTEN}
        self.places: dict[str, list[tuple[int, int]]] = {table: [] for table in _WRITTEN}
        self._story = -1
        self._first: dict[str, int] = {}
        for story in stories:
            self._story += 1
            self._first = {table: len(rows) for table, rows in self.rows.items()}
            self._people(story)
            self._files(story)
            self._accused(story)

    def _add(self, table: str, *values: object) -> None:
        rows = self.rows[table]
        self.places[table].append((self._story, len(rows) - self._first[table]))
        rows.append((len(rows) + 1, *values))

    def _key(self, table: str, number: int) -> int:
        return self._first[table] + number + 1

    def _name(self, person: int) -> str:
        """No name is the beginning of another."""
        return f"测{self._key('person', person)}号"

    def _people(self, story: Story) -> None:
        for number, person in enumerate(story.people):
            self._add("person", self._name(number), person.id_no, person.born)
            for act in person.penalty_acts:
                self._add("admin_penalty", self._key("person", number), act)

    def _files(self, story: Story) -> None:
        for number, file in enumerate(story.files):
            own = self._key("case_file", number)
            parent = None if file.parent is None else self._key("case_file", file.parent)
            self._add("case_file", f"测{own}", "1", file.incident, parent)
            for id_no, born in file.victims:
                self._add("victim", own, "被害", id_no, born)
            for whose, named in file.papers:
                cp_id = None if whose is None else self._key("case_person", whose)
                text = "文" if named is None else f"查明{self._name(named)}另案处理"
                title, content = (text, "文") if own % 2 else ("题", text)
                self._add("document", own, cp_id, title, content)

    def _accused(self, story: Story) -> None:
        for number, each in enumerate(story.accused):
            self._add(
                "case_person", self._key("case_file", each.file),
                self._key("person", each.person), each.role, each.first, each.last,
                each.main_before_18, each.optout,
            )  # fmt: skip
            own = self._key("case_person", number)
            for judgment in each.judgments:
                self._add(
                    "sentence", own, judgment.result, judgment.penalty, judgment.term_months,
                    judgment.suspended_months, judgment.effective_on, judgment.in_force,
                )  # fmt: skip
            for months in each.charge_months:
                self._add("charge", own, months)
            if each.not_prosecuted:
                self._add("non_prosecution", own)
            for notice in each.notices:
                self._add("seal_notice", own, notice.status, notice.ground, notice.unsealed_on)
