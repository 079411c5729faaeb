"""A change of how texts are read that a transaction could undo is refused, whatever the order in
which a client sends its parts; else a text would be judged as one and run as another.

In one segment a BEGIN takes what ran before it into its transaction, and a ROLLBACK undoes it at
once, while the server tells of a new encoding only at the end of the segment.
"""

import pytest

from tests.drivers.raw import FLUSH, SYNC, RawClient, bind, execute, parse, query, tags
from tests.scenarios.service import running_service
from tests.world import HOST

CHANGES = {
    "encoding": "SET client_encoding = 'GBK'",
    "names": "SET NAMES 'GBK'",
    "path": "SET search_path TO audit",
    "reset-path": "RESET search_path",
    "discard": "DISCARD ALL",
}


@pytest.fixture(scope="module")
def site(agency, tmp_path_factory):
    with running_service(agency, tmp_path_factory.mktemp("site")) as service:
        yield service.site


@pytest.fixture
def client(site):
    with RawClient(HOST, site.port) as raw:
        raw.start(user="agency_app", database=site.database.name, client_encoding="UTF8")
        yield raw


@pytest.fixture(params=CHANGES)
def change(request):
    return CHANGES[request.param]


def run(text):
    return (parse(text), bind(), execute())


def refused(client, *parts):
    client.send(*parts)
    received = client.until("Z")
    errors = [message.fields for message in received if message.tag == "E"]
    assert [error["C"] for error in errors] == ["42501"], tags(received)
    return errors[0]["H"] == "rule session-change"


@pytest.mark.parametrize("control", ["BEGIN", "START TRANSACTION", "ROLLBACK", "COMMIT"])
def test_behind_the_change_in_its_segment(client, change, control):
    assert refused(client, *run(change), *run(control), SYNC)


@pytest.mark.parametrize("text", ["BEGIN", "SELECT 1; BEGIN", "ROLLBACK"])
def test_behind_the_change_as_a_query(client, change, text):
    client.send(*run(change), query(text))
    received = client.until("Z")
    assert [m.fields["C"] for m in received if m.tag == "E"] == ["42501"]


@pytest.mark.parametrize("change", [c for n, c in CHANGES.items() if n != "discard"])
def test_prepared_and_bound_before_the_change(client, change):
    client.send(parse("BEGIN", "b"), bind("b", "p"), parse(change, "c"), bind("c", "q"))
    assert refused(client, execute("q"), execute("p"), SYNC)


def test_the_change_bound_before_the_transaction(client, change):
    client.send(parse("BEGIN", "b"), bind("b", "p"), parse(change, "c"), bind("c", "q"))
    assert refused(client, execute("p"), execute("q"), SYNC)


def test_in_a_transaction_of_which_only_the_answer_has_come(client, change):
    client.send(*run("BEGIN"), FLUSH)
    client.until("C")
    assert refused(client, *run(change), SYNC)


def test_in_a_transaction(client, change):
    client.send(query("BEGIN"))
    client.until("Z")
    assert refused(client, *run(change), SYNC)


def test_alone_in_its_segment_it_is_served_and_a_transaction_follows(client):
    change = CHANGES["encoding"]
    client.send(*run(change), SYNC, *run("BEGIN"), *run("SELECT 1"), *run("ROLLBACK"), SYNC)
    assert tags(client.until("Z")) == "12CSZ"
    assert tags(client.until("Z")) == "12C12DC12CZ"
    client.send(*run("SET statement_timeout = 0"), *run("BEGIN"), *run("ROLLBACK"), SYNC)
    assert tags(client.until("Z")) == "12C12C12CZ"
