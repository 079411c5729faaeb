"""Rules are written out in the order they ask about each other, or every reason not to is given."""

import hashlib
from pathlib import Path

import pytest

from proxy.names import QualifiedName
from proxy.policy.law import Law, PrincipalKind, Scope
from proxy.policy.permit import mark
from proxy.rewrite.predicate import compile_law
from proxy.settings.enact import enact
from proxy.settings.law import load_builtin
from proxy.settings.policy import PolicyTables
from proxy.settings.problems import ConfigurationProblems, parse_document, validated

A, B, C = (QualifiedName("base", name) for name in "abc")
BUILTIN = load_builtin()
DIGEST = f"digest = 'sha256:{'0' * 64}'\n"


def law(text: str) -> Law:
    document = parse_document(Path("policy.toml"), text.encode())
    return enact(document, validated(document, PolicyTables), BUILTIN)


def refused(text: str) -> str:
    with pytest.raises(ConfigurationProblems) as caught:
        law(text)
    return str(caught.value)


def rule(name: str, **keys: str) -> str:
    body = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f'[relation."base.{name}"]\narticle = "x"\n{body}'


ASKS_B = "'EXISTS (SELECT 1 FROM base.b AS row WHERE row.k = self.k AND visible(row))'"
FOLLOWS_A = "{ relation = 'base.a', on = { k = 'k' } }"


def test_a_rule_may_ask_about_one_that_stands_below_it():
    enacted = law(rule("a", visible_when=ASKS_B) + rule("b", visible_when="'self.open'"))
    assert '(("row".open)) IS TRUE' in (enacted.relations[A].visible_when or "")
    assert "visible(" not in (enacted.relations[A].visible_when or "")


def test_masks_are_written_out_too():
    enacted = law(
        rule("b", visible_when="'self.open'")
        + rule("a", mask="{ label = \"'含标识'\" }", mask_unless=ASKS_B)
    )
    assert enacted.relations[A].mask == {"label": r"U&'\542B\6807\8BC6'"}
    assert '"row".open' in (enacted.relations[A].mask_unless or "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (rule("a", visible_when=ASKS_B), "base.b is not sealed by this policy"),
        (rule("a", visible_when=ASKS_B) + '[relation."base.b"]\nopen = true',
         "base.b is not sealed by this policy"),
        (rule("a", visible_when=ASKS_B) + rule("b", mask="{ n = 'NULL' }"),
         "every row of base.b may be seen"),
        (rule("b", follows=FOLLOWS_A), "follows[0].relation: base.a is not sealed"),
        (rule("b", follows=FOLLOWS_A) + '[relation."base.a"]\nopen = true',
         "base.a is not sealed"),
        (rule("a", follows=FOLLOWS_A), "in a circle: base.a -> base.a"),
        (rule("b", follows=FOLLOWS_A) + rule("a", visible_when=ASKS_B), "in a circle"),
        (rule("b", visible_when=ASKS_B), "in a circle: base.b -> base.b"),
        ('[relation."pg_catalog.pg_stats"]\nopen = true', "governs the system catalogues"),
        ('[relation."information_schema.tables"]\nopen = true', "governs the system catalogues"),
        ('[function."pg_catalog.pg_read_file(text)"]\n' + DIGEST, "governs the built-in functions"),
    ],
)  # fmt: skip
def test_rules_that_do_not_hold_together_are_refused(text, says):
    assert says in refused(text)


def test_all_that_is_wrong_is_told_with_its_line():
    text = rule("a", visible_when="'a = 1'", mask="{ x = 'foo()' }") + rule("b", follows=FOLLOWS_A)
    text += rule("c", visible_when="'self.a ='")
    found = [line.split(": ", 2) for line in refused(text).splitlines()]
    assert [(place, key) for place, key, _ in found] == [
        ("policy.toml:3", 'relation."base.a".visible_when'),
        ("policy.toml:4", 'relation."base.a".mask.x'),
        ("policy.toml:10", 'relation."base.c".visible_when'),
    ]
    assert found[1][2] == "foo() is not a vetted, stable function"


def test_a_wrong_rule_is_told_once_however_many_ask_about_it():
    text = rule("a", visible_when=ASKS_B) + rule("b", visible_when="'foo()'")
    (line,) = refused(text).splitlines()
    assert 'relation."base.b".visible_when: foo()' in line


def test_the_law_is_what_the_site_wrote_and_what_is_built_in():
    text = (
        rule("a", visible_when="'false'", subject="'who'")
        + rule("b", follows="[{ relation = 'base.a', on = { k = 'key' }, nullable = true }]")
        + '[relation."base.c"]\nopen = true\n'
        + '[function."base.f()"]\n'
        + DIGEST
        + "[[principal]]\nname = 'p'\nkind = 'platform'\narticle = 'y'\n"
        + "match = [{ user = 'u', database = 'd' }, { source = '10.0.0.0/8' }]\n"
    )
    enacted = law(text)
    assert enacted.digest == hashlib.sha256(text.encode()).hexdigest()
    assert enacted.relations[A].subject == "who"
    (follows,) = enacted.relations[B].follows
    assert (follows.relation, follows.on, follows.nullable) == (A, {"k": "key"}, True)
    assert enacted.open_relations == {C}
    assert enacted.approved_functions == {"base.f()": "sha256:" + "0" * 64}
    (principal,) = enacted.principals
    assert (principal.name, principal.kind, principal.article) == ("p", PrincipalKind.PLATFORM, "y")
    assert [match.user for match in principal.matches] == ["u", None]
    assert str(principal.matches[1].source) == "10.0.0.0/8"
    assert enacted.relations.keys() - {A, B} == BUILTIN.relations.keys()
    assert enacted.system_relations == BUILTIN.system_relations
    assert enacted.vetted_functions == BUILTIN.vetted_functions
    assert enacted.withheld_functions == BUILTIN.withheld_functions


def test_two_texts_of_one_meaning_have_different_digests():
    text = rule("a", visible_when="'false'")
    assert law(text).digest != law(text + "# a comment\n").digest


HANDLED = "'self.org = handler.unit'"
HANDLER = "[[principal]]\nname = 'h'\nkind = 'handler'\nmatch = { user = 'h' }\nunit = "


def test_what_a_unit_handles_is_shown_to_it_unmasked_and_so_is_what_follows_or_asks():
    enacted = law(
        rule("a", visible_when="'self.open'", mask="{ n = 'NULL' }", handled_when=HANDLED)
        + rule("b", follows=FOLLOWS_A)
        + rule("c", visible_when="'EXISTS (SELECT 1 FROM base.a AS x WHERE visible(x))'")
        + HANDLER
        + "['u1', 'u2']"
    )
    theirs, others = enacted.seen_by(("u1", "u2")).relations, enacted.relations
    each = "((self.org = 'u1') IS TRUE) OR ((self.org = 'u2') IS TRUE)"
    assert theirs[A].visible_when == f"((self.open) IS TRUE) OR {each}"
    assert theirs[A].mask_unless == f"((false) IS TRUE) OR {each}"
    assert (others[A].visible_when, others[A].mask_unless) == ("self.open", None)
    shown = {
        whose: {
            name: each.shown.render("r") for name, each in compile_law(seen).items() if each.shown
        }
        for whose, seen in (("theirs", enacted.seen_by(("u1", "u2"))), ("others", enacted))
    }
    for name in (A, B, C):
        assert "'u1'" in shown["theirs"][name]
        assert "'u1'" not in shown["others"][name]
    assert enacted.seen_by(()) is enacted
    assert enacted.seen_by(("u1",)) is enacted


@pytest.mark.parametrize(
    ("handled", "says"),
    [
        ("'self.org = 1'", "say whose cases"),
        ("'self.org = unit'", "say whose cases"),
        ("'self.org = handler.name'", "say whose cases"),
        ("'self.org = handler.unit AND handler.x'", "say whose cases"),
        ("'handler.unit = '", "not an SQL expression"),
        ("'org = handler.unit'", "qualify every column"),
        ("'random() = handler.unit'", "random()"),
    ],
)
@pytest.mark.parametrize("principal", ["", HANDLER + "'u1'"])
def test_what_does_not_ask_for_the_unit_is_refused_with_handlers_or_without(
    handled, says, principal
):
    text = rule("a", visible_when="'false'", handled_when=handled)
    assert says in refused(text + principal)


def test_nobody_else_is_a_handler_in_a_condition():
    text = rule("a", visible_when="'self.org = handler.unit'") + HANDLER + "'u1'"
    assert "handler is not self" in refused(text)


PERMITTED = '[relation."base.a".permitted]\nfull = '
CONVICTION = '[relation."base.b".permitted.conviction]\ncolumns = ["k"]\nwhen = '
FULL_MARK, PART_MARK = mark(Scope.FULL), mark(Scope.CONVICTION)


def test_what_a_permit_shows_is_shown_while_one_counts_and_what_follows_or_asks_too():
    enacted = law(
        rule("a", visible_when="'self.open'")
        + PERMITTED
        + "'self.no IN (permit.subjects)'\n"
        + rule("b", follows=FOLLOWS_A)
        + CONVICTION
        + "'self.no IN (permit.subjects)'\n"
        + rule("c", visible_when="'EXISTS (SELECT 1 FROM base.a AS x WHERE visible(x))'")
        + HANDLER
        + "['u1']"
    )
    for units in ((), ("u1",)):
        now = enacted.permitting(units).relations
        assert now[A].visible_when == (
            f"((self.open) IS TRUE) OR ((self.no IN ({FULL_MARK})) IS TRUE)"
        )
        assert [now[name].widened_by for name in (A, B, C)] == [
            {Scope.FULL}, {Scope.FULL, Scope.CONVICTION}, {Scope.FULL},
        ]  # fmt: skip
        projected = now[B].projected
        assert projected is not None
        assert projected.columns == {"k"}
        assert PART_MARK in projected.when
        compiled = compile_law(enacted.permitting(units))
        for name in (A, B, C):
            shown = compiled[name].shown
            assert shown is not None
            assert FULL_MARK in shown.render("r")
            assert PART_MARK not in shown.render("r")
        plain = compile_law(enacted.seen_by(units))
        assert all("fengcun" not in each.shown.render("r") for each in plain.values() if each.shown)
        assert enacted.seen_by(units).relations[B].projected is None


def test_a_child_that_is_looked_for_has_its_mask_lifted_and_no_more_rows():
    text = rule("a", visible_when="'self.open'", mask="{ n = 'NULL' }") + (
        '[relation."base.a".permitted]\nmissing_child = "self.no IN (permit.subjects)"\n'
    )
    found = law(text).permitting(()).relations[A]
    assert found.visible_when == "self.open"
    child = mark(Scope.MISSING_CHILD)
    assert found.mask_unless == f"((false) IS TRUE) OR ((self.no IN ({child})) IS TRUE)"


def test_a_child_that_is_looked_for_has_its_row_shown_where_there_is_no_mask():
    text = rule("a", visible_when="'self.open'") + (
        '[relation."base.a".permitted]\nmissing_child = "self.no IN (permit.subjects)"\n'
        + rule("b", follows=FOLLOWS_A)
    )
    now = law(text).permitting(()).relations
    child = mark(Scope.MISSING_CHILD)
    assert now[A].visible_when == f"((self.open) IS TRUE) OR ((self.no IN ({child})) IS TRUE)"
    assert now[A].widened_by == now[B].widened_by == {Scope.MISSING_CHILD}
    assert law(text).relations[A].visible_when == "self.open"


@pytest.mark.parametrize(
    ("permitted", "says"),
    [
        ("'self.no = 1'", "say whose records"),
        ("'self.no = permit.subjects'", "say whose records"),
        ("'self.no NOT IN (permit.subjects)'", "say whose records"),
        ("'self.no IN (permit.subjects, 1)'", "say whose records"),
        ("'permit.subjects IN (self.no)'", "say whose records"),
        ("'self.no IN (permit.subjects) OR permit.x'", "say whose records"),
        ("'self.no IN (permit.subjects) OR permit.subjects IS NULL'", "say whose records"),
        ("'self.no IN (permit.subjects'", "not an SQL expression"),
        ("'no IN (permit.subjects)'", "qualify every column"),
        ("'foo(self.no) IN (permit.subjects)'", "foo()"),
        ("\"self.no IN (permit.subjects) OR self.no = 'fengcun permit: full'\"", "the proxy's own"),
    ],
)
def test_what_does_not_ask_for_the_subjects_is_refused(permitted, says):
    assert says in refused(rule("a", visible_when="'false'") + PERMITTED + permitted)
    assert ".permitted.full" in refused(rule("a", visible_when="'false'") + PERMITTED + "'self.'")


def test_subjects_are_asked_for_nowhere_else_and_their_mark_is_nobody_elses():
    text = rule("a", visible_when="'self.no IN (permit.subjects)'")
    assert "permit is not self" in refused(text)
    text = rule("a", visible_when="\"self.no = 'fengcun permit: full'\"")
    assert "the proxy's own" in refused(text)


LABELLED = {
    "mask": "{ label = \"'sealed'\" }",
    "mask_unless": "'self.plain'",
    "visible_when": "'self.there'",
}


def test_outsiders_see_one_thing_in_every_row():
    enacted = law(rule("a", **LABELLED, mask_for_outsiders="{ label = 'NULL', more = 'NULL' }"))
    outside = enacted.from_outside().relations[A]
    assert (outside.mask, outside.mask_unless) == ({"label": "NULL", "more": "NULL"}, None)
    assert outside.visible_when == enacted.relations[A].visible_when
    assert enacted.relations[A].mask == {"label": "'sealed'"}


def test_outsiders_have_no_row_that_would_be_masked():
    enacted = law(rule("a", **LABELLED, masked_rows_hidden="true"))
    outside = enacted.from_outside().relations[A]
    assert outside.visible_when == "((self.there) IS TRUE) AND ((self.plain) IS TRUE)"
    assert (outside.mask, outside.mask_unless) == ({}, None)


def test_what_follows_a_relation_follows_it_for_outsiders_too():
    text = rule("a", **LABELLED, masked_rows_hidden="true") + rule("b", follows=FOLLOWS_A)
    shown = compile_law(law(text).from_outside())[B].shown
    assert shown is not None
    assert ".plain" in shown.render("b")


def test_without_rules_of_their_own_the_law_is_the_same_for_outsiders():
    enacted = law(rule("a", visible_when="'self.there'"))
    assert enacted.from_outside() is enacted


def test_what_outsiders_rules_replaced_is_still_known():
    """Who may change the schema is an outsider, and may not change what the others' rules read."""
    enacted = law(rule("a", **LABELLED, mask_for_outsiders="{ label = 'NULL' }"))
    assert enacted.from_outside().outside[A].mask_unless == "self.plain"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({**LABELLED, "mask_for_outsiders": "{ other = 'NULL' }"}, "what becomes of label"),
        (
            {**LABELLED, "mask_for_outsiders": "{ label = 'NULL' }", "masked_rows_hidden": "true"},
            "write one of them",
        ),
        ({"visible_when": "'self.k'", "masked_rows_hidden": "true"}, "add mask_unless"),
        ({**LABELLED, "mask_for_outsiders": "{ label = 'random()' }"}, "random()"),
    ],
)
def test_half_a_rule_for_outsiders_is_a_mistake(keys, says):
    assert says in refused(rule("a", **keys))


FINDING = (
    "[[finding]]\nname = 'n'\ntitle = 't'\narticle = 'x'\n"
    "query = 'SELECT row.k FROM base.a AS row WHERE NOT visible(row)'\n"
)


def test_a_finding_asks_with_the_rules_of_outsiders_and_not_of_handlers():
    text = rule("a", visible_when="'self.there'", handled_when="'self.org = handler.unit'")
    (finding,) = law(text + FINDING + HANDLER + "'u1'").findings
    assert '"row".there' in finding.query
    assert "u1" not in finding.query


def test_findings_have_names_of_their_own_and_something_to_look_in():
    assert 'two findings are called "n"' in refused(
        rule("a", visible_when="'self.there'") + FINDING * 2
    )
    assert "remove it, or all of relation, function, finding and statistic" in refused(
        "seals_nothing = true\n" + FINDING
    )
