"""Whom a permit is for, who may have one at all, and what of it becomes text."""

import dataclasses

import pytest

from proxy.names import PrincipalName
from proxy.policy.law import PrincipalKind
from proxy.policy.permit import SCOPES_OF, Permit, Scope, constants

COURT = PrincipalName("court")
PERMIT = Permit("p-1", COURT, Scope.FULL, ("11010519491231002X",), 100.0, 200.0)


@pytest.mark.parametrize("field", ["operator", "case"])
def test_where_it_names_an_operator_or_a_case_nobody_else_has_it(field):
    bound = dataclasses.replace(PERMIT, **{field: "this"})
    for said, counts in (("this", True), ("that", False), (None, False)):
        names = {"operator": None, "case": None, field: said}
        assert bound.is_for(names["operator"], names["case"]) is counts


def test_a_platform_can_be_given_none():
    assert SCOPES_OF[PrincipalKind.PLATFORM] == frozenset()
    assert SCOPES_OF.keys() == set(PrincipalKind)
    assert all(
        Scope.FULL not in SCOPES_OF[kind] for kind in (PrincipalKind.UNIT, PrincipalKind.COUNTER)
    )


def test_what_may_not_be_in_a_number_is_never_put_into_a_text():
    for written in ("'", "1101' OR '1", "p0001", "Ｐ0001", "\\", "", "P1", "1" * 65):
        with pytest.raises(ValueError, match="no identity number") as caught:
            constants([dataclasses.replace(PERMIT, subjects=(written,))], Scope.FULL)
        assert not written or written not in str(caught.value)


def test_constants_are_those_of_one_scope_and_null_equals_nobody():
    other = dataclasses.replace(PERMIT, subjects=("P0001", PERMIT.subjects[0]))
    assert constants([PERMIT, other], Scope.FULL) == "'11010519491231002X', 'P0001'"
    assert constants([PERMIT], Scope.CONVICTION) == "NULL"
    assert constants([], Scope.FULL) == "NULL"
