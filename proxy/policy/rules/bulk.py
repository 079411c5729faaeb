"""Reading protected relations without naming people (实施办法第10条: no platform reads on its own,
nothing is shared or used again). What is refused depends on the statement alone, never on data."""

from __future__ import annotations

from typing import Final

from proxy.names import Article, RuleName
from proxy.policy.asked import asked
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.facts import Facts, Verb
from proxy.statement.tree import nodes, text

ARTICLE: Final = Article("实施办法第10条")
RULE: Final = RuleName("bulk-access")
_UNNAMED: Final = Refusal(
    RULE,
    "protected relations are read here for people that the statement names: compare a column that"
    " says whose record a row is with a plain value, such as id_no = '...'",
    ARTICLE,
)
_COPIED: Final = Refusal(RULE, "protected relations are not copied out here: use SELECT", ARTICLE)
_STORED: Final = Refusal(
    RULE,
    "what is read of protected relations without naming people is not stored in a table here",
    ARTICLE,
)
_GATHERED: Final = Refusal(
    RULE,
    "records of many people are not put together into one row here: name the people",
    ARTICLE,
)
_GATHERING: Final = frozenset(
    (
        "string_agg", "array_agg", "json_agg", "jsonb_agg", "json_agg_strict", "jsonb_agg_strict",
        "json_object_agg", "jsonb_object_agg", "json_object_agg_strict", "jsonb_object_agg_strict",
        "json_object_agg_unique", "jsonb_object_agg_unique", "json_object_agg_unique_strict",
        "jsonb_object_agg_unique_strict", "xmlagg", "range_agg", "lag", "lead", "nth_value",
        "first_value", "last_value",
    )
)  # fmt: skip
_GATHERING_KINDS: Final = frozenset(("JsonArrayAgg", "JsonObjectAgg", "JsonArrayQueryConstructor"))


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Broad statements: refused, or refused where what comes of them could not be counted."""
    principal = context.principal
    if not principal.bulk_refused and not principal.limits.any:
        return None
    what = asked(facts, context)
    if what is None:
        return None
    if principal.bulk_refused and facts.verb is Verb.COPY:
        return _COPIED
    if not what.broad:
        return None
    if principal.bulk_refused and not what.counts:
        return _UNNAMED
    if what.stores:
        return _STORED
    return _GATHERED if _gathers(facts) else None


def _gathers(facts: Facts) -> bool:
    if any(function.name in _GATHERING for function in facts.functions):
        return True
    return any(
        kind in _GATHERING_KINDS
        or (kind == "SubLink" and text(body, "subLinkType") == "ARRAY_SUBLINK")
        for kind, body in nodes({facts.kind: facts.body})
    )
