from __future__ import annotations

import re

import pytest

from proxy.demo.profiles import PROFILES, Age, Profile

BY_NAME = {profile.name: profile for profile in PROFILES}

# What the law distinguishes, and a profile that stands for it.
CATEGORIES = {
    "adults": ("adult", False),
    "minors up to five years": ("minor", True),
    "five years, inclusive": ("minor-exactly-five-years", True),
    "minors over five years": ("minor-over-five-years", False),
    "the birthday itself": ("minor-on-birthday", True),
    "the day after it": ("adult-day-after-birthday", False),
    "straddling, mainly before": ("straddling-main-before", True),
    "straddling, mainly after": ("straddling-main-after", False),
    "straddling, undecided": ("straddling-undecided", True),
    "exempt from punishment": ("minor-exempt", True),
    "fined only": ("minor-fine", True),
    "not punished": ("minor-no-punishment", True),
    "proceedings ended": ("minor-terminated", True),
    "acquitted for want of evidence": ("minor-acquitted-for-evidence", True),
    "the same, sealing declined": ("minor-acquitted-opted-out", False),
    "not prosecuted, conditionally": ("minor-not-prosecuted-conditional", True),
    "not prosecuted, at discretion": ("minor-not-prosecuted-discretion", True),
    "not prosecuted, by law": ("minor-not-prosecuted-statutory", True),
    "not prosecuted, for want of evidence": ("minor-not-prosecuted-evidence", True),
    "under way": ("minor-pending", True),
    "not yet final": ("minor-not-yet-final", True),
    "closed before 2012": ("minor-before-2012", True),
    "unsealed by decision": ("minor-unsealed", False),
    "notice in force on an adult": ("adult-notice", True),
    "age in conflict": ("age-in-conflict", True),
    "age unknown": ("age-unknown", True),
    "dirty date 1900": ("age-dirty-1900", True),
    "dirty date 9999": ("age-dirty-9999", True),
    "wrong check character": ("age-misprinted", True),
    "offence undated": ("offence-undated", True),
    "term missing": ("minor-term-missing", True),
    "15-digit number": ("minor-old-number", True),
}


@pytest.mark.parametrize(("name", "sealed"), CATEGORIES.values(), ids=CATEGORIES)
def test_every_category_of_the_law_has_a_profile(name, sealed):
    assert BY_NAME[name].sealed is sealed


def test_names_are_unique():
    assert len(BY_NAME) == len(PROFILES)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_is_drawn_sometimes_and_cites_an_article(profile: Profile):
    assert profile.share > 0
    assert re.search(r"第\d+条", profile.article)


@pytest.mark.parametrize("age", Age, ids=lambda age: age.name)
def test_every_state_of_the_register_occurs(age):
    assert any(profile.age is age for profile in PROFILES)


def test_ranges_run_upwards():
    for profile in PROFILES:
        months = profile.outcome.months if profile.outcome else None
        for low, high in filter(None, (profile.first, profile.lasted_days, months)):
            assert low <= high, profile.name
