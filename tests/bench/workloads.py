"""The statements of the benchmark, as pgbench scripts on the tables of agency.sql."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.pgbench import Protocol

ACCOUNTS_COUNT = 500_000
CASES_COUNT = 120_000
PEOPLE_COUNT = 150_000
CASE_PEOPLE_COUNT = 150_000

PROVINCE_CASES_COUNT = 800_000
PROVINCE_PEOPLE_COUNT = 1_000_000
PROVINCE_CASE_PEOPLE_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Workload:
    """``sql`` with ``:id`` in it, a number from 1 to ``ids_count``, another one each time, and
    ``:upto``, which is 99 more."""

    name: str
    sql: str
    ids_count: int

    @property
    def script(self) -> str:
        """For pgbench, which puts the literal or the parameter in."""
        return self.as_sent(self.sql)

    def as_sent(self, sql: str) -> str:
        """The script for ``sql``, which is this workload's as it was rewritten."""
        upto = "\\set upto :id + 99\n" if ":upto" in sql else ""
        return f"\\set id random(1, {self.ids_count})\n{upto}{sql};\n"


OPEN_LOOKUP = Workload(
    "look-up, nothing protected",
    "SELECT abalance FROM accounts WHERE aid = :id",
    ACCOUNTS_COUNT,
)
SEALED_LOOKUP = Workload(
    "look-up, protected",
    "SELECT case_id, role, offence_first FROM case_person WHERE cp_id = :id",
    CASE_PEOPLE_COUNT,
)
SEALED_JOIN = Workload(
    "join of four, protected",
    "SELECT p.name, c.case_no, s.penalty_kind, s.term_months FROM person p"
    " JOIN case_person cp USING (person_id) JOIN case_file c USING (case_id)"
    " LEFT JOIN sentence s USING (cp_id) WHERE p.person_id = :id",
    PEOPLE_COUNT,
)
WORKLOADS = (OPEN_LOOKUP, SEALED_LOOKUP, SEALED_JOIN)

# Statements whose cost on the server is compared with and without what the policy adds.
REWRITTEN = (
    SEALED_LOOKUP,
    Workload("person by key", "SELECT name, birth_date FROM person WHERE person_id = :id",
             PEOPLE_COUNT),
    Workload("case by key", "SELECT case_no, cause, label FROM case_file WHERE case_id = :id",
             CASES_COUNT),
    Workload("people of a case", "SELECT person_id, role FROM case_person WHERE case_id = :id",
             CASES_COUNT),
    Workload("sentence by person and case",
             "SELECT penalty_kind, term_months FROM sentence WHERE cp_id = :id",
             CASE_PEOPLE_COUNT),
    SEALED_JOIN,
)  # fmt: skip

# The same at a province's size, by what the statement does and by the form that is sent for it.
FENCED = "fenced"
PROVINCE = (
    Workload("look-up by key", SEALED_LOOKUP.sql, PROVINCE_CASE_PEOPLE_COUNT),
    Workload("range of 100 by key",
             "SELECT cp_id, role FROM case_person WHERE cp_id BETWEEN :id AND :upto",
             PROVINCE_CASE_PEOPLE_COUNT - 100),
    Workload("look-up by a second index",
             "SELECT person_id, role FROM case_person WHERE case_id = :id",
             PROVINCE_CASES_COUNT),
    Workload("join of two",
             "SELECT p.name, cp.role FROM case_person cp JOIN person p USING (person_id)"
             " WHERE cp.cp_id = :id",
             PROVINCE_CASE_PEOPLE_COUNT),
    Workload("join of four", SEALED_JOIN.sql, PROVINCE_PEOPLE_COUNT),
    Workload("first 20 by key",
             "SELECT cp_id, role FROM case_person WHERE cp_id > :id ORDER BY cp_id LIMIT 20",
             PROVINCE_CASE_PEOPLE_COUNT - 100),
    Workload(f"look-up by key with LIKE, {FENCED}",
             "SELECT case_id, offence_first FROM case_person WHERE cp_id = :id AND role LIKE 'C%'",
             PROVINCE_CASE_PEOPLE_COUNT),
    Workload(f"look-up by a second index with lower(), {FENCED}",
             "SELECT person_id FROM case_person WHERE case_id = :id AND lower(role) = 'convict'",
             PROVINCE_CASES_COUNT),
)  # fmt: skip

PROTOCOLS: tuple[Protocol, ...] = ("simple", "extended", "prepared")

CONNECT = "SELECT 1;\n"

STREAMS = {
    "500,000 rows of 0.1 kB": "SELECT * FROM accounts",
    "64,000 rows of 1 kB": "SELECT * FROM pages",
}
