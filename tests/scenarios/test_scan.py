"""What should be sealed and is not: found at night, read by supervisors, told nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.public import public_entries, samples
from tests.scenarios.service import RECIPIENTS, Site, install, started
from tests.world import Database

pytestmark = pytest.mark.database

SCANNED_AFTER_MAX_S = 90.0
LOGIN = "fengcun_scan"
TODAY = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
# 901 was received three days ago, 902 four; 903 says it was lifted, on no ground. A retrial makes
# five years of 42 months.
NOTICES = f"""
INSERT INTO base.seal_notice (notice_id, cp_id, status, received_on, unseal_ground) VALUES
  (901, 1, 'ACTIVE', {TODAY} - 3, NULL), (902, 8, 'ACTIVE', {TODAY} - 4, NULL),
  (903, 22, 'UNSEALED', {TODAY} - 9, '18-9');
INSERT INTO base.sentence (sent_id, cp_id, result_code, penalty_kind, term_months, effective_on)
VALUES (916, 16, 'GUILTY', 'FIXED', 60, '2010-03-01'),
  (915, 915, 'GUILTY', 'FIXED', 61, '2021-12-30')"""
# What 15 did at 16, after the sealing: one term of 61 months for both, out of 36 and 31.
NEW_CRIME = """
INSERT INTO base.case_file (case_id, case_no, org_code)
VALUES (915, '(2021)示刑915号', '110100000000');
INSERT INTO base.case_person (cp_id, case_id, person_id, role, offence_first, offence_last)
VALUES (915, 915, 15, 'CONVICT', '2021-03-01', '2021-05-10');
DELETE FROM base.charge WHERE cp_id = 15;
INSERT INTO base.charge (charge_id, cp_id, charge_name, term_months)
VALUES (915, 15, '盗窃', 36), (916, 915, '抢劫', 31)"""
MAY_READ = f"""
DROP ROLE IF EXISTS {LOGIN}; CREATE ROLE {LOGIN} LOGIN;
GRANT USAGE ON SCHEMA base TO {LOGIN};
GRANT SELECT ON base.case_person, base.person, base.sentence, base.charge, base.non_prosecution,
  base.seal_notice, base.victim, base.case_file, base.admin_penalty TO {LOGIN}"""
EXPECTED: dict[str, set[tuple[object, ...]]] = {
    "notice-not-executed": {(2, 21), (4, 2), (902, 8)},
    "notice-against-data": {(21,)},
    "sealed-without-notice": {(n,) for n in (6, 7, 10, 11, 13, 16, 18, 19, 23, 24, 26, 27, 29)},
    # For the second there is neither a day nor a judgment.
    "unsealed": {
        (3, 15, "18-1", "2021-01-02", "2022-02-02", 36, "2021-12-30", "FIXED", 61, 67, 16),
        (903, 22, "18-9", None, None, None, None, None, None, None, None),
    },
    "unsealed-without-ground": {(903, 22)},
    "five-years-exactly": {(16, 16)},
    "main-act-undecided": {(10,)},
    "main-act-after": {(9,)},
    "sealed-by-bad-data": {(6, 6), (7, 7), (23, 22), (26, 25), (27, 26)},
    "masked-by-bad-data": {(3, 4)},
    "minor-by-bad-data": {(47, 47), (55, 44)},
}
RULES = len(EXPECTED)


@pytest.fixture
def site(agency_copy: Database, tmp_path: Path) -> Iterator[Site]:
    """An installation that scans with a login of its own, which reads and can do nothing else."""
    agency_copy.run(f"{MAY_READ}; {NEW_CRIME}; {NOTICES}")
    site = install(agency_copy, tmp_path)
    site.set("scan", f'user = "{LOGIN}"')
    yield site
    agency_copy.run(f"DROP OWNED BY {LOGIN}; DROP ROLE {LOGIN}")


def content(entry: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(entry["payload"]))


def until_scanned(site: Site, entries_count: int) -> list[Mapping[str, Any]]:
    """The entries of scans, opened by the supervisor, once there are so many."""
    deadline = time.monotonic() + SCANNED_AFTER_MAX_S
    while len(entries := site.entries("finding")) < entries_count:
        assert time.monotonic() < deadline, site.errors.read_text(encoding="utf-8")
        time.sleep(0.2)
    return entries


def keys(entries: list[Mapping[str, Any]]) -> dict[str, set[tuple[int, ...]]]:
    out: dict[str, set[tuple[int, ...]]] = {}
    for entry in entries:
        found = out.setdefault(entry["header"]["rule"], set())
        found |= {tuple(key) for key in content(entry)["keys"]}
    return out


def scanned(site: Site) -> dict[str, Any]:
    """What the command says of each rule."""
    rows = json.loads(site.must("scan", "--config", site.config, "--json"))
    return {row["rule"]: row for row in rows}


@pytest.mark.requirement("A5", "A15", "C3", "C8", "F1", "G5", "G6")
def test_a_supervisor_reads_what_should_be_sealed_and_is_not(site: Site):
    with started(site) as service:
        entries = until_scanned(site, RULES)
        assert keys(entries) == EXPECTED
        assert service.stop() == 0
    site.verify()
    for entry in entries:
        assert content(entry)["found"] == len(EXPECTED[entry["header"]["rule"]])
    overdue = next(e for e in entries if e["header"]["rule"] == "notice-not-executed")
    assert overdue["header"]["severity"] == "alarm"
    assert overdue["header"]["article"] == "实施办法第11条"
    opened = site.must(
        *("ledger", "open", str(overdue["index"]), "--log", site.log),
        *("--key", site.home / "keys" / "log.vkey"),
        *("--identity", site.home / "recipients" / f"{RECIPIENTS[0]}.identity", "--json"),
    )
    assert content(json.loads(opened))["keys"] == content(overdue)["keys"]


@pytest.mark.requirement("C3")
def test_a_notice_is_against_the_data_where_the_reference_would_show_the_person(site: Site):
    """The query has the rule's condition without the notice: the two must not part."""
    site.database.run("DELETE FROM base.seal_notice")
    shown = site.database.run("SELECT cp_id FROM sealed.cp_verdict WHERE accused AND NOT sealed")
    site.database.run(
        "INSERT INTO base.seal_notice (notice_id, cp_id, status)"
        " SELECT cp_id, cp_id, 'ACTIVE' FROM base.case_person"
    )
    with started(site) as service:
        found = keys(until_scanned(site, RULES))["notice-against-data"]
        assert service.stop() == 0
    assert found == set(shown)
    assert len(found) > 5


# cp_id, months of the judgment that is added, and whether it is in force.
FIVE_YEARS = [
    (1, 60, True),  # 18 months before: found
    (3, 60, True),  # an adult's
    (4, 60, True),  # 61 months before, which showed it: found
    (6, 59, True),
    (7, 61, True),
    (8, 60, False),
    (15, 60, True),  # lifted by ground 18-1, over five years as it said then: found
    (19, 60, True),  # the person's other case is an adult's: found
    (20, 60, True),
]


@pytest.mark.requirement("F2", "F3")
def test_five_years_exactly_by_a_retrial_or_with_another_case_go_to_a_person(site: Site):
    for cp_id, months, in_force in FIVE_YEARS:
        day = "'2024-01-01'" if in_force else "NULL"
        site.database.run(
            "INSERT INTO base.sentence"
            " (sent_id, cp_id, result_code, penalty_kind, term_months, effective_on)"
            f" VALUES ({1000 + cp_id}, {cp_id}, 'GUILTY', 'FIXED', {months}, {day})"
        )
    # one term for two cases, and five years of one case alone
    site.database.run("DELETE FROM base.sentence WHERE sent_id IN (19, 916)")
    with started(site) as service:
        found = keys(until_scanned(site, RULES))["five-years-exactly"]
        with site.connect("desk") as connection:
            shown = {row[0] for row in connection.execute("SELECT cp_id FROM case_person")}
        assert service.stop() == 0
    assert found == {(1, 1), (4, 4), (15, 15), (19, 19)}
    assert shown & {key[0] for key in found} == {15}
    assert 2 not in shown  # sixty months from the beginning: sealed, and no question of Art. 18
    assert {3, 7, 20} <= shown


def test_what_was_known_is_not_new_and_what_came_is(site: Site):
    with started(site) as service:
        until_scanned(site, RULES)
        assert {row["new"] for row in scanned(site).values()} == {0}
        site.database.run(
            f"UPDATE base.seal_notice SET executed_on = {TODAY} WHERE notice_id = 902;"
            f"UPDATE base.seal_notice SET received_on = {TODAY} - 4 WHERE notice_id = 901"
        )
        row = scanned(site)["notice-not-executed"]
        assert (row["found"], row["new"], row["failed"]) == (3, 1, None)
        last = [e for e in site.entries("finding") if e["header"]["rule"] == row["rule"]][-1]
        assert content(last)["keys"][0] == [901, 1]  # what is new comes first
        assert service.stop() == 0
    remembered = (site.home / "log.findings").read_text(encoding="utf-8")
    assert (site.home / "log.findings").stat().st_mode & 0o077 == 0
    assert all(
        len(digest) == 32 for each in json.loads(remembered)["found"].values() for digest in each
    )


def test_nothing_public_depends_on_what_was_found(site: Site):
    """Headers and lengths are those of a scan that finds nothing at all."""

    def public() -> set[tuple[Any, ...]]:
        found = [each for each in public_entries(site) if each.kind == "finding"]
        return {
            (e.header["rule"], e.header["observed_count"], tuple(sorted(e.header)), e.payload_bytes)
            for e in found[known:]
        }

    known = 0
    with started(site) as service:
        known_count = len(until_scanned(site, RULES))
        many = public()
        site.database.run(
            "SET session_replication_role = replica;"
            "TRUNCATE base.case_person, base.seal_notice, base.victim CASCADE"
        )
        assert {row["found"] for row in scanned(site).values()} == {0}
        assert service.stop() == 0
    known = known_count
    assert public() == many
    assert len({size for *_, size in many}) == 1
    assert len(many) == RULES


def test_a_scan_that_cannot_read_is_a_finding_a_metric_and_a_line_of_the_log(site: Site):
    site.database.run(f"REVOKE SELECT ON base.seal_notice FROM {LOGIN}")
    with started(site) as service:
        entries = until_scanned(site, RULES + 1)
        failed = next(e for e in entries if e["header"]["rule"] == "scan-failed")
        assert "42501" in content(failed)["failed"].values()
        assert samples(site)['fengcun_scans_total{result="failed"}'] == 1
        assert site.run("scan", "--config", site.config).returncode == 1
        assert service.stop() == 0
    log = site.errors.read_text(encoding="utf-8")
    assert '"rule":"notice-not-executed"' in log
    assert '"sqlstate":"42501"' in log


def test_a_scan_that_is_done_is_not_done_again_at_the_next_start(site: Site):
    with started(site) as service:
        until_scanned(site, RULES)
        assert service.stop() == 0
    with started(site) as service:
        with site.connect() as connection:
            connection.execute("SELECT 1")
        assert service.stop() == 0
    times = {entry["header"]["window_until"] for entry in site.entries("finding")}
    assert len(times) == 1


def test_without_a_login_for_it_nothing_is_scanned_and_the_command_says_so(site: Site):
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("[scan]", "").replace(f'user = "{LOGIN}"', ""))
    done = site.run("scan", "--config", site.config)
    assert done.returncode == 2
    assert "no [scan] table" in done.stderr
