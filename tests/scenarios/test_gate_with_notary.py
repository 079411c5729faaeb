"""Recorded before released, with the real notary: stopped, it stops everything; killed, it ends
everything; and what was acknowledged is all there afterwards."""

import json
import os
import signal

import pytest

from tests.drivers.raw import RawClient, query, tags
from tests.scenarios.service import install, started
from tests.world import HOST

INSERT = "INSERT INTO base.case_file (case_id, case_no, org_code) VALUES (990001, 'x', 'y')"


@pytest.fixture
def service(agency_copy, tmp_path):
    with started(install(agency_copy, tmp_path)) as running:
        yield running


@pytest.fixture
def client(service):
    with RawClient(HOST, service.site.port) as raw:
        messages = raw.start(user="agency_app", database=service.site.database.name)
        assert tags(messages[-1:]) == "Z", messages[-1].fields
        yield raw


def written(service):
    return service.site.database.run("SELECT 1 FROM base.case_file WHERE case_id = 990001")


def test_while_the_notary_stands_still_nothing_is_released_or_written(service, client):
    notary = service.notary
    notary.suspend()
    client.send(query("SELECT count(*) FROM base.person"), query(INSERT))
    assert client.silent(0.5)
    assert written(service) == []
    notary.resume()
    assert tags(client.until("Z")) == "TDCZ"
    assert tags(client.until("Z")).endswith("CZ")
    assert len(written(service)) == 1


def test_when_the_notary_dies_clients_are_told_and_the_service_stops(service, client):
    notary = service.notary
    notary.suspend()
    client.send(query("SELECT count(*) FROM base.person"))
    assert client.silent()
    os.kill(notary.pid, signal.SIGKILL)
    (farewell,) = client.until("never")
    assert (farewell.fields["S"], farewell.fields["C"]) == ("FATAL", "57P03")
    assert service.process.wait(30) == 3
    assert service.site.errors.read_text(encoding="utf-8").count('"level":"critical"') == 1


def test_every_answer_that_reached_a_client_is_in_the_log_after_a_crash(service, client):
    for number in range(20):
        client.send(query(f"SELECT {number}"))
        assert tags(client.until("Z")) == "TDCZ"
    service.kill()
    with started(service.site) as again:
        assert again.stop() == 0
    again.site.verify()
    payloads = [json.loads(entry["payload"]) for entry in again.site.entries("decision")]
    texts = [payload["text"] for payload in payloads]
    assert texts == [f"SELECT {number}" for number in range(20)]
