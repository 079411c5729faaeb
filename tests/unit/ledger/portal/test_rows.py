"""A row in a few words."""

from ledger.fields import EntryKind
from ledger.portal.index.model import Flaw, Role, Row
from ledger.portal.rows import gist_of, row_json


def row(**fields):
    return Row("court", 7, "2026-01-01T00:00:00.000Z", EntryKind.DECISION, **fields)


def test_a_decision_says_what_for_whom_and_by_which_article():
    words = gist_of(row(verdict="strip", principal="hr-tool", article="刑诉法286"))
    assert words.chinese == "已隐去封存内容，hr-tool，刑诉法286"
    assert words.english == "Sealed rows withheld, hr-tool, 刑诉法286"


def test_a_result_says_how_much_came_back():
    assert gist_of(row(rows_count=1_200, cut=True)).chinese == "返回 1,200 行，因超过上限而截断"


def test_what_is_unknown_is_shown_as_it_is_and_what_is_wrong_first():
    assert gist_of(row(verdict="new-verdict")).english == "new-verdict"
    assert gist_of(row()).english == "—"
    assert gist_of(row(verdict="pass", flaw=Flaw.MALFORMED)).chinese == "此条记录无法读取"


def test_for_programs_it_is_what_the_header_says():
    person = "ab" * 16
    given = row_json(row(verdict="strip", rows_count=3, named={Role.PERSON: (person,)}))
    assert (given["log"], given["number"], given["kind"]) == ("court", 7, "decision")
    assert (given["verdict"], given["rows_count"], given["cut"]) == ("strip", 3, False)
    assert given["named"] == {"person": [person]}
    assert given["flaw"] is given["rule"] is None
