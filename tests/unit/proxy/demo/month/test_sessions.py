"""A statement of the month becomes the entries that a worker would have written."""

from __future__ import annotations

import json
from datetime import date
from random import Random

from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, entries
from proxy.demo.database import SCHEMA
from proxy.demo.month.judging import Judging
from proxy.demo.month.pen import Pen, line_of
from proxy.demo.month.sessions import APPLICATION, Came, Office, bound
from proxy.wire.postgres.frontend import decode_parameters
from tests.unit.ledger.small_log import notary_keys

NUMBER = "999999198808080010"


async def test_a_decision_its_outcome_and_what_is_bound(place, tmp_path):
    keys = notary_keys()
    pen = Pen(tmp_path / "log", keys, 1_772_600_400.0)
    ledger = line_of(pen, keys.pseudonyms)
    judging = Judging(place.law, place.catalogue, (SCHEMA, "public"), keys.pseudonyms)
    office = Office(pen, ledger, judging, Random(1))
    session = office.session("certificate", "127.0.0.1", "li")
    text = "SELECT EXISTS (SELECT 1 FROM base.person WHERE id_no = ANY ($1::text[]))"
    assert await session.ask(text, Came(1, 12, milliseconds=30), bound([NUMBER]))
    refused = office.session("bgcheck", "198.51.100.7")
    assert not await refused.ask("SELECT * FROM case_person", Came())
    await ledger.close()
    found = [parse_entry(data)[0] for _, data, _ in entries(DirectoryLog(tmp_path / "log"))]
    decision, outcome, refusal = found[3:6]
    assert decision.header["subjects"] == [keys.pseudonyms.of("person", NUMBER)]
    assert decision.header["attribution"] == "setting"
    assert decision.header["statement_hmac"] == keys.pseudonyms.of("statement", text.encode())
    assert outcome.header == {
        "decision": decision.sequence, "session": decision.header["session"],
        "principal": "certificate-look-up", "rows_count": 1, "released_bytes": 12,
        "duration_ms": 32,
    }  # fmt: skip
    assert refusal.header["verdict"] == "refuse"
    assert found[6].header["state"] == "stop"


def test_lists_and_days_are_bound_as_the_database_reads_them():
    values = decode_parameters(bound(["a", "乙"], date(2000, 1, 3))).values
    texts = b"\0\0\0\x01a\0\0\0\x03" + "乙".encode()
    assert values[0] == b"\0\0\0\x01\0\0\0\0\0\0\0\x19\0\0\0\x02\0\0\0\x01" + texts
    assert values[1] == b"\0\0\0\x02"


def test_the_payload_says_which_application_it_was_not(month):
    _, payload = month.of("decision")[0]
    assert json.loads(payload)["application_name"] == APPLICATION
