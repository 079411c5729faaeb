import pytest

from ledger.portal.leads.model import Lead, Rule, Who
from ledger.portal.leads.words import TITLES, said


@pytest.mark.parametrize("rule", list(Rule))
def test_each_rule_is_said_in_both_languages_with_its_number(rule):
    lead = Lead(rule, "police", "2026-03-04", Who(None, None), (), 1234, 5, (1,))
    for words in (said(lead), TITLES[rule]):
        assert words.chinese != words.english
        assert words.english.isascii()
    assert "1,234" in said(lead).chinese
    assert "1,234" in said(lead).english
