"""Batch checks (未成年人保护法第62条) through the real service: a yes or a no for each person of a
unit's list, asked of the proxy by the desk, so that who is sealed is answered as who is clean. All
people are synthetic."""

import base64
import contextlib
import csv
import hashlib
import io
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from psycopg import errors

from proxy.policy.identity import has_check_digit
from proxy.server.identify import identify
from proxy.settings import load_law
from tests.conftest import AGENCY as AGENCY_TEMPLATE
from tests.scenarios.certificates import ADULT, CLEAN, MIXED, MIXED_LIKE, NUMBERS, SEALED
from tests.scenarios.service import FENGCUN, ROOT, SHIPPED, install, started, until_it_answers
from tests.scenarios.test_desk_page import AGENCY, APPLICATION, OFFICERS, PASSWORD, permit
from tests.world import free_port

pytestmark = [pytest.mark.database, pytest.mark.slow]

EVERY_MS = 500
NO_RECORD, RECORD = "无 / no record to report", "有 / has a record to report"
SCHOOL = {
    **APPLICATION, "purpose": "close-contact", "basis": "minors-protection-62", "scope": "batch",
    "unit": "合成小学", "reason": "年度从业人员核查", "use": "仅用于在岗人员年度核查",
}  # fmt: skip
WAITS_SECONDS_MAX = 60.0


def staff(count, first=1):
    """So many numbers of nobody: there is no region 999999."""
    stems = [f"99999919800101{first + at:03}" for at in range(count)]
    return [
        next(stem + last for last in "0123456789X" if has_check_digit(stem + last))
        for stem in stems
    ]


class School:
    """A service with a desk, and what is done at it."""

    def __init__(self, url, site, database):
        self.url, self.site, self.database = url, site, database

    def api(self, officer, path, given=None):
        """A request to the desk: status and JSON."""
        data = None if given is None else json.dumps(given).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/applications{path}", data)
        token = base64.b64encode(f"{officer}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def apply(self, subjects, **more):
        return self.api("clerk-li", "", {**SCHOOL, "subjects": subjects, **more})

    def granted(self, subjects, **more):
        status, taken = self.apply(subjects, **more)
        assert status == 201, taken
        assert self.api("chief-wang", f"/{taken['number']}/grant", {})[0] == 200
        return taken["number"]

    def revoke(self, number):
        given = {"reason": "supervision"}
        assert self.api("chief-wang", f"/{number}/revoke", given)[0] == 200

    @contextlib.contextmanager
    def stopped_half_way(self, number, *more):
        """While a check waits for the database, some of it done: what comes of it, later, and the
        connection that lets it go on when it ends its transaction."""
        found = []
        run = threading.Thread(target=lambda: found.append(self.batch(number, *more)))
        run.start()
        until(lambda: self.api("clerk-li", f"/{number}/batch")[1].get("done"))
        with self.database.connect() as held, held.transaction():
            held.execute("LOCK TABLE base.sentence IN ACCESS EXCLUSIVE MODE")
            progress = self.api("clerk-li", f"/{number}/batch")[1]
            assert progress["running"]
            assert 0 < progress["done"] < progress["people"]
            yield held, found
        run.join(WAITS_SECONDS_MAX)

    def batch(self, number, *more, officer="clerk-li"):
        return permit(self.url, self.site, officer, "batch", number, *more)

    def file(self, number, *more):
        """The unit's file, and its rows."""
        done = self.batch(number, "--csv", *more)
        assert done.returncode == 0, done.stderr
        return list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))[1:]

    def used(self, number):
        entries = [
            each for each in self.site.entries("permit") if each["header"]["permit"] == number
        ]
        return [each for each in entries if each["header"]["event"] == "used"]


@contextlib.contextmanager
def school(database, home):
    for name, number in NUMBERS.items():
        database.run(f"UPDATE base.person SET id_no = '{number}' WHERE name = '{name}'")
    site, port = install(database, home), free_port()
    site.policy.write_text(SHIPPED, encoding="utf-8")
    for line in (
        f'agency = "{AGENCY}"', 'directory = "desk"', 'officers_file = "officers.toml"',
        f"port = {port}",
    ):  # fmt: skip
        site.set("desk", line)
    for line in (
        f'organ = "{AGENCY}"', 'directory = "certificates"', 'user = "certificate"',
        f"answer_every_ms = {EVERY_MS}",
    ):  # fmt: skip
        site.set("certificate", line)
    for name, role in OFFICERS.items():
        command = [*FENGCUN, "desk", "officer", "add", name, "--role", role, "--config"]
        subprocess.run(
            [*command, str(site.config)], cwd=ROOT, input=PASSWORD, text=True, check=True
        )
    with serving(site, port):
        yield School(f"http://127.0.0.1:{port}", site, database)
    site.verify()


@contextlib.contextmanager
def serving(site, port):
    with started(site) as service:
        until_it_answers(port, service.process)
        yield service
        assert service.stop() == 0, site.errors.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def desk(postgres, tmp_path_factory):
    database = postgres.create_database(AGENCY_TEMPLATE)
    with school(database, tmp_path_factory.mktemp("school")) as running:
        yield running
    postgres.drop_database(database)


@pytest.mark.requirement("D11", "E3")
def test_who_is_sealed_is_answered_as_who_is_clean_to_the_byte(desk):
    people = [ADULT, SEALED, CLEAN, MIXED, MIXED_LIKE]
    subjects = [NUMBERS[name] for name in people] + staff(1)
    number = desk.granted(subjects)
    done = desk.batch(number, "--csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"))))[1:]
    assert [given for given, _ in rows] == subjects
    assert [said for _, said in rows] == [RECORD, NO_RECORD, NO_RECORD, RECORD, RECORD, NO_RECORD]
    lines = {NUMBERS[name]: line for name in people for line in done.stdout.splitlines()
             if NUMBERS[name] in line}  # fmt: skip
    sealed, clean = (lines[NUMBERS[name]].replace(NUMBERS[name], "") for name in (SEALED, CLEAN))
    assert sealed.encode() == clean.encode()
    # Nothing of anybody but the number as it was given and the answer.
    assert not [name for name in people if name in done.stdout]
    found = json.loads(desk.batch(number, "--json").stdout)
    assert found["answers"][1] | {"number": ""} == found["answers"][2] | {"number": ""}
    shown = desk.batch(number).stdout.splitlines()
    assert shown[1].replace(NUMBERS[SEALED], "") == shown[2].replace(NUMBERS[CLEAN], "")


@pytest.mark.requirement("D11", "D9")
def test_each_check_is_an_entry_that_binds_the_file(desk):
    number = desk.granted([NUMBERS[SEALED], NUMBERS[CLEAN]])
    done = desk.batch(number, "--csv")
    (entry,) = desk.used(number)
    said = json.loads(entry["payload"])
    assert said["people"] == [[NUMBERS[SEALED], "no-record"], [NUMBERS[CLEAN], "no-record"]]
    assert said["officer"] == "clerk-li"
    assert len(entry["header"]["subjects"]) == 2
    assert NUMBERS[SEALED] not in json.dumps(entry["header"])
    file = done.stdout.replace("\n", "\r\n").encode()
    assert hashlib.sha256(file).hexdigest() == said["file_sha256"]


@pytest.mark.requirement("D11", "E5")
def test_the_look_ups_of_sealed_and_clean_are_recorded_alike(desk):
    number = desk.granted([NUMBERS[SEALED], NUMBERS[CLEAN]], letter="合小函〔2026〕9号")
    before = len(desk.site.entries("decision"))
    assert desk.batch(number).returncode == 0
    asked = desk.site.entries("decision")[before:]
    one, other = [each for each in asked if each["header"]["principal"] == "certificate-look-up"]
    named = {"subjects": [""]}
    assert one["header"] | named == other["header"] | named
    assert len(one["header"]["subjects"]) == len(other["header"]["subjects"]) == 1
    assert "permit" not in one["header"]
    assert len(one["payload"]) == len(other["payload"])
    ended = {each["header"]["decision"]: each["header"] for each in desk.site.entries("outcome")}
    after = [ended[each["index"]] for each in (one, other)]
    for outcome in after:
        outcome.pop("decision")
        outcome.pop("duration_ms")
    assert after[0] == after[1]


@pytest.mark.requirement("D8", "D11")
def test_a_check_that_was_done_is_given_again_and_counts_no_more(desk):
    number = desk.granted(staff(3), uses_max=2)
    first = desk.file(number)
    assert desk.file(number) == first
    assert len(desk.used(number)) == 1
    skipped = desk.batch(number, "--run", "3")
    assert (skipped.returncode, "(unknown-run)" in skipped.stderr) == (1, True)
    assert desk.file(number, "--run", "2") == first
    third = desk.batch(number, "--run", "3")
    assert (third.returncode, "(used-up)" in third.stderr) == (1, True)
    assert len(desk.used(number)) == 2
    # What was given is still there to be read, and by the command alone.
    assert desk.file(number, "--run", "2") == first


@pytest.mark.requirement("D8", "D11")
def test_who_may_not_run_it_and_what_is_no_list(desk):
    number = desk.granted(staff(2))
    done = desk.batch(number, officer="chief-wang")
    assert (done.returncode, "(role)" in done.stderr) == (1, True)
    received = desk.apply(staff(2))[1]["number"]
    done = desk.batch(received)
    assert (done.returncode, "(not-in-force)" in done.stderr) == (1, True)
    other = desk.granted(staff(1), **{name: APPLICATION[name] for name in
                                      ("purpose", "basis", "scope")})  # fmt: skip
    done = desk.batch(other)
    assert (done.returncode, "(not-batch)" in done.stderr) == (1, True)
    bound = desk.granted(staff(2), operator="021377")
    done = desk.batch(bound)
    assert (done.returncode, "(operator-bound)" in done.stderr) == (1, True)
    assert desk.used(number) == desk.used(bound) == []


@pytest.mark.requirement("D8", "D11")
def test_a_permit_that_is_revoked_gives_nothing_not_even_what_it_gave(desk):
    number = desk.granted(staff(2))
    assert desk.batch(number).returncode == 0
    desk.revoke(number)
    for more in ((), ("--run", "2"), ("--csv",)):
        done = desk.batch(number, *more)
        assert (done.returncode, done.stdout) == (1, "")
        assert "(not-in-force)" in done.stderr
    assert len(desk.used(number)) == 1


@pytest.mark.requirement("D8", "D11")
def test_a_permit_that_is_revoked_on_the_way_gives_nothing(desk):
    number = desk.granted(staff(200))
    with desk.stopped_half_way(number) as (_, found):
        desk.revoke(number)
    assert (found[0].returncode, found[0].stdout) == (1, "")
    assert "(not-in-force)" in found[0].stderr
    assert desk.used(number) == []


@pytest.mark.requirement("D11")
def test_what_fails_on_the_way_counts_nothing_and_is_repeated_whole(desk):
    number = desk.granted([*staff(198), NUMBERS[SEALED], NUMBERS[ADULT]], uses_max=1)
    try:
        with desk.stopped_half_way(number, "--csv") as (held, found):
            held.execute("REVOKE SELECT ON base.sentence FROM certificate")
        assert (found[0].returncode, found[0].stdout) == (1, "")
        assert "(database)" in found[0].stderr
        assert "重新进行" in found[0].stderr
    finally:
        desk.database.run("GRANT SELECT ON base.sentence TO certificate")
    assert desk.used(number) == []
    rows = desk.file(number)
    assert [said for _, said in rows] == [NO_RECORD] * 199 + [RECORD]
    assert len(desk.used(number)) == 1
    text = desk.site.errors.read_text(encoding="utf-8")
    assert number in text
    assert NUMBERS[SEALED] not in text


@pytest.mark.requirement("D11")
def test_a_unit_of_three_hundred_asks_in_two_lists_and_sees_how_far_it_is(desk):
    everybody = staff(299)
    everybody.insert(170, NUMBERS[ADULT])
    status, whole = desk.apply(everybody)
    assert (status, whole["fields"][0]["field"]) == (422, "subjects")
    found = []
    for part in (everybody[:150], everybody[150:]):
        done = desk.batch(desk.granted(part), "--csv")
        assert done.returncode == 0, done.stderr
        told = [line for line in done.stderr.splitlines() if "150 人" in line]
        assert len(told) > 1
        found += list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"))))[1:]
    assert [given for given, _ in found] == everybody
    assert [at for at, (_, said) in enumerate(found) if said == RECORD] == [170]


@pytest.mark.requirement("C4", "C5", "D11")
def test_a_platform_has_no_check(desk):
    answer = desk.apply(staff(2), principal="background-check-platform")[1]
    assert answer["state"] == "refused"
    done = desk.batch(answer["number"])
    assert (done.returncode, "(not-in-force)" in done.stderr) == (1, True)


@pytest.mark.requirement("C2", "C5")
def test_the_login_of_the_look_up_is_for_the_look_up(desk):
    shipped = (ROOT / "config" / "batch.sql").read_text(encoding="utf-8")
    query = re.sub(r"\$\d", "%s", shipped[shipped.index("SELECT EXISTS") :]).encode()
    years = ("0001-01-01", "2026-01-01")
    with desk.site.connect("certificate") as connection:
        one, three = [NUMBERS[ADULT]], staff(3)
        with pytest.raises(errors.InsufficientPrivilege, match="operator"):
            connection.execute(query, [one, *years])
        connection.execute("SELECT set_config('fengcun.operator', '021377', false)")
        assert connection.execute(query, [one, *years]).fetchone() == (True,)
        for text, values in (
            (query, [three, *years]),
            (b"SELECT name FROM base.person", None),
            (b"SELECT id_no FROM base.person WHERE name = '" + ADULT.encode() + b"'", None),
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(text, values)
    # From any other address it is nobody's login.
    principals = load_law(desk.site.policy).principals
    for source, name in (("127.0.0.1", "certificate-look-up"), ("127.0.0.2", None), ("", None)):
        found = identify(principals, "certificate", desk.database.name, source, "certificate", None)
        assert (found and found.name) == name


@pytest.mark.requirement("D8", "D9", "D11")
def test_a_restart_keeps_what_was_given_and_how_often(agency_copy, tmp_path):
    with school(agency_copy, tmp_path) as desk:
        number = desk.granted([NUMBERS[SEALED], NUMBERS[ADULT]], uses_max=1)
        rows = desk.file(number)
    port = int(desk.url.rpartition(":")[2])
    desk.site.log.with_name("log.budget").unlink()
    with serving(desk.site, port):
        assert desk.file(number) == rows
        done = desk.batch(number, "--run", "2")
        assert (done.returncode, "(used-up)" in done.stderr) == (1, True)
        # Somebody has changed an answer.
        (kept,) = (desk.site.home / "desk").glob(f"{number}.answers-*")
        kept.write_bytes(kept.read_bytes().replace(b'"record"', b'"no-record"'))
        done = desk.batch(number)
        assert (done.returncode, "(answers-lost)" in done.stderr) == (1, True)


def until(holds):
    deadline = time.monotonic() + WAITS_SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
