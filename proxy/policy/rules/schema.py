"""Changes of the schema: administrators' alone, each by itself, and never for one session only.

What a session changes is not in the catalogue before its transaction ends, so nothing else may be
judged until then, and the catalogue is read again before anything is (`proxy.session.judge`).
"""

from __future__ import annotations

from proxy.names import RuleName
from proxy.policy.law import PrincipalKind
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.definitions import is_temporary
from proxy.statement.facts import Facts, Verb


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
    if is_temporary(facts.body) or any(s.startswith("pg_temp") for s in context.search_path):
        return Refusal(
            RuleName("temporary-object"),
            "temporary objects are not served: they hide others of their name from the catalogue",
        )
    return None
