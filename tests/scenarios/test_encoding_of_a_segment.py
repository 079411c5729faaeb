"""A client that changes its encoding and goes on in the same segment is read as the server does.

The server takes the new encoding at the SET and tells it at ReadyForQuery. A text sent in between
ends its literal elsewhere in GBK than in UTF-8: the last byte of 好 swallows the backslash.
"""

import pytest

from tests.drivers.raw import SYNC, RawClient, bind, execute, parse, tags
from tests.scenarios.service import running_service
from tests.world import HOST

SET = (parse("SET client_encoding = 'GBK'"), bind(), execute())
TWO_WAYS = "SELECT E'好\\', current_user --'"


@pytest.fixture(scope="module")
def site(agency, tmp_path_factory):
    with running_service(agency, tmp_path_factory.mktemp("site")) as service:
        yield service.site


@pytest.fixture
def client(site):
    with RawClient(HOST, site.port) as raw:
        raw.start(user="agency_app", database=site.database.name, client_encoding="UTF8")
        yield raw


def test_a_text_that_reads_in_two_ways_is_refused_in_the_segment(client):
    client.send(*SET, parse(TWO_WAYS), bind(), execute(), SYNC)
    received = client.until("Z")
    assert tags(received) == "12CEZ"
    assert received[3].fields["C"] == "42501"


def test_ascii_goes_on(client):
    client.send(*SET, parse("SELECT 1"), bind(), execute(), SYNC)
    assert tags(client.until("Z")) == "12C12DCSZ"


def test_the_next_segment_is_read_in_the_new_encoding(client):
    client.send(*SET, SYNC, parse("SELECT 1"), bind(), execute(), SYNC)
    assert tags(client.until("Z")) == "12CSZ"
    assert tags(client.until("Z")) == "12DCZ"
