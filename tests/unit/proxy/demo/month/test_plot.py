"""Each thing that a supervisor should find is found, of whom it was made up, and nothing else."""

from __future__ import annotations

import pytest

from ledger.portal.index.index import Index
from ledger.portal.leads.gather import gather
from ledger.portal.leads.model import Lead, Limits, Rule
from proxy.demo.month import plot
from proxy.demo.month.roster import WORKING_DAYS_MIN
from tests.unit.proxy.demo.month.conftest import Made


def leads_of(made: Made, directory) -> tuple[Lead, ...]:
    source = made.source
    index = Index.open(directory, [source.name])
    try:
        index.refresh(source)
        found = gather(index, frozenset({source.name}), None, None, Limits())
        assert found.back_to is None
        return found.leads
    finally:
        index.close()


@pytest.mark.parametrize("which", ["month", "short_month"])
def test_exactly_what_was_made_up_is_found(which, request, tmp_path):
    made = request.getfixturevalue(which)
    pseudonym = made.keys.pseudonyms.of

    def of(*officers):
        return sorted(pseudonym("operator", each.operator) for each in officers)

    found: dict[Rule, list[str]] = {}
    for lead in leads_of(made, tmp_path):
        found.setdefault(lead.rule, []).append(lead.who.operator or lead.who.account)
    platform = pseudonym("account", b"bgcheck")
    assert {rule: sorted(who) for rule, who in found.items()} == {
        Rule.NO_CASE: of(*plot.NO_CASE_OFFICERS),
        Rule.OUT_OF_HOURS: of(plot.LATE_OFFICER, plot.WEEKEND_OFFICER),
        Rule.REFUSED: sorted([platform, platform, *of(plot.LIST_OFFICER)]),
        Rule.TWO_SOURCES: of(plot.LENT_OFFICER),
        Rule.DRIP: of(plot.DRIP_OFFICER),
        Rule.BEFORE_CERTIFICATE: of(*plot.CURIOUS_OFFICERS),
    }
    assert set(found) == set(Rule)


def test_the_list_stays_under_every_limit_of_the_policy_and_over_that_of_the_leads(place):
    (limits,) = [each.limits for each in place.law.principals if each.name == "query-desk"]
    a_day = sum(count for _, count in plot.DRIP_A_DAY)
    assert a_day <= limits.subjects_per_day
    assert 22 * a_day <= limits.windows[30 * 86_400]
    assert max(count for _, count in plot.DRIP_A_DAY) <= limits.subjects_per_statement
    assert WORKING_DAYS_MIN * a_day >= Limits().drip_people_count
