"""What may be applied for, at the edges, and who may decide."""

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.errors import DeskError
from proxy.desk.model import Application, Officer, Purpose, RefusalGround, Role, Standing
from proxy.desk.rules import (
    RECEIVED_DAYS_MAX,
    check_batch,
    check_form,
    check_identity,
    check_officer,
    kind_of,
    objection,
    one_name,
)
from proxy.names import PrincipalName
from proxy.policy.law import Law, Principal, PrincipalKind
from proxy.policy.permit import SCOPES_OF, Scope
from tests.unit.proxy.desk.counter import BASES, BATCH, CASE, CHECK, KINDS, LAW, PERSON, TERMS

TODAY = date(2026, 3, 2)


def form_of(application, terms=TERMS):
    """The code of what is wrong with the form and the field, or None."""
    try:
        check_form(application, terms, LAW, TODAY)
    except DeskError as error:
        return error.code, error.field
    return None


def many(count):
    """So many numbers of passports that nobody has."""
    return tuple(f"SYN{number:06}" for number in range(count))


@pytest.mark.parametrize("application", [CASE, CHECK, BATCH])
def test_what_is_filled_in_and_lawful_passes(application):
    assert form_of(application) is None
    assert objection(application, TERMS, LAW) is None


WRITTEN = [
    field.name
    for field in fields(Application)
    if isinstance(getattr(CASE, field.name), str) and field.name != "undertaking_sha256"
]


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "field-missing"),
        ("  \t", "field-missing"),
        ("\u3000", "field-missing"),
        ("x" * 2_001, "field-too-long"),
        ("x\x00", "field-characters"),
        ("x\u202e", "field-characters"),
        ("x\u200b", "field-characters"),
        ("x\ud800", "field-characters"),
        ("x\u2028", "field-characters"),
    ],
)
def test_every_written_field_is_there_bounded_and_can_be_seen(name, value, code):
    assert form_of(replace(CASE, **{name: value})) == (code, name)


def test_all_fields_that_are_written_are_looked_at():
    assert len(WRITTEN) == 10


def test_names_may_have_rare_characters_and_reasons_lines():
    rare = replace(CASE, handler_name="䶮\ue000·买买提　合成", reason="一\n二")
    assert form_of(rare) is None
    assert form_of(replace(CASE, unit="一\n二")) == ("field-characters", "unit")


@pytest.mark.requirement("D2", "D8")
@pytest.mark.parametrize(
    ("application", "change", "wrong"),
    [
        (CASE, {"valid_days": 0}, ("valid-days", "valid_days")),
        (CASE, {"valid_days": 1}, None),
        (CASE, {"valid_days": 30}, None),
        (CASE, {"valid_days": 31}, ("valid-days", "valid_days")),
        (CASE, {"uses_max": 0}, ("uses-max", "uses_max")),
        (CASE, {"uses_max": 100}, None),
        (CASE, {"uses_max": 101}, ("uses-max", "uses_max")),
        (CASE, {"subjects": ()}, ("subjects-count", "subjects")),
        (CASE, {"subjects": many(20)}, None),
        (CASE, {"subjects": many(21)}, ("subjects-count", "subjects")),
        (BATCH, {"subjects": many(200)}, None),
        (BATCH, {"subjects": many(201)}, ("subjects-count", "subjects")),
        (CASE, {"subjects": (PERSON, f" {PERSON}\n")}, ("subjects-twice", "subjects")),
        (CASE, {"subjects": (PERSON[:-1] + "2",)}, ("identity-check-digit", "subjects")),
        (CASE, {"subjects": ("合成",)}, ("identity", "subjects")),
        (CASE, {"subjects": ("999999000101001",)}, None),  # the old form has no check digit
        (CASE, {"handler_identity": "x" * 3}, ("identity", "handler_identity")),
        (CASE, {"undertaking_sha256": ""}, ("undertaking", "undertaking_sha256")),
        (CASE, {"undertaking_sha256": "AB" * 32}, ("undertaking", "undertaking_sha256")),
        (CASE, {"undertaking_sha256": "ab" * 31}, ("undertaking", "undertaking_sha256")),
        (
            CASE,
            {
                "undertaking_sha256": "e3b0c44298fc1c149afbf4c8996fb924"
                "27ae41e4649b934ca495991b7852b855"
            },
            ("undertaking", "undertaking_sha256"),
        ),
        (CASE, {"received_on": TODAY}, None),
        (CASE, {"received_on": TODAY + timedelta(days=1)}, ("received-on", "received_on")),
        (CASE, {"received_on": TODAY - timedelta(days=RECEIVED_DAYS_MAX)}, None),
        (
            CASE,
            {"received_on": TODAY - timedelta(days=RECEIVED_DAYS_MAX + 1)},
            ("received-on", "received_on"),
        ),
        (CASE, {"case": None}, ("case-missing", "case")),
        (CHECK, {"case": None}, None),
        (CASE, {"operator": " "}, ("field-missing", "operator")),
        (CASE, {"operator": "x" * 65}, ("field-characters", "operator")),
        (CASE, {"case": "案" * 65}, ("field-characters", "case")),
        (CASE, {"principal": PrincipalName("nobody")}, ("principal", "principal")),
    ],
)
def test_the_form_at_its_edges(application, change, wrong):
    assert form_of(replace(application, **change)) == wrong


@pytest.mark.requirement("D10")
def test_another_agencys_records_are_not_this_desks():
    assert form_of(replace(CASE, agency="合成市人民检察院")) == ("agency", "agency")


@pytest.mark.requirement("D1", "C4", "C5")
@pytest.mark.parametrize(
    ("application", "change", "rule", "ground"),
    [
        (CASE, {"basis": "网约车暂行办法"}, "no-basis", RefusalGround.NO_BASIS),
        (CASE, {"basis": "CRIMINAL-PROCEDURE-286"}, "no-basis", RefusalGround.NO_BASIS),
        (CHECK, {"basis": "criminal-procedure-286"}, "basis-purpose", RefusalGround.MISMATCH),
        (CASE, {"standing": Standing.STATE}, "full-judicial", RefusalGround.NO_STANDING),
        (CASE, {"standing": Standing.UNIT}, "full-judicial", RefusalGround.NO_STANDING),
        (
            CASE,
            {"purpose": Purpose.STATUTORY_CHECK, "basis": "judges"},
            "full-case",
            RefusalGround.MISMATCH,
        ),
        (
            CHECK,
            {"purpose": Purpose.CASE, "basis": "criminal-procedure-286"},
            "case-standing",
            RefusalGround.NO_STANDING,
        ),
        (
            BATCH,
            {"purpose": Purpose.STATUTORY_CHECK, "basis": "lawyers"},
            "batch-purpose",
            RefusalGround.PLATFORM_OR_BULK,
        ),
        (CASE, {"scope": Scope.MISSING_CHILD}, "missing-child", RefusalGround.MISMATCH),
        (
            CASE,
            {"scope": Scope.CONVICTION, "purpose": Purpose.MISSING_CHILD}
            | {"basis": "minors-protection-103"},
            "missing-child",
            RefusalGround.MISMATCH,
        ),
        (CASE, {"scope": Scope.BATCH, "purpose": Purpose.CLOSE_CONTACT}
         | {"basis": "minors-protection-62"}, "scope-kind", RefusalGround.NO_STANDING),
        (CASE, {"principal": PrincipalName("school")}, "scope-kind", RefusalGround.NO_STANDING),
        (CHECK, {"principal": PrincipalName("dba")}, "scope-kind", RefusalGround.NO_STANDING),
    ],
)  # fmt: skip
def test_what_the_law_refuses(application, change, rule, ground):
    found = objection(replace(application, **change), TERMS, LAW)
    assert (found.rule, found.ground) == (rule, ground)


def test_a_missing_child_may_be_looked_for():
    asked = replace(
        CASE,
        scope=Scope.MISSING_CHILD,
        purpose=Purpose.MISSING_CHILD,
        basis="minors-protection-103",
    )
    assert objection(asked, TERMS, LAW) is None


applications = st.builds(
    replace,
    st.just(CASE),
    principal=st.sampled_from([PrincipalName(name) for name in KINDS]),
    standing=st.sampled_from(Standing),
    purpose=st.sampled_from(Purpose),
    basis=st.sampled_from([*BASES, "none"]),
    scope=st.sampled_from(Scope),
)


@pytest.mark.requirement("C4", "D1")
@given(applications, st.integers(1, 10_000))
def test_no_setting_and_no_combination_gives_what_the_law_does_not(application, number_max):
    generous = replace(TERMS, valid_days_max=number_max, uses_max=number_max)
    if objection(application, generous, LAW) is not None:
        return
    kind = KINDS[application.principal]
    assert Standing.PLATFORM is not application.standing
    assert kind is not PrincipalKind.PLATFORM
    assert application.scope in SCOPES_OF[kind]
    assert application.purpose in BASES[application.basis].purposes
    if application.scope is Scope.FULL:
        assert application.standing is Standing.JUDICIAL
        assert application.purpose is Purpose.CASE
    assert (application.scope is Scope.MISSING_CHILD) is (
        application.purpose is Purpose.MISSING_CHILD
    )
    if application.scope is Scope.BATCH:
        assert application.purpose is Purpose.CLOSE_CONTACT


@given(applications)
def test_a_platform_is_refused_before_anything_else(application):
    asked = replace(application, standing=Standing.PLATFORM)
    assert objection(asked, TERMS, LAW).rule == "platform-standing"
    asked = replace(application, standing=Standing.STATE, principal=PrincipalName("bgcheck"))
    assert objection(asked, TERMS, LAW).rule == "platform-principal"


def test_of_two_principals_of_a_name_the_strictest_counts():
    def kinds(*of):
        principals = tuple(Principal(PrincipalName("p"), kind, ()) for kind in of)
        return kind_of(Law("a", {}, principals), PrincipalName("p"))

    assert kinds() is None
    assert kinds(PrincipalKind.UNIT) is PrincipalKind.UNIT
    assert kinds(PrincipalKind.UNIT, PrincipalKind.UNIT) is PrincipalKind.UNIT
    assert kinds(PrincipalKind.UNIT, PrincipalKind.JUDICIAL) is PrincipalKind.PLATFORM
    assert kinds(PrincipalKind.JUDICIAL, PrincipalKind.PLATFORM) is PrincipalKind.PLATFORM


def test_an_identity_number_has_one_spelling_and_is_in_no_error():
    assert check_identity("subjects", "９９９９９９２００００１０１００１１") == PERSON
    with pytest.raises(DeskError) as error:
        check_identity("subjects", PERSON[:-1] + "9")
    assert PERSON[:-1] not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.requirement("D13")
@pytest.mark.parametrize(
    ("officer", "not_by", "code"),
    [
        (Officer("a", frozenset({Role.APPROVER})), None, None),
        (Officer("a", frozenset({Role.APPROVER})), "b", None),
        (Officer("a", frozenset({Role.CLERK})), None, "role"),
        (Officer("a", frozenset()), None, "role"),
        (Officer(" \u200b", frozenset(Role)), None, "role"),
        (Officer("Ａ\u200b ", frozenset(Role)), "a", "own-application"),
        (Officer("a", frozenset(Role)), "A", "own-application"),
    ],
)
def test_who_may_decide(officer, not_by, code):
    try:
        check_officer(officer, Role.APPROVER, not_by)
    except DeskError as error:
        assert error.code == code  # noqa: PT017
    else:
        assert code is None


@pytest.mark.parametrize(
    ("application", "officer", "code"),
    [
        (BATCH, Officer("a", frozenset({Role.CLERK})), None),
        (BATCH, Officer("a", frozenset({Role.APPROVER})), "role"),
        (BATCH, Officer("\u200b", frozenset(Role)), "role"),
        (CHECK, Officer("a", frozenset({Role.CLERK})), "not-batch"),
        (replace(BATCH, operator="Ａ"), Officer("a", frozenset({Role.CLERK})), None),
        (replace(BATCH, operator="b"), Officer("a", frozenset({Role.CLERK})), "operator-bound"),
    ],
)
def test_who_may_check_a_list(application, officer, code):
    try:
        check_batch(officer, application)
    except DeskError as error:
        assert error.code == code  # noqa: PT017
    else:
        assert code is None


@given(st.text(max_size=20))
def test_a_name_has_one_spelling(name):
    assert one_name(f" {name}\u200b") == one_name(name)
