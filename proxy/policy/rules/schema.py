"""Changes of the schema: administrators' alone, each by itself, and never for one session only.

What a session changes is not in the catalogue before its transaction ends, so nothing else may be
judged until then, and the catalogue is read again before anything is (`proxy.session.judge`).
What is sealed depends on the structure and the rows of the tables that the rules are about: these
are not taken apart here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.names import RuleName
from proxy.policy.law import PrincipalKind
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.definitions import ANYTHING, makes_temporary
from proxy.statement.facts import Facts, Verb

_WORD = re.compile(r"\w+")


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse changes of the schema that could not be followed, and everybody else's."""
    if facts.verb is not Verb.DDL:
        return None
    if context.principal.kind is not PrincipalKind.ADMINISTRATOR:
        return Refusal(
            RuleName("unsupported-statement"),
            "the schema is changed by principals of kind administrator only",
        )
    if context.in_transaction or not context.sole:
        return Refusal(
            RuleName("schema-change-alone"),
            "a change of the schema has to stand alone in its message and outside a transaction",
        )
    if makes_temporary(facts.body) or any(s.startswith("pg_temp") for s in context.search_path):
        return Refusal(
            RuleName("temporary-object"),
            "temporary objects other than tables are not served: they hide others of their name"
            " from the catalogue",
        )
    if context.temporaries:
        return Refusal(
            RuleName("temporary-object"),
            "the schema is not changed by a session that has temporary tables: what is made of one"
            " would be temporary, too; drop them, or use another session",
        )
    if facts.changed & {ANYTHING, *_relied_on(context)}:
        return Refusal(
            RuleName("schema-protected"),
            "what the policy protects or reads is not altered, renamed or dropped through the proxy"
            " (nor anything with CASCADE, a schema, or the values of an enum), for what is sealed"
            " depends on it; change it directly, and reload a policy that fits",
        )
    if facts.redefined & {name.name for name in context.law.open_relations}:
        return Refusal(
            RuleName("schema-protected"),
            "a relation that the policy declares open is not redefined through the proxy, nor given"
            " rules or triggers: somebody has looked at what it is now; change it directly, and"
            " look at it again",
        )
    return None


def _relied_on(context: Context) -> Iterator[str]:
    """The names of protected relations, and every word of their rules and of what scans ask."""
    law = context.law
    yield from (name.name for name in law.relations)
    permitted = law.permitted.get((), {})
    for rule in (*law.relations.values(), *permitted.values(), *law.outside.values()):
        yield from rule.projected.columns if rule.projected is not None else ()
        every = (rule.visible_when, rule.mask_unless, rule.handled_when, *rule.mask.values())
        for sql in (*every, *rule.permitted.values()):
            yield from _WORD.findall(sql or "")
    for finding in law.findings:
        yield from _WORD.findall(finding.query)
