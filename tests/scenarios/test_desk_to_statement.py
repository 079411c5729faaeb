"""From the counter to the rows: what officers grant by the command is what an application, which
knows nothing of it, is shown by its ordinary statements. All people are synthetic."""

import json

import psycopg
import pytest
from psycopg import errors

from tests.scenarios.service import SHIPPED
from tests.scenarios.test_desk_page import APPLICATION, permit, served

pytestmark = [pytest.mark.database, pytest.mark.slow]

SEALED = "110105200301010018"
"""Person 7 of the seed, in case_person 7: two births, the younger of which seals."""
CASE = "(2026) 合0101刑初1号"
COURT = {
    **APPLICATION, "principal": "case-application", "standing": "judicial", "purpose": "case",
    "basis": "criminal-procedure-286", "scope": "full", "subjects": [SEALED], "case": CASE,
    "uses_max": None,
}  # fmt: skip
NUMBERS = [SEALED, *(f"S{number:08}" for number in range(199))]
"""A school's staff, of whom nobody is known but one, who is sealed."""
SCHOOL = {
    **APPLICATION, "purpose": "close-contact", "basis": "minors-protection-62", "scope": "batch",
    "subjects": NUMBERS,
}  # fmt: skip
THEIRS = "SELECT cp_id FROM case_person WHERE person_id IN (2, 7) ORDER BY cp_id"
LISTED = f"SELECT name FROM person WHERE id_no IN ({', '.join(map(repr, NUMBERS))})"


def granted(url, site, application):
    """The number of a permit that one officer took in and another gave."""
    given = json.dumps({name: value for name, value in application.items() if value is not None})
    taken = permit(url, site, "clerk-li", "apply", "--file", "-", "--json", given=given)
    assert taken.returncode == 0, taken.stderr
    number = json.loads(taken.stdout)["number"]
    done = permit(url, site, "chief-wang", "grant", number)
    assert done.returncode == 0, done.stderr
    return number


def seen(site, text, user, case=None):
    with site.connect(user) as connection:
        if case is not None:
            connection.execute("SELECT set_config('fengcun.case_no', %s, false)", [case])
        return [value for (value,) in connection.execute(text.encode()).fetchall()]


@pytest.mark.requirement("D5", "D8", "D9", "Q34")
def test_an_application_sees_whom_the_permit_names_in_its_case_until_it_is_taken_back(
    agency, tmp_path
):
    with served(agency, tmp_path) as (url, site):
        assert seen(site, THEIRS, "agency_app", CASE) == []
        number = granted(url, site, COURT)
        assert seen(site, THEIRS, "agency_app", CASE) == [7]
        assert seen(site, THEIRS, "agency_app") == []
        assert seen(site, THEIRS, "agency_app", "(2026) 合0101刑初2号") == []
        assert seen(site, THEIRS, "desk", CASE) == []
        done = permit(url, site, "chief-wang", "revoke", number, "--reason", "no-longer-needed")
        assert done.returncode == 0, done.stderr
        assert seen(site, THEIRS, "agency_app", CASE) == []
    rules = [
        (entry["header"]["rule"], entry["header"].get("permit"))
        for entry in site.entries("decision")
        if "base.case_person" in entry["header"].get("relations", ())
    ]
    assert rules.count(("permitted-rows", number)) == 1
    assert {name for _, name in rules} == {None, number}


@pytest.mark.requirement("D11", "Q24")
def test_a_list_is_answered_whole_under_its_permit_and_shows_nobody_who_is_sealed(agency, tmp_path):
    with served(agency, tmp_path, policy=SHIPPED) as (url, site):
        with pytest.raises(errors.InsufficientPrivilege, match="people") as before:
            seen(site, LISTED, "desk")
        granted(url, site, SCHOOL)
        assert seen(site, LISTED, "desk") == []
        one_more = LISTED.replace(")", ", 'S99999999')")
        with pytest.raises(errors.InsufficientPrivilege) as after:
            seen(site, one_more, "desk")
        assert str(after.value) == str(before.value)


@pytest.mark.requirement("C4")
def test_a_platform_gets_a_number_and_a_refusal(agency, tmp_path):
    with served(agency, tmp_path) as (url, site):
        given = json.dumps({**APPLICATION, "principal": "background-check-platform"})
        taken = permit(url, site, "clerk-li", "apply", "--file", "-", "--json", given=given)
        answer = json.loads(taken.stdout)
        assert answer["state"] == "refused"
        done = permit(url, site, "chief-wang", "grant", answer["number"])
        assert done.returncode == 1
        with pytest.raises(psycopg.Error):
            seen(site, THEIRS, "bgcheck")
    events = [entry["header"]["event"] for entry in site.entries("permit")]
    assert events == ["received", "refused"]
