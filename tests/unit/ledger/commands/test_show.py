import json
from pathlib import Path

import pytest

from ledger.chain import JudgedDraft
from ledger.fields import EntryKind
from ledger.header import HeaderValue, encode_header
from tests.unit.ledger.evidence.site import Site, identity_of, log_of, make_site, run
from tests.unit.ledger.small_log import decision_header, judged, notary_keys

PERSON = "11010119900101000X"  # of nobody: its check digit is wrong


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Decisions up to 15; then 19 with an outcome, and 20 about a person."""
    site = make_site(tmp_path_factory.mktemp("show"), 5)
    subject = notary_keys().pseudonyms.of("person", PERSON)
    named: dict[str, HeaderValue] = {**decision_header(1), "verdict": "deny", "permit": "x-1"}
    named["subjects"] = [subject]
    outcome: dict[str, HeaderValue] = {"decision": 19, "session": "s0"}
    outcome |= {"rows_count": 4, "released_bytes": 90}
    sequencer = site.log.open().sequencer
    assert sequencer is not None
    sequencer.commit(
        [
            [
                judged(),
                JudgedDraft(EntryKind.DECISION, encode_header(EntryKind.DECISION, named)),
                JudgedDraft(EntryKind.OUTCOME, encode_header(EntryKind.OUTCOME, outcome)),
            ]
        ]
    )
    site.log.close()
    return site


def indices(site: Site, *arguments: str, stdin: str | None = None) -> list[int]:
    shown = run(site, "show", *log_of(site), "--json", *arguments, stdin=stdin)
    assert shown.exit_code == 0, shown.output
    return [json.loads(line)["index"] for line in shown.stdout.splitlines()]


def test_headers_are_shown_to_all_and_payloads_to_recipients(site: Site):
    show = ["show", *log_of(site), "--kind", "decision", "--to", "7"]
    plain = run(site, *show)
    assert plain.exit_code == 0
    assert "verdict=rewrite" in plain.stdout
    assert "SELECT 1" not in plain.stdout
    opened = run(site, *show, *identity_of(site), "--json")
    rows = [json.loads(line) for line in opened.stdout.splitlines()]
    assert [row["index"] for row in rows] == [3, 4, 5, 6, 7]
    assert all("SELECT 1" in row["payload"] for row in rows)


def test_what_is_asked_for_is_shown(site: Site):
    assert indices(site, "--from", "3", "--count", "2") == [3, 4]
    assert indices(site, "--from", "3", "--to", "5") == [3, 4, 5]
    assert indices(site, "--kind", "genesis", "--kind", "outcome") == [0, 21]
    assert indices(site, "--verdict", "deny") == [20]
    assert indices(site, "--permit", "x-1", "--rule", "sealed-rows") == [20]
    assert indices(site, "--session", "s0", "--from", "15") == [19, 21]
    assert indices(site, "--principal", "nobody") == []
    assert len(indices(site, "--since", "2026-01-01", "--until", "2026-01-01")) == 20
    assert indices(site, "--until", "2025-12-31") == []


def test_a_person_is_found_by_an_id_that_is_in_no_argument(site: Site):
    asked = ("--subject", *identity_of(site))
    for typed in (PERSON, PERSON.lower(), "１１０１０１ 19900101 ０００ｘ "):
        assert indices(site, *asked, stdin=f"{typed}\n") == [20]
    assert indices(site, *asked, stdin="somebody else\n") == []
    without = run(site, "show", *log_of(site), "--subject", stdin=PERSON)
    assert (without.exit_code, "--identity" in without.stderr) == (2, True)
    assert PERSON not in without.output
    assert run(site, "show", *log_of(site), *asked, stdin="\n").exit_code == 2


def test_a_decision_is_shown_with_what_became_of_it(site: Site):
    arguments = ("--kind", "decision", "--from", "19", "--outcomes")
    rows = run(site, "show", *log_of(site), "--json", *arguments).stdout.splitlines()
    first, second = map(json.loads, rows)
    assert (first["outcome"]["index"], first["outcome"]["header"]["rows_count"]) == (21, 4)
    assert "outcome" not in second
    assert "rows_count=4" in run(site, "show", *log_of(site), *arguments).stdout


def test_a_time_that_is_none_is_wrong_usage(site: Site):
    refused = run(site, "show", *log_of(site), "--since", "soon")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


def test_lines_are_aligned_and_steer_nothing(site: Site, tmp_path: Path):
    lines = run(site, "show", *log_of(site)).stdout.splitlines()
    assert {line.index("2026-") for line in lines} == {10}
    assert all(line.isprintable() for line in lines)
