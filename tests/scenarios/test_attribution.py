"""Who asked, as applications say it, in the ledger of the real service. What a setting was at a
statement is asked of the database itself: the entry has to say the same."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import asyncpg
import psycopg
import pytest

from tests.scenarios.service import Service, install, started
from tests.world import HOST, PASSWORD, Database

pytestmark = pytest.mark.database

CASE = "（2026）京0105刑初12号"
CASE_PLAIN = "(2026)京0105刑初12号"
POLICY = """
[[principal]]
name = "must-say"
kind = "counter"
match = { user = "desk" }
operator_required = true

[[principal]]
name = "named"
kind = "unit"
match = { user = "bgcheck" }
operator_from = ["application_name", "comment"]
operator_in_application_name = "desk/{operator}/{case}"

[[principal]]
name = "own-account"
kind = "handler"
match = { user = "agency_app", source = "127.0.0.0/8", application_name = "personal" }
operator_from = ["user"]

[[principal]]
name = "application"
kind = "handler"
match = { user = "agency_app" }
"""
NOW = "SELECT coalesce(current_setting('fengcun.operator', true), '')"


@pytest.fixture(scope="module")
def service(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    site = install(agency, tmp_path_factory.mktemp("attribution"))
    rules = site.policy.read_text(encoding="utf-8").partition("[[statistic]]")[0]
    site.policy.write_text(rules + POLICY, encoding="utf-8")
    with started(site) as running:
        yield running


def recorded(service: Service, mark: str) -> list[tuple[str, str | None, str | None]]:
    """Of the statements that hold `mark`, in order: on what basis, who, and for which case. The
    header has pseudonyms where, and only where, the payload has names."""
    found = []
    for entry in service.site.entries("decision"):
        payload = json.loads(entry["payload"])
        if mark in payload.get("text", ""):
            header = entry["header"]
            for name in ("operator", "case"):
                assert (name in header) == (name in payload)
                assert header.get(name) != payload.get(name) or name not in header
            found.append((header["attribution"], payload.get("operator"), payload.get("case")))
    return found


def metrics(service: Service) -> str:
    with urllib.request.urlopen(f"http://{HOST}:{service.site.metrics_port}/metrics") as answer:
        return str(answer.read(), "utf-8")


def unattributed(service: Service) -> float:
    line = 'fengcun_decisions_unattributed_total{principal="application"} '
    return sum(
        float(each.removeprefix(line))
        for each in metrics(service).splitlines()
        if each.startswith(line)
    )


def agree(service: Service, mark: str, said: list[str]) -> None:
    """The entries say what the database said."""
    who = [operator or "" for _, operator, _ in recorded(service, mark)]
    assert who == said


@pytest.mark.requirement("G2")
def test_a_setting_is_followed_as_the_server_keeps_it(service):
    said: list[str] = []

    def asked(connection):
        said.append(connection.execute(NOW + " AS followed").fetchone()[0])

    with service.site.connect("agency_app", options="-c fengcun.operator=first") as one:
        asked(one)
        steps = (
            "SET fengcun.operator = 'second'", "BEGIN", "SET fengcun.operator = 'undone'",
            "ROLLBACK", "BEGIN", "SET LOCAL fengcun.operator = 'local'", "COMMIT",
            "BEGIN", "SET fengcun.operator TO kept", "SAVEPOINT s",
            "SELECT set_config('fengcun.operator', 'inner', false)", "ROLLBACK TO s", "COMMIT",
            "BEGIN", "SET LOCAL fengcun.operator = 'a'", "SET fengcun.operator = 'b'", "COMMIT",
            "SET LOCAL fengcun.operator = 'nothing'", "RESET fengcun.operator",
            "SET fengcun.operator = 'again'", "RESET ALL", "SET fengcun.operator TO DEFAULT",
            "SET fengcun.operator = 'gone'; SELECT 1; ROLLBACK",
            "BEGIN; SET fengcun.operator = 'several'; COMMIT", "DISCARD ALL",
            "SELECT set_config('FENGCUN.operator', '张三'::text, false)",
            "SELECT pg_catalog.set_config('fengcun.operator', NULL::text, false)",
        )  # fmt: skip
        for step in steps:
            if "NULL" in step:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    one.execute(step)
                continue
            one.execute(step)
            asked(one)
        one.execute("SET fengcun.operator = 'before'")
        one.execute("BEGIN")
        one.execute("SET fengcun.operator = 'in what fails'")
        with pytest.raises(psycopg.errors.DivisionByZero):
            one.execute("SELECT 1/0")
        one.execute("COMMIT")
        asked(one)
        with pytest.raises(psycopg.errors.DivisionByZero):
            one.execute("SET fengcun.operator = 'in what fails'; SELECT 1/0")
        asked(one)
    assert said[0] == "first"
    assert {"second", "local", "kept", "inner", "several", "张三", "before"} <= {*said}
    agree(service, "followed", said)


async def test_a_setting_is_followed_with_parameters_and_in_pipelines(service):
    site = service.site
    connection = await asyncpg.connect(
        host=HOST, port=site.port, user="agency_app", password=PASSWORD, database=site.database.name
    )
    said = []
    for value in ("李四", "x" * 20, "", "王五"):
        await connection.execute("SELECT set_config('fengcun.operator', $1, false)", value)
        said.append(await connection.fetchval(NOW + " AS bound"))
    prepared = await connection.prepare(NOW + " AS bound")
    for value in ("one", "two"):
        async with connection.transaction():
            await connection.execute(f"SET LOCAL fengcun.operator = '{value}'")
            said.append(await prepared.fetchval())
    await connection.close()
    with site.connect("agency_app") as one, one.pipeline():
        cursors = []
        for value in ("甲", "乙"):
            one.execute("SELECT set_config('fengcun.operator', %s, false)", (value,))
            cursors.append(one.execute(NOW + " AS bound, '张'"))
        said += [cursor.fetchone()[0] for cursor in cursors]
    agree(service, "bound", said)


TAGS = (
    ("/* operator=u1 case=" + CASE + " */ SELECT 'tag-1'", ("comment", "u1", CASE_PLAIN)),
    (
        "SELECT 'tag-1' /*case='%282026%29',operator='%E5%BC%A0%E4%B8%89'*/;",
        ("comment", "张三", "(2026)"),
    ),
    ("SELECT 'tag-1' -- operator=u1", ("unattributed", None, None)),
    ("SELECT /* operator=u1 */ 'tag-1'", ("unattributed", None, None)),
    ("SELECT 'tag-1', '/* operator=u1 */'", ("unattributed", None, None)),
    ("SELECT 'tag-1', $$/* operator=u1 */$$", ("unattributed", None, None)),
    ("/* /* operator=u1 */ */ SELECT 'tag-1'", ("unattributed", None, None)),
    ("/* operator=u1 */ SELECT 'tag-1' /* operator=u2 */", ("contradictory", None, None)),
    ("/* operator=" + "x" * 65 + " */ SELECT 'tag-1'", ("invalid", None, None)),
    ("/* operator='%ff' case=7 */ SELECT 'tag-1'", ("invalid", None, "7")),
    ("SET fengcun.operator = 'u3'; SELECT 'tag-1'", ("setting", "u3", None)),
    ("SELECT 'tag-1'; SET fengcun.operator = 'u4'", ("contradictory", None, None)),
    ("/* operator=u5 */ SELECT 'tag-1'", ("contradictory", None, None)),
    ("/* operator=u4 */ SELECT 'tag-1'", ("setting", "u4", None)),
)


def test_a_comment_says_who_asks_where_it_stands_around_the_statement(service):
    with service.site.connect("agency_app") as one:
        for text, _ in TAGS:
            one.execute(text.encode())
    assert recorded(service, "tag-1") == [wanted for _, wanted in TAGS]


def test_what_is_stripped_keeps_its_comment(service):
    text = "/* operator=u7 */ SELECT count(*) FROM base.person AS kept /* case=9 */"
    with service.site.connect("agency_app") as one:
        one.execute(text)
    (payload,) = (
        json.loads(entry["payload"])
        for entry in service.site.entries("decision")
        if "AS kept" in json.loads(entry["payload"]).get("text", "")
    )
    assert payload["sent"].startswith("/* operator=u7 */ SELECT")
    assert payload["sent"].endswith("/* case=9 */")
    assert (payload["operator"], payload["case"]) == ("u7", "9")


def test_an_application_name_says_it_by_the_form_in_the_policy(service):
    names = ("desk/u8/17", "other", "desk/u9/18")
    with service.site.connect("bgcheck", application_name=names[0]) as one:
        one.execute("SELECT 'by-name'")
        for name in names[1:]:
            one.execute("SELECT set_config('application_name', %s, false)", (name,))
            one.execute("SELECT 'by-name'")
        one.execute("SET fengcun.operator = 'not asked'")
        one.execute("/* operator=u9 */ SELECT 'by-name'")
    assert recorded(service, "by-name") == [
        ("application_name", "u8", "17"),
        ("unattributed", None, None),
        ("application_name", "u9", "18"),
        ("application_name", "u9", "18"),
    ]


@pytest.mark.requirement("G2")
def test_who_must_say_who_asks_is_refused_until_they_do(service):
    ask = "SELECT count(*) AS required FROM base.person"
    with service.site.connect("desk") as one:
        one.execute("SELECT 1 AS required")
        for wrong in (ask, f"/* operator={'x' * 99} */ {ask}", f"{ask}; SELECT 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                one.execute(wrong)
            assert "operator-required" in (refused.value.diag.message_hint or "")
        one.execute(f"/* operator=u1 */ {ask}")
        one.execute("SET fengcun.operator = 'u2'")
        one.execute(ask)
        one.execute(ask, prepare=True)
        one.execute("RESET fengcun.operator")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            one.execute(ask, prepare=True)
    who = [operator for _, operator, _ in recorded(service, "required")]
    assert who == [None, None, None, None, "u1", "u2", "u2", None]


def test_nothing_of_a_name_is_in_logs_and_metrics(service):
    with service.site.connect("agency_app") as one:
        one.execute("SET fengcun.operator = 'somebody-secret'")
        one.execute("SELECT count(*) FROM base.person")
        one.execute("SET fengcun.operator = ''")
        before = unattributed(service)
        one.execute("SELECT count(*) FROM base.person")
        one.execute("SELECT 1")
    after = unattributed(service)
    assert after - before == 1
    assert "somebody" not in metrics(service)
    assert "somebody" not in service.site.errors.read_text(encoding="utf-8")
