"""Relations: known, of a kind that can be judged, and with nothing protected behind them."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.names import QualifiedName, RuleName
from proxy.policy.rules.context import SYSTEM_SCHEMAS, TABLES, Context, Refusal
from proxy.statement.catalogue import Relation
from proxy.statement.facts import Access, Facts, Reference
from proxy.statement.visible import is_temporary


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse the first relation that cannot be judged."""
    for reference in facts.references:
        refusal = _refuse_one(reference, context)
        if refusal is not None:
            return refusal
    return None


def _refuse_one(reference: Reference, context: Context) -> Refusal | None:
    relation = reference.relation
    if relation is None:
        return Refusal(
            RuleName("unknown-relation"),
            f'relation "{reference.written.name}" is not known to the proxy; check the name, or'
            " wait until the catalogue has been read again",
        )
    if is_temporary(relation):
        return None
    if _is_ambiguous(reference, relation, context):
        return Refusal(
            RuleName("ambiguous-relation"),
            f'"{reference.written.name}" is the name of several relations along search_path, one of'
            " them protected or not known to be harmless; write its schema",
        )
    name = relation.name
    if name.schema in SYSTEM_SCHEMAS or name.schema.startswith("pg_"):
        return _refuse_system(reference, relation, context)
    if name in context.law.open_relations:
        return None
    plain = reference.access is Access.READ and name in context.plain_views
    if relation.kind not in TABLES and not plain:
        return Refusal(
            RuleName("unvetted-view"),
            f"relation {name} is not a table; views are only read, materialised views, foreign"
            " tables and sequences are served only when the policy declares them open",
        )
    if relation.has_own_casts:
        return Refusal(
            RuleName("unvetted-cast"),
            f"relation {name} has a column whose type is cast by a function of the site's own,"
            " which can read anything; the policy does not declare it open",
        )
    if name in context.law.relations:
        return _refuse_sampled(reference)
    return _refuse_relative(relation, context)


def _refuse_relative(relation: Relation, context: Context) -> Refusal | None:
    name = relation.name
    for relative in _family(relation, context):
        if relative in context.law.relations:
            return Refusal(
                RuleName("undeclared-relative"),
                f"relation {name} shares rows with a protected relation by inheritance or"
                " partitioning and is not declared in the policy",
            )
    if any(target in context.law.relations for target in relation.references):
        return Refusal(
            RuleName("undeclared-dependent"),
            f"relation {name} references a protected relation and is not declared in the policy",
        )
    return None


def _is_ambiguous(reference: Reference, relation: Relation, context: Context) -> bool:
    """The server leaves out schemas that the role may not use, which is not known here: then it
    finds another relation of that name, and that one has to be served as it is, too."""
    if reference.written.schema is not None:
        return False
    name = relation.name.name
    named = (context.catalogue.relations.get(QualifiedName(s, name)) for s in context.search_path)
    return any(
        other is not None and other.name != relation.name and not _is_harmless(other, context)
        for other in named
    )


def _is_harmless(relation: Relation, context: Context) -> bool:
    law = context.law
    if relation.name in law.open_relations or relation.name in law.system_relations:
        return True
    return (
        relation.name not in law.relations
        and relation.kind in TABLES
        and not relation.has_own_casts
        and _refuse_relative(relation, context) is None
    )


def _refuse_system(reference: Reference, relation: Relation, context: Context) -> Refusal | None:
    if reference.access is not Access.READ:
        return Refusal(RuleName("system-relation"), "system catalogues are not written to")
    if relation.name in context.law.relations or relation.name in context.law.system_relations:
        return _refuse_sampled(reference)
    return Refusal(
        RuleName("system-relation"),
        f"relation {relation.name} can tell of sealed records (statistics, sizes, sessions) and is"
        " not served",
    )


def _refuse_sampled(reference: Reference) -> Refusal | None:
    if reference.sampled:
        return Refusal(
            RuleName("sampled-protected"),
            "TABLESAMPLE on a protected relation would count pages that hold sealed rows",
        )
    return None


def _family(relation: Relation, context: Context) -> Iterator[QualifiedName]:
    """All ancestors and descendants by ``pg_inherits``."""
    for direction in ("parents", "children"):
        seen: set[QualifiedName] = set()
        waiting = list(getattr(relation, direction))
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            yield name
            relative = context.catalogue.relations.get(name)
            waiting.extend(getattr(relative, direction) if relative is not None else ())
