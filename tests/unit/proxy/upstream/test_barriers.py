"""The script for a second barrier is text: the same each time, and nobody's names end up as SQL."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from proxy.names import PrincipalName, QualifiedName
from proxy.policy.law import Match, Principal, PrincipalKind
from proxy.statement.catalogue import Catalogue, RelationKind
from proxy.statement.grammar import parse_tree
from proxy.statement.tree import typed
from proxy.upstream.barriers import (
    Site,
    Standing,
    access_lines,
    lower_barriers,
    raise_barriers,
)
from tests.unit.proxy.small_world import LAW, RELATIONS, base, relation

NASTY = QualifiedName("base", 'x"; DROP TABLE y; --\n$fengcun$')
TABLES = [r for r in RELATIONS if r.name.schema == "base"]
COPY = relation("counted", "n:bigint", kind=RelationKind.MATERIALIZED_VIEW)


def principal(kind: PrincipalKind, user: str) -> Principal:
    return Principal(PrincipalName("p"), kind, (Match(user=user),))


def site(*more, proxies=("10.0.0.10",), standing: Standing | None = None) -> Site:
    relations = {r.name: r for r in (*TABLES, COPY, *more)}
    platform = principal(PrincipalKind.PLATFORM, "bg\ncheck")
    law = replace(LAW, principals=(platform, principal(PrincipalKind.UNIT, "desk")))
    return Site(
        law,
        Catalogue('agency"\n', "v", relations),
        standing or Standing(frozenset(), frozenset(), {}, frozenset({"bg\ncheck", "desk"})),
        tuple(map(ip_network, proxies)),
    )


def kinds(script):
    return [typed(statement["stmt"])[0] for statement in parse_tree(script)]


@pytest.mark.parametrize("make", [raise_barriers, lower_barriers])
def test_the_script_is_the_same_each_time_and_is_one_transaction(make):
    script = make(site())
    assert script == make(site())
    found = kinds(script)
    assert (found[0], found[-1]) == ("TransactionStmt", "TransactionStmt")
    assert found.count("TransactionStmt") == 2


def test_names_are_names_wherever_they_stand():
    child = relation(NASTY, "id:bigint", references=(base("cases"),))
    view = relation("nasty", "n:bigint", kind=RelationKind.VIEW, reads=(base("cases"),),
                    definition="SELECT id AS n FROM base.cases")  # fmt: skip
    nasty = site(child, view)
    for script in (raise_barriers(nasty), lower_barriers(nasty)):
        assert {*kinds(script)} <= {
            "TransactionStmt", "VariableSetStmt", "DoStmt", "CreateSchemaStmt", "GrantStmt",
            "DropStmt", "CreatePolicyStmt", "AlterTableStmt", "CreateFunctionStmt",
            "AlterOwnerStmt", "DropOwnedStmt",
        }  # fmt: skip
    assert '"x""; DROP TABLE y; --\n$fengcun$"' in raise_barriers(nasty)
    assert all(
        line.startswith("--") for line in access_lines(nasty, "c\nd", encrypted=True).splitlines()
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cases", ["fengcun_select", "fengcun_update", "fengcun_delete", "fengcun_platform",
                   "fengcun_others"]),
        ("sentences", ["fengcun_select", "fengcun_update", "fengcun_delete", "fengcun_platform",
                       "fengcun_others"]),
        ("victims", ["fengcun_platform", "fengcun_others"]),  # it has masks only
        ("notes", ["fengcun_undeclared", "fengcun_others"]),
        ("old_cases", ["fengcun_undeclared", "fengcun_others"]),
        ("courts", []),
        ("watched", []),
    ],
)  # fmt: skip
def test_each_table_gets_what_the_policy_says_of_it(name, expected):
    lines = raise_barriers(site()).splitlines()
    made = [line.split()[2] for line in lines
            if line.startswith("CREATE POLICY") and f'ON "base"."{name}" ' in line]  # fmt: skip
    assert made == expected
    forced = f'ALTER TABLE "base"."{name}" FORCE ROW LEVEL SECURITY;' in lines
    assert forced is bool(expected)


def test_row_level_security_that_was_there_stays():
    restricted = Standing(frozenset({base("cases")}), frozenset(), {}, frozenset())
    script = raise_barriers(site(standing=restricted))
    assert 'CREATE POLICY fengcun_others ON "base"."cases"' not in script
    assert 'CREATE POLICY fengcun_others ON "base"."sentences"' in script
    undo = lower_barriers(site(standing=restricted))
    assert 'ALTER TABLE "base"."cases" DISABLE' not in undo
    assert 'ALTER TABLE "base"."sentences" DISABLE' in undo


def test_copies_are_taken_from_who_does_not_own_them():
    grantees = {COPY.name: ("PUBLIC", "desk")}
    script = raise_barriers(
        site(standing=Standing(frozenset(), frozenset(), grantees, frozenset()))
    )
    assert 'REVOKE ALL ON "base"."counted" FROM PUBLIC, desk;' in script


def test_every_proxy_is_let_through_and_asked_about_once_a_statement():
    script = raise_barriers(site(proxies=("10.0.0.10", "2001:db8::/64")))
    asked = "(SELECT COALESCE(inet_client_addr() <<= ANY ('{10.0.0.10/32,2001:db8::/64}'::inet[])"
    assert asked in script
    lines = access_lines(site(proxies=("10.0.0.10",)), "catalogue", encrypted=True).splitlines()
    assert lines[1].split()[1:] == ["hostssl", '"agency""?"', '"bg?check"', "10.0.0.10/32",
                                    "scram-sha-256"]  # fmt: skip
    assert [line.split()[3] for line in lines[2:4]] == ['"catalogue"', '"desk"']
