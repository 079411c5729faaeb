"""Which statement is a declared statistic: its tree is the declared one, node for node. Pure.

Names are no matter of the session then: relations are named with their schema, and no function or
operator of the site's own passes the rules, whatever the search_path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from proxy.names import RuleName
from proxy.policy.decide import decide
from proxy.policy.decision import Decision, Verdict
from proxy.policy.law import Law, Principal, Statistic
from proxy.policy.limits import NO_LIMITS
from proxy.policy.rules.context import TABLES, Context
from proxy.statement.catalogue import Catalogue
from proxy.statement.facts import Facts, Verb
from proxy.statement.tree import Json, same_but_for_constants, same_but_for_locations

PLAIN_TYPES: Final = frozenset((16, 20, 21, 23, 25, 1042, 1043, 1082, 1114))
"""bool, int8, int2, int4, text, bpchar, varchar, date, timestamp: they compare and group alike in
every session. A timestamptz falls into another year where TimeZone is another."""
DAY_TYPES: Final = frozenset((1082, 1114))


def declared(
    statements: tuple[Facts, ...], principal: Principal, law: Law, catalogue: Catalogue
) -> Statistic | None:
    """The statistic that a text asks for; None where it is a statement like any other."""
    if len(statements) != 1 or statements[0].verb is not Verb.SELECT:
        return None
    tree: Json = {statements[0].kind: statements[0].body}
    for each in law.statistics_of(principal):
        if same_but_for_locations(each.tree, tree) and not any(misfits(each, law, catalogue)):
            return each
    return None


def may_differ_by_constants(statements: tuple[Facts, ...], principal: Principal, law: Law) -> bool:
    """Whether a text is a statistic but for its constants: what is made of it is good for this text
    and no other."""
    if len(statements) != 1 or statements[0].verb is not Verb.SELECT:
        return False
    tree: Json = {statements[0].kind: statements[0].body}
    return any(same_but_for_constants(each.tree, tree) for each in law.statistics_of(principal))


def misfits(statistic: Statistic, law: Law, catalogue: Catalogue) -> Iterable[str]:
    """Why it cannot be counted in this database, each in words."""
    counting = statistic.counting
    named = dict(counting.relations)
    for name in named.values():
        relation = catalogue.relations.get(name)
        if name not in law.relations or relation is None or relation.kind not in TABLES:
            yield f"{name} is no table that is sealed"
    for column in sorted(counting.columns):
        relation = catalogue.relations.get(named[column.alias])
        found = None if relation is None else relation.column(column.name)
        if found is None:
            yield f"{named[column.alias]} has no column {column.name}"
        elif found.type_oid not in (DAY_TYPES if column in counting.periods else PLAIN_TYPES):
            wanted = "a date" if column in counting.periods else "text, a number or a date"
            yield f"column {column.name} of {named[column.alias]} has to be {wanted}"


def judge(facts: Facts, statistic: Statistic, context: Context) -> Decision:
    """The decision on a statement that is ``statistic``. It names nobody and is no bulk reading of
    records, whatever else its principal may read; every other rule has its say."""
    principal = replace(context.principal, bulk_refused=False, limits=NO_LIMITS)
    decision = decide(facts, replace(context, principal=principal, permits=())).decision
    if decision.verdict is Verdict.REFUSE:
        return decision
    return replace(
        decision,
        rule=RuleName("statistic"),
        article=statistic.article,
        reason=f'declared statistic "{statistic.name}": cells of fewer than {statistic.least} are'
        " left out, and so are fewer sealed records in a cell",
    )
