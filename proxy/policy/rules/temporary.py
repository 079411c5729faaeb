"""Temporary tables: what may be in them, and what their names may be.

What goes in has been read like everything else, so it holds nothing sealed. What must not happen is
that rows in them run code that nobody vetted: the types of their columns are not known here.
"""

from __future__ import annotations

from proxy.names import TEMPORARY_SCHEMA, RuleName
from proxy.policy.rules.context import SYSTEM_SCHEMAS, Context, Refusal
from proxy.policy.rules.functions import HARMLESS_TYPES
from proxy.statement.catalogue import Column
from proxy.statement.commands import command
from proxy.statement.facts import Access, Facts, Verb
from proxy.statement.temporary import MakeTemporary
from proxy.statement.tree import nodes


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse temporary tables of which nobody can say what a write to them runs, and names of
    which nobody can say whether they are of one."""
    if facts.unsettled and facts.references:
        return Refusal(
            RuleName("temporary-unsettled"),
            "behind statements that make or drop temporary tables and end a transaction, nobody can"
            " say what a name means: send what follows in a message of its own",
        )
    made = command(facts) if facts.verb is Verb.TEMPORARY else None
    if not isinstance(made, MakeTemporary):
        return None
    if made.name in context.catalogue.builtin_types:
        return Refusal(
            RuleName("temporary-name"),
            "a temporary table may not have the name of a built-in type: it would stand for it",
        )
    if TEMPORARY_SCHEMA in context.search_path:
        return Refusal(
            RuleName("temporary-name"),
            "temporary tables are not served while search_path says where they are looked for",
        )
    if context.catalogue.has_own_casts:
        return Refusal(
            RuleName("unvetted-cast"),
            "temporary tables are not served where functions of the site's own cast built-in types:"
            " a write could run them",
        )
    if _is_of_own_code(facts, context):
        return Refusal(
            RuleName("temporary-type"),
            "a temporary table may not be made of functions of the site's own, nor of relations"
            " with columns of domains or other types with code of their own, or, with INCLUDING,"
            " with defaults or checks that call such functions",
        )
    return None


def _is_of_own_code(facts: Facts, context: Context) -> bool:
    if any(context.catalogue.functions_named(called.name) for called in facts.functions):
        return True
    copies = _copies_definitions(facts)
    for reference in facts.references:
        relation = reference.relation
        if relation is None:
            continue
        if not all(_is_harmless(column, context) for column in relation.columns):
            return True
        if copies and reference.access is Access.STRUCTURE and relation.own_code:
            return True
    return False


def _copies_definitions(facts: Facts) -> bool:
    """LIKE ... INCLUDING anything."""
    clauses = nodes({facts.kind: facts.body})
    return any(kind == "TableLikeClause" and body.get("options") for kind, body in clauses)


def _is_harmless(column: Column, context: Context) -> bool:
    """An array of a type of the site's own is not known to be."""
    name = column.type_name
    return name.schema in SYSTEM_SCHEMAS or context.catalogue.user_types.get(name) in HARMLESS_TYPES
