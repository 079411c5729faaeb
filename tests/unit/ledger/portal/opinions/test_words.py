from datetime import date, timedelta

import pytest

from ledger.portal.opinions.model import Opinion, Result, Step
from ledger.portal.opinions.words import RESULTS, STEPS, state_of

DAY = date(2026, 3, 2)
SERVED = Opinion("2026-1", "court", (7,), Step.ISSUED, DAY, DAY, DAY + timedelta(15))


def test_each_word_is_there_in_both_languages():
    assert set(STEPS) == set(Step)
    assert set(RESULTS) == set(Result)


@pytest.mark.parametrize(
    ("days", "chinese", "english"),
    [
        (15, "待答复，2026-03-17 前", "a reply is due by 2026-03-17"),
        (16, "答复逾期 1 日", "the reply is 1 days late"),
    ],
)
def test_a_reply_that_is_waited_for(days, chinese, english):
    words = state_of(SERVED, DAY + timedelta(days))
    assert (words.chinese, words.english) == (chinese, english)


def test_what_was_contested_and_what_is_over():
    contested = Opinion("2026-1", "court", (7,), Step.REPLIED, DAY, DAY, DAY, DAY, Result.CONTESTED)
    assert state_of(contested, DAY).chinese == "待复核，剩 7 日"
    assert state_of(contested, DAY + timedelta(8)).chinese == "复核逾期 1 日"
    closed = Opinion("2026-1", "court", (7,), Step.CLOSED, DAY, DAY, DAY, DAY, Result.ACCEPTED)
    assert state_of(closed, DAY).english == "closed (accepted)"
    assert state_of(Opinion("2026-1", "court", (7,), Step.DRAFTED, DAY), DAY).chinese == "起草"
