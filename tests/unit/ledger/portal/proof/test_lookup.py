"""What belongs to an entry, found near it and proved."""

from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.fetch import DirectoryLog
from ledger.header import EntryKind
from ledger.portal.proof import lookup
from ledger.portal.proof.lookup import Around, ProvenLogs, around
from tests.unit.ledger.portal.proof.believers import decision_header, draft, make_log, payload_of
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> SmallLog:
    return make_log(tmp_path_factory.mktemp("lookup"))


def found(log: SmallLog, index: int, logs: ProvenLogs | None = None) -> Around:
    keys = [log.keys.log.verifier]
    return around((logs or ProvenLogs()).log("a", DirectoryLog(log.root), keys, index), index)


def test_what_belongs_to_a_decision(log: SmallLog):
    here = found(log, 5)
    assert here.outcome is not None
    assert here.outcome.index == 7
    assert [each.index for each in here.permits] == [3, 4]
    assert [each.index for each in here.neighbours] == [6, 7, 9]


def test_a_decision_that_had_no_outcome(log: SmallLog):
    assert found(log, 6).outcome is None


def test_an_outcome_leads_to_its_decision(log: SmallLog):
    here = found(log, 7)
    assert here.decision is not None
    assert here.decision.index == 5
    assert here.outcome is None


def test_an_outcome_of_what_is_no_decision_leads_nowhere(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    assert log.sequencer is not None
    for number in (0, 4, 999):
        header = {"decision": number, "session": "s", "rows_count": 0, "released_bytes": 0}
        log.sequencer.commit([[draft(EntryKind.OUTCOME, header)]])
    log.close()
    assert [found(log, index).decision for index in (3, 4, 5)] == [None] * 3


def test_a_permit_is_looked_for_before_the_decision_and_not_without_end(
    tmp_path: Path, monkeypatch
):
    log = make_log(tmp_path)
    log.open()
    log.append(1, batch_count=600)
    assert log.sequencer is not None
    header = decision_header(payload_of(), session="later")
    (done,) = log.sequencer.commit([[draft(EntryKind.DECISION, header, payload_of())]])
    log.close()
    assert [each.index for each in found(log, done.first_index).permits] == [3, 4]
    monkeypatch.setattr(lookup, "PERMIT_WITHIN", 256)
    assert found(log, done.first_index).permits == ()


def test_a_decision_that_names_many_permits_has_few_looked_for(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    assert log.sequencer is not None
    permits = [f"P{number}" for number in range(9)]
    for number in permits:
        header = {"permit": number, "event": "received"}
        log.sequencer.commit([[draft(EntryKind.PERMIT, header)]])
    deciding = decision_header(payload_of(), permits=permits)
    deciding.pop("permit")
    (done,) = log.sequencer.commit([[draft(EntryKind.DECISION, deciding)]])
    log.close()
    assert len(found(log, done.first_index).permits) == 4


def test_neighbours_are_few_and_the_nearest(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    log.append(1, batch_count=300)
    log.close()
    near = [each.index for each in found(log, 150).neighbours]
    assert near == [*range(140, 150), *range(151, 161)]


def test_what_cannot_be_proved_is_named_and_not_handed_out(tmp_path: Path):
    log = make_log(tmp_path)
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"rows_count":3', b'"rows_count":0'))
    here = found(log, 5)
    assert here.outcome is None
    assert set(here.unproved) == {7}
    with pytest.raises(FormatError):
        found(log, 7)


def test_a_log_is_proved_again_when_it_has_grown(tmp_path: Path):
    log, logs = make_log(tmp_path), ProvenLogs()
    reader, keys = DirectoryLog(log.root), [log.keys.log.verifier]
    first = logs.log("a", reader, keys, 5)
    assert logs.log("a", reader, keys, 5) is first
    assert logs.log("a", reader, keys, 10_000) is first  # it has not grown
    log.open().append(3)
    log.close()
    assert logs.log("a", reader, keys, 5) is first
    later = logs.log("a", reader, keys, first.size)
    assert later.size > first.size
    with pytest.raises(FormatError):
        logs.log("a", reader, [log.keys.entry.verifier], 5)
