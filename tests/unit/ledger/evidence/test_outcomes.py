from ledger.chain import JudgedDraft
from ledger.evidence.outcomes import outcomes_of
from ledger.fetch import DirectoryLog
from ledger.fields import EntryKind
from ledger.header import HeaderValue, encode_header
from tests.unit.ledger.small_log import SmallLog, judged


def outcome(decision: int) -> JudgedDraft:
    header: dict[str, HeaderValue] = {"decision": decision, "session": "s"}
    header |= {"rows_count": 7, "released_bytes": 70}
    return JudgedDraft(EntryKind.OUTCOME, encode_header(EntryKind.OUTCOME, header))


def test_a_decision_is_paired_with_what_became_of_it(tmp_path):
    log = SmallLog(tmp_path / "log").create().open()
    log.sequencer.commit([[judged(), judged(), judged()], [outcome(4), outcome(3)]])
    log.close()
    reader = DirectoryLog(log.root)
    found = outcomes_of(reader, [3, 4, 5])
    assert {decision: index for decision, (index, _) in found.items()} == {4: 6, 3: 7}
    assert found[3][1].header["rows_count"] == 7
    assert outcomes_of(reader, []) == {}
