"""Whose records a statement asks for under a law: people by name, or anybody. Pure.

A statement is *keyed* if each protected relation it reads is reached by names of people: by a
condition on a column that says whose record a row is, or from a reference so reached by an
equality that leads to the same person or to what follows it. Else it is *broad*, and each row that
comes of it counts as somebody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.names import QualifiedName
from proxy.policy.law import RelationRule
from proxy.policy.rules.context import Context
from proxy.statement.facts import Access, Facts, Link, Place, Reference, Verb
from proxy.statement.tree import items

PERSON: Final = "person"
"""The domain of identity numbers; those of the site's own keys are `key_domain`."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that names somebody, or an array of them: as written in the text or, with a
    ``parameter``, counted from 1, as bound. ``type_oid`` is the column's."""

    domain: str
    type_oid: int
    place: Place
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """``weight``: how many people a row of a broad statement may be about; 0 if it is keyed.
    ``counts``: nothing but numbers come of it. ``stores``: it keeps what it reads in a table."""

    values: tuple[Value, ...] = ()
    weight: int = 0
    counts: bool = False
    stores: bool = False

    @property
    def broad(self) -> bool:
        return self.weight > 0


def key_domain(relation: QualifiedName, column: str) -> str:
    """What keeps keys of different meaning apart: ``person_id`` is one thing in all relations, and
    ``id`` another in each."""
    return f"key {relation}.id" if column == "id" else f"key {column}"


def asked(facts: Facts, context: Context) -> Asked | None:
    """What a statement asks for; None where it reads nothing that is protected."""
    read = {
        reference.number: (reference, rule)
        for reference, rule in context.sealed(facts)
        if reference.access is Access.READ
        or (
            reference.access in (Access.UPDATE, Access.DELETE)
            and items(reference.clause.body, "returningList")
        )
    }
    if not read:
        return None
    values = tuple(
        Value(domain, naming.type_oid, place)
        for reference, rule in read.values()
        for naming in reference.named
        if (domain := _domain(rule, naming.column)) is not None
        for place in naming.values
    )
    unreached = [read[number][0] for number in read.keys() - _reached(read, facts.links)]
    if not unreached:
        return Asked(values)
    times = Counter(reference.relation.name for reference in unreached if reference.relation)
    stores = facts.verb in _STORING
    return Asked((), max(times.values()), counts=_only_counts(facts, context), stores=stores)


_STORING = frozenset((Verb.INSERT, Verb.UPDATE, Verb.MERGE, Verb.TEMPORARY))
_Read = Mapping[int, tuple[Reference, RelationRule]]


def together(parts: Iterable[Asked | None]) -> Asked | None:
    """Of several statements at once."""
    known = [part for part in parts if part is not None]
    if len(known) <= 1:
        return known[0] if known else None
    broad = [part for part in known if part.broad]
    return Asked(
        tuple(dict.fromkeys(value for part in known for value in part.values)),
        max((part.weight for part in broad), default=0),
        counts=bool(broad) and all(part.counts for part in broad),
        stores=any(part.stores for part in known),
    )


def unbound(part: Asked | None) -> Asked | None:
    """As it is where its parameters get their values out of our sight."""
    if part is None or not any(value.place.parameter is not None for value in part.values):
        return part
    return replace(part, values=(), weight=max(part.weight, 1), counts=False)


def _domain(rule: RelationRule, column: str) -> str | None:
    if column in rule.identifies:
        return PERSON
    return key_domain(rule.name, column) if column == rule.subject else None


def _reached(read: _Read, links: tuple[Link, ...]) -> set[int]:
    reached = {
        number
        for number, (reference, rule) in read.items()
        if any(_domain(rule, naming.column) is not None for naming in reference.named)
    }
    while True:
        more = {
            number
            for number, (reference, rule) in read.items()
            if number not in reached
            and any(
                _leads(reference, rule, read[other][1], each)
                for other in reached
                if (each := [x for x in links if x.reference == number and x.other == other])
            )
        }
        if not more:
            return reached
        reached |= more


def _leads(
    reference: Reference, rule: RelationRule, parent: RelationRule, links: list[Link]
) -> bool:
    """Whether rows found by these links are of the same person, follow a row that was reached, or
    are the one row that it names and nobody's in particular."""
    pairs = {link.column: link.other_column for link in links}
    for column, other in pairs.items():
        domain = _domain(rule, column)
        if domain is not None and domain == _domain(parent, other):
            return True
    for follows in rule.follows:
        if follows.relation == parent.name and follows.on.items() <= pairs.items():
            return True
    key = () if reference.relation is None else reference.relation.primary_key
    nobodys = rule.subject is None and not rule.identifies
    return nobodys and bool(key) and set(key) <= pairs.keys()


_COUNTED: Final = frozenset((16, 20, 21, 23, 1082))
"""Types by which a count may be grouped: bool, integers and dates, no text."""


def _only_counts(facts: Facts, context: Context) -> bool:
    """A plain SELECT of counts, by columns that name nobody, with conditions that do not either."""
    body = facts.body
    names = {
        name
        for _, rule in context.sealed(facts)
        for name in (*rule.identifies, rule.subject)
        if name is not None
    }
    plain = facts.verb is Verb.SELECT and not body.get("withClause") and not body.get("larg")
    if not plain or names & facts.column_names or "*" in facts.column_names:
        return False
    called = {function.name for function in facts.functions}
    columns = [
        column
        for reference in facts.references
        if reference.relation is not None
        for column in reference.relation.columns
    ]
    plainly = {column.name for column in columns}
    plainly -= {column.name for column in columns if column.type_oid not in _COUNTED}
    targets = items(body, "targetList")
    return called <= {"count"} and bool(targets) and all(_is_count(t, plainly) for t in targets)


def _is_count(target: object, columns: set[str]) -> bool:
    value = target.get("ResTarget", {}).get("val", {}) if isinstance(target, dict) else {}
    if set(value) == {"FuncCall"}:
        return "over" not in value["FuncCall"]
    fields = value.get("ColumnRef", {}).get("fields", ()) if set(value) == {"ColumnRef"} else ()
    last = fields[-1].get("String", {}).get("sval", "") if fields else ""
    return last in columns
