"""A client whose system writes GBK says so only after it has said who it is: what it wrote before
reaches the database as it came, and is nobody's name but the one with the same bytes."""

import json
import os
import subprocess

import pytest

from tests.drivers.raw import RawClient, query, tags
from tests.scenarios.service import install, started
from tests.world import HOST, PASSWORD

USER = "agency_app"
SHOW = "SHOW application_name"
PRINCIPAL = """

[[principal]]
name = "query-window"
kind = "platform"
match = { user = "agency_app", application_name = "查询窗口" }
"""


def as_str(raw):
    """What `RawClient.start` sends as these bytes."""
    return raw.decode("utf-8", "surrogateescape")


@pytest.fixture(scope="module")
def site(agency, tmp_path_factory):
    installed = install(agency, tmp_path_factory.mktemp("site"))
    text = installed.policy.read_text(encoding="utf-8")
    first = text.index("[[principal]]")
    installed.policy.write_text(
        text[:first] + PRINCIPAL.lstrip() + "\n" + text[first:], encoding="utf-8"
    )
    with started(installed):
        yield installed


def shown(port, database, **parameters):
    with RawClient(HOST, port) as client:
        client.start(user=USER, database=database, **parameters)
        client.send(query(SHOW))
        return client.until("Z")


NAMES = {
    "gbk": "人口查询".encode("gbk"),
    "ends-in-a-backslash": b"\xbf\x5c",
    "half": b"a\xbf",
    "latin-1": b"\xe9t\xe9",
    "utf-8": "人口查询".encode(),
}


@pytest.mark.parametrize("encoding", ["GBK", "UTF8"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_database_sees_an_application_name_as_it_was_sent(site, name, encoding):
    sent = {"application_name": as_str(name), "client_encoding": encoding}
    received = shown(site.port, site.database.name, **sent)
    assert tags(received) == "TDCZ"
    assert received == shown(site.database.port, site.database.name, **sent)
    option = {"options": "-c application_name=" + as_str(name.replace(b"\\", b"\\\\"))}
    assert received == shown(site.port, site.database.name, client_encoding=encoding, **option)


@pytest.mark.parametrize(
    ("name", "encoding", "seen"),
    [
        ("查询窗口".encode(), "UTF8", False),
        ("查询窗口".encode(), "GBK", False),
        ("查询窗口".encode("gbk"), "GBK", False),
        ("查询窗口".encode("gbk"), "windows-936", False),
        ("查询窗口".encode("gbk"), "UTF8", True),
        ("查询窗口".encode("gbk") + b"\xff", "GBK", True),
        (b"", "UTF8", True),
    ],
)
def test_a_principal_is_found_by_what_the_client_means(site, name, encoding, seen):
    """The platform of the policy above is refused what the application may see."""
    with RawClient(HOST, site.port) as client:
        sent = {"application_name": as_str(name), "client_encoding": encoding}
        client.start(user=USER, database=site.database.name, **sent)
        client.send(query("SELECT count(*) FROM base.case_person"))
        assert tags(client.until("Z")) == ("TDCZ" if seen else "EZ")


@pytest.mark.parametrize("what", ["user", "database"])
def test_another_spelling_of_a_name_is_another_name(site, what):
    names = {"user": USER, "database": site.database.name}
    names[what] = as_str("公安".encode("gbk"))
    with RawClient(HOST, site.port) as client:
        received = client.start(client_encoding="GBK", **names)
    assert received[-1].tag == "E"
    assert received[-1].fields["C"] == {"user": "28000", "database": "3D000"}[what]


def test_other_values_have_to_be_text(site):
    with RawClient(HOST, site.port) as client:
        received = client.start(
            user=USER, database=site.database.name, search_path=as_str(b"\xca\xfd")
        )
    assert received[-1].fields["C"] == "42501"


def test_psql_of_a_system_in_gbk(site):
    environment = os.environb | {
        b"PGCLIENTENCODING": b"GBK",
        b"PGPASSWORD": PASSWORD.encode(),
        b"PGAPPNAME": b"\xc8\xcb\xbf\x5c",
    }
    text = "SELECT '表彰' AS \"案件\", count(*) > 0 FROM base.case_person".encode("gbk")
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-d", site.conninfo(USER)],
        input=text, capture_output=True, timeout=60, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == "表彰|t\n".encode("gbk")


def test_the_ledger_says_what_could_be_read(site):
    payloads = [json.loads(entry["payload"]) for entry in site.entries("decision")]
    names = {payload["application_name"] for payload in payloads}
    assert "查询窗口" in names
    assert "人口查询" in names
    assert r"a\xbf" in names
