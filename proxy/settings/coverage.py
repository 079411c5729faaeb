"""The policy against a live database: what it names that is not there, and what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from proxy.names import QualifiedName
from proxy.policy.law import Law, RelationRule
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.settings.expression import Constant, Expression, read_expression
from proxy.statement.catalogue import Catalogue, Column, Relation, RelationKind


class FindingKind(Enum):
    """What is wrong or missing."""

    MISSING_RELATION = "missing-relation"
    MISSING_COLUMN = "missing-column"
    MISSING_FUNCTION = "missing-function"
    MISSING_INDEX = "missing-index"
    UNFIT_MASK = "unfit-mask"
    UNDECLARED_DEPENDENT = "undeclared-dependent"
    UNDECLARED_RELATIVE = "undeclared-relative"
    UNDECLARED_VIEW = "undeclared-view"
    OPEN_VIEW = "open-view"
    SIDE_EFFECT = "side-effect"


@dataclass(frozen=True, slots=True)
class Finding:
    """One gap. ``message`` says what follows from it and what to do; it holds no data."""

    kind: FindingKind
    relation: QualifiedName
    message: str


def check_against(law: Law, catalogue: Catalogue) -> list[Finding]:
    """Everything found, by relation. An empty list: the policy covers the database."""
    checker = _Checker(law, catalogue)
    found = [*checker.rules(), *checker.surroundings(), *checker.declarations()]
    return sorted(set(found), key=lambda f: (f.relation, f.kind.value, f.message))


_STRINGS = frozenset(("text", "varchar", "bpchar", "name"))
_NUMBERS = frozenset(("int2", "int4", "int8", "numeric", "float4", "float8", "oid"))
_LENGTH = re.compile(r"\((\d+)\)")
_VIEWS = frozenset((RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW))
_TABLES = frozenset((RelationKind.TABLE, RelationKind.PARTITIONED))


@dataclass(frozen=True, slots=True)
class _Checker:
    law: Law
    catalogue: Catalogue

    def rules(self) -> Iterator[Finding]:
        """Each rule by itself: what it names exists, its masks fit, its look-ups have indexes."""
        for name, rule in self.law.relations.items():
            relation = self.catalogue.relations.get(name)
            if relation is None:
                yield Finding(
                    FindingKind.MISSING_RELATION,
                    name,
                    "the policy seals it and the database has no such relation; correct the name",
                )
                continue
            if name.schema in SYSTEM_SCHEMAS:
                continue
            yield from self._own_columns(rule, relation)
            yield from self._masks(rule, relation)
            yield from self._parents(rule)
            for sql in (rule.visible_when, rule.mask_unless, *rule.mask.values()):
                if sql is not None:
                    yield from self._expression(relation, read_expression(sql))

    def _own_columns(self, rule: RelationRule, relation: Relation) -> Iterator[Finding]:
        keys = {column for follows in rule.follows for column in follows.on}
        subject = {rule.subject} if rule.subject else set()
        for column in sorted({*keys, *rule.mask, *subject}):
            yield from _column_exists(rule.name, relation, column)

    def _masks(self, rule: RelationRule, relation: Relation) -> Iterator[Finding]:
        for name, sql in rule.mask.items():
            column = relation.column(name)
            constant = read_expression(sql).constant
            problem = _misfit(column, constant) if column and constant else None
            if problem is not None:
                yield Finding(FindingKind.UNFIT_MASK, rule.name, f"the mask of {name} {problem}")

    def _parents(self, rule: RelationRule) -> Iterator[Finding]:
        for follows in rule.follows:
            parent = self.catalogue.relations.get(follows.relation)
            if parent is None:
                continue
            for column in follows.on.values():
                yield from _column_exists(rule.name, parent, column)
            yield from _has_index(rule.name, parent, frozenset(follows.on.values()))

    def _expression(self, relation: Relation, expression: Expression) -> Iterator[Finding]:
        for column in sorted(expression.own_columns):
            yield from _column_exists(relation.name, relation, column)
        for target, column in sorted(expression.columns):
            other = self.catalogue.relations.get(target)
            if other is not None:
                yield from _column_exists(relation.name, other, column)
        for look_up in expression.look_ups:
            other = self.catalogue.relations.get(look_up.relation)
            if other is not None:
                yield from _has_index(relation.name, other, look_up.keys)
            else:
                message = f"its rule reads {look_up.relation}, which the database does not have"
                yield Finding(FindingKind.MISSING_RELATION, relation.name, message)

    def surroundings(self) -> Iterator[Finding]:
        """What is not declared and touches what is sealed, and what is open and should not be."""
        for name, relation in self.catalogue.relations.items():
            if name.schema in SYSTEM_SCHEMAS or name in self.law.relations:
                continue
            is_open = name in self.law.open_relations
            behind = self._sealed_behind(relation)
            if relation.kind in _VIEWS and behind is not None:
                yield _view_finding(name, behind, is_open=is_open)
            elif relation.kind in _TABLES and not is_open:
                yield from self._undeclared_table(relation)

    def _undeclared_table(self, relation: Relation) -> Iterator[Finding]:
        for target in relation.references:
            if target in self.law.relations:
                message = f"references {target} and is refused; give it a rule, or open = true"
                yield Finding(FindingKind.UNDECLARED_DEPENDENT, relation.name, message)
        for relative in (*relation.parents, *relation.children):
            if relative in self.law.relations:
                message = (
                    f"shares rows with {relative} by inheritance or partitioning and is refused;"
                    " give it the same rule"
                )
                yield Finding(FindingKind.UNDECLARED_RELATIVE, relation.name, message)

    def _sealed_behind(self, view: Relation) -> QualifiedName | None:
        """The first sealed relation that a view reads, through other views too."""
        seen: set[QualifiedName] = set()
        waiting = list(view.reads)
        while waiting:
            name = waiting.pop(0)
            if name in self.law.relations and name.schema not in SYSTEM_SCHEMAS:
                return name
            if name not in seen:
                seen.add(name)
                relation = self.catalogue.relations.get(name)
                waiting.extend(relation.reads if relation is not None else ())
        return None

    def declarations(self) -> Iterator[Finding]:
        """What the administrator vouched for, and code that runs behind a sealed relation."""
        for name in self.law.open_relations - self.catalogue.relations.keys():
            message = "declared open and the database has no such relation; remove it"
            yield Finding(FindingKind.MISSING_RELATION, name, message)
        for name in self.law.approved_functions - self.catalogue.user_functions:
            message = "approved and the database has no such function; remove it"
            yield Finding(FindingKind.MISSING_FUNCTION, name, message)
        for name in self.law.relations:
            relation = self.catalogue.relations.get(name)
            if relation is not None and (relation.has_triggers or relation.has_rules):
                message = (
                    "has triggers or rules, whose own statements nobody judges; writes refused"
                )
                yield Finding(FindingKind.SIDE_EFFECT, name, message)


def _view_finding(name: QualifiedName, behind: QualifiedName, *, is_open: bool) -> Finding:
    if is_open:
        message = f"declared open although it reads {behind}, which is sealed; check it again"
        return Finding(FindingKind.OPEN_VIEW, name, message)
    message = f"a view of {behind}, which is sealed, so it is refused; query the tables instead"
    return Finding(FindingKind.UNDECLARED_VIEW, name, message)


def _column_exists(name: QualifiedName, relation: Relation, column: str) -> Iterator[Finding]:
    if relation.columns and relation.column(column) is None:
        message = f"its rule names column {column} of {relation.name}, which is not there"
        yield Finding(FindingKind.MISSING_COLUMN, name, message)


def _has_index(name: QualifiedName, relation: Relation, keys: frozenset[str]) -> Iterator[Finding]:
    if any(index[:1] and index[0] in keys for index in relation.indexes):
        return
    on = f" on {', '.join(sorted(keys))}" if keys else ""
    message = (
        f"its rule looks into {relation.name}{on} for every row, and no index helps;"
        f" create one{on or ' and compare its columns with self'}"
    )
    yield Finding(FindingKind.MISSING_INDEX, name, message)


def _misfit(column: Column, mask: Constant) -> str | None:
    """Why a constant cannot stand in a column; None where it can."""
    type_name = column.type_name.name
    fits_as = mask.cast or ("text" if mask.kind == "string" else "int4")
    length = _LENGTH.search(column.type_text)
    if mask.kind == "null":
        return "is NULL in a column that is NOT NULL" if column.not_null else None
    if not any({type_name, fits_as} <= family for family in (_STRINGS, _NUMBERS, {type_name})):
        return f"is of type {fits_as}, its column {column.type_text}; write one of that type"
    if type_name in _STRINGS and length and len(mask.value) > int(length[1]):
        return f"is longer than {column.type_text}"
    return None
