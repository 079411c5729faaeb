"""The policy against a live database: what it names that is not there, and what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from itertools import chain

from proxy.names import QualifiedName
from proxy.policy.declared import misfits
from proxy.policy.law import Law, RelationRule
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.rewrite.views import Views
from proxy.settings import positions
from proxy.settings.expression import Constant, Expression, read_expression
from proxy.settings.policy import name_of
from proxy.statement.catalogue import Catalogue, Column, Event, Relation, RelationKind
from proxy.statement.grammar import TextLimits


class FindingKind(Enum):
    """What is wrong or missing."""

    MISSING_RELATION = "missing-relation"
    MISSING_COLUMN = "missing-column"
    MISSING_FUNCTION = "missing-function"
    CHANGED_FUNCTION = "changed-function"
    UNAPPROVED_OVERLOAD = "unapproved-overload"
    MISSING_INDEX = "missing-index"
    UNFIT_MASK = "unfit-mask"
    UNFIT_STATISTIC = "unfit-statistic"
    UNDECLARED_DEPENDENT = "undeclared-dependent"
    UNDECLARED_RELATIVE = "undeclared-relative"
    UNDECLARED_VIEW = "undeclared-view"
    OPEN_VIEW = "open-view"
    SIDE_EFFECT = "side-effect"


MISSING = frozenset(
    (FindingKind.MISSING_RELATION, FindingKind.MISSING_COLUMN, FindingKind.MISSING_FUNCTION)
)
"""What the policy names and the database does not have: such a policy is not put in force."""

WRITTEN = MISSING | {FindingKind.UNFIT_STATISTIC}
"""What is about one line of the policy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One gap. ``message`` says what follows from it and what to do; it holds no data.

    ``relation`` has a table of its own in the policy where ``kind`` is one of `MISSING`; ``key``
    is the path below that table. What is about a function has its name there, and ``signature``;
    what is about the query of a scan or a statistic has the ``number`` of that table.
    """

    kind: FindingKind
    relation: QualifiedName
    message: str
    key: positions.Path = ()
    signature: str = ""
    number: int | None = None


Check = Callable[[Law, Catalogue], "list[Finding]"]
"""`check_against`, or a part of it."""


def check_databases(
    law: Law, catalogues: Mapping[str, Catalogue], check: Check
) -> list[tuple[str, Finding]]:
    """Everything found by `check`, with the database it was found in.

    One policy serves all databases: what it declares must be in one of them, not in all.
    """
    found = [(name, f) for name, catalogue in catalogues.items() for f in check(law, catalogue)]
    absent_from: dict[Finding, set[str]] = {}
    for name, finding in found:
        if _is_declaration(finding):
            absent_from.setdefault(_without_advice(finding), set()).add(name)
    return [
        (name, finding)
        for name, finding in found
        if not _is_declaration(finding)
        or absent_from[_without_advice(finding)] == catalogues.keys()
    ]


def _without_advice(finding: Finding) -> Finding:
    """What is like in each database: the names that are close differ."""
    return replace(finding, message="")


def _is_declaration(finding: Finding) -> bool:
    return finding.kind in MISSING and not finding.key


def check_against(law: Law, catalogue: Catalogue) -> list[Finding]:
    """Everything found, by relation. An empty list: the policy covers the database."""
    surroundings = _Checker(law, catalogue).surroundings()
    return _in_order([*check_named(law, catalogue), *surroundings])


def check_named(law: Law, catalogue: Catalogue) -> list[Finding]:
    """What is found of what the policy names. What it leaves out is not looked for, which takes
    an analysis of every view."""
    checker = _Checker(law, catalogue)
    laws = (
        law,
        law.from_outside(),
        *(law.seen_by(units) for units in law.handled),
        *(law.permitting(units) for units in law.permitted),
    )
    rules = (f for each in laws for f in _Checker(each, catalogue).rules())
    written = _each_name_once(chain(rules, checker.queries(), checker.statistics()))
    return _in_order([*written, *checker.declarations()])


def _in_order(found: Iterable[Finding]) -> list[Finding]:
    return sorted(set(found), key=lambda f: (f.relation, f.kind.value, f.message))


def _each_name_once(found: Iterable[Finding]) -> Iterator[Finding]:
    """A rule or a scan's query contains the rules it asks with ``visible``, and comes after them:
    what is missing is said of the first, which is where it is written."""
    seen: set[str] = set()
    for finding in found:
        if finding.kind not in MISSING or finding.message not in seen:
            yield finding
        seen.add(finding.message)


_NO_SUCH_RELATION = "the database has no such relation"
_NO_SUCH_FUNCTION = "the database has no such function"
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
            if name.schema in SYSTEM_SCHEMAS:
                continue
            relation = self.catalogue.relations.get(name)
            if relation is None:
                message = f"{name} is sealed and {self._no_such_relation(name)}"
                yield Finding(FindingKind.MISSING_RELATION, name, message)
                continue
            yield from self._own_columns(rule, relation)
            yield from self._masks(rule, relation)
            yield from self._parents(rule)
            for key, sql in _expressions(rule):
                yield from self._expression(relation, read_expression(sql), key)

    def _own_columns(self, rule: RelationRule, relation: Relation) -> Iterator[Finding]:
        named: list[tuple[positions.Path, str]] = [
            (("follows", number, "on", column), column)
            for number, follows in enumerate(rule.follows)
            for column in follows.on
        ]
        named += [(("mask", column), column) for column in rule.mask]
        named += [(("subject",), rule.subject)] if rule.subject else []
        named += [(("identifies",), name) for name in rule.identifies]
        shown = rule.projected.columns if rule.projected is not None else ()
        named += [(("permitted", "conviction", "columns"), column) for column in sorted(shown)]
        for key, column in named:
            yield from _column_exists(rule.name, relation, column, key)

    def _masks(self, rule: RelationRule, relation: Relation) -> Iterator[Finding]:
        for name, sql in rule.mask.items():
            column = relation.column(name)
            constant = read_expression(sql).constant
            problem = _misfit(column, constant) if column and constant else None
            if problem is not None:
                yield Finding(FindingKind.UNFIT_MASK, rule.name, f"the mask of {name} {problem}")

    def _parents(self, rule: RelationRule) -> Iterator[Finding]:
        for number, follows in enumerate(rule.follows):
            parent = self.catalogue.relations.get(follows.relation)
            if parent is None:
                message = f"it follows {follows.relation} and {_NO_SUCH_RELATION}"
                key = ("follows", number, "relation")
                yield Finding(FindingKind.MISSING_RELATION, rule.name, message, key)
                continue
            for own, column in follows.on.items():
                place = ("follows", number, "on", own)
                yield from _column_exists(rule.name, parent, column, place)
            yield from _has_index(rule.name, parent, frozenset(follows.on.values()))

    def _expression(
        self, relation: Relation, expression: Expression, key: positions.Path
    ) -> Iterator[Finding]:
        for column in sorted(expression.own_columns):
            yield from _column_exists(relation.name, relation, column, key)
        for target, column in sorted(expression.columns):
            other = self.catalogue.relations.get(target)
            if other is not None:
                yield from _column_exists(relation.name, other, column, key)
        for look_up in sorted(expression.look_ups, key=lambda each: each.relation):
            other = self.catalogue.relations.get(look_up.relation)
            if other is not None:
                yield from _has_index(relation.name, other, look_up.keys)
            else:
                name = look_up.relation
                message = f"it reads {name} and {self._no_such_relation(name)}"
                yield Finding(FindingKind.MISSING_RELATION, relation.name, message, key)

    def _no_such_relation(self, name: QualifiedName) -> str:
        known = [
            str(each) for each in self.catalogue.relations if each.schema not in SYSTEM_SCHEMAS
        ]
        return _NO_SUCH_RELATION + _close(str(name), known)

    def surroundings(self) -> Iterator[Finding]:
        """What is not declared and touches what is sealed, and what is open and should not be."""
        views = Views(self.law, self.catalogue, TextLimits())
        for name, relation in self.catalogue.relations.items():
            if name.schema in SYSTEM_SCHEMAS or name in self.law.relations:
                continue
            is_open = name in self.law.open_relations
            behind = self._sealed_behind(relation)
            if relation.kind in _VIEWS and behind is not None:
                yield from _view(relation, behind, views, is_open=is_open)
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
            message = f"{name} is declared open and {self._no_such_relation(name)}"
            yield Finding(FindingKind.MISSING_RELATION, name, message)
        yield from self._functions()
        for name in self.law.relations:
            relation = self.catalogue.relations.get(name)
            if relation is not None and relation.own_code:
                refused = ", ".join(e.value.upper() for e in Event if e in relation.own_code)
                message = (
                    "has triggers or rules, or defaults or checks with functions of its own, whose"
                    f" statements nobody judges; {refused} refused"
                )
                yield Finding(FindingKind.SIDE_EFFECT, name, message)

    def queries(self) -> Iterator[Finding]:
        """What scans ask: the rules in it are looked at by themselves."""
        for number, rule in enumerate(self.law.findings):
            for name, column in sorted(read_expression(f"EXISTS ({rule.query})").columns):
                relation = self.catalogue.relations.get(name)
                if relation is not None:
                    for found in _column_exists(name, relation, column, ()):
                        yield replace(found, number=number)

    def statistics(self) -> Iterator[Finding]:
        """What a statistic needs and the database has not: then it is a statement like any other.
        That a relation is not there is said of its rule."""
        for number, statistic in enumerate(self.law.statistics):
            named = statistic.counting.relations
            name = named[0][1]
            if any(
                name not in self.catalogue.relations for _, name in statistic.counting.relations
            ):
                continue
            key = ("statistic", number, "sql")
            for problem in misfits(statistic, self.law, self.catalogue):
                kind = FindingKind.UNFIT_STATISTIC
                message = f'"{statistic.name}" is not served: {problem}'
                yield Finding(kind, name, message, key, number=number)

    def _functions(self) -> Iterator[Finding]:
        approved = self.law.approved_functions
        functions = {each.signature: each for each in self.catalogue.user_functions}
        for signature in approved.keys() - functions.keys():
            message = f"{signature} is approved and {_NO_SUCH_FUNCTION}"
            message += _close(signature, functions)
            kind = FindingKind.MISSING_FUNCTION
            yield Finding(kind, name_of(signature), message, signature=signature)
        for signature in approved.keys() & functions.keys():
            function = functions[signature]
            if approved[signature] != function.digest:
                message = (
                    f"{signature}, or what its body names, has changed since it was approved, and"
                    " is refused; see fengcun inventory, and approve it again"
                )
                kind = FindingKind.CHANGED_FUNCTION
                yield Finding(kind, function.name, message, signature=signature)
            for other in self.catalogue.functions_named(function.name.name):
                if other.signature not in approved:
                    message = (
                        f"{signature} is approved and {other.signature} is not, so calls of that"
                        " name are refused: which one the server picks is not known"
                    )
                    kind = FindingKind.UNAPPROVED_OVERLOAD
                    yield Finding(kind, function.name, message, signature=signature)


def _view(
    view: Relation, behind: QualifiedName, views: Views, *, is_open: bool
) -> Iterator[Finding]:
    if is_open:
        message = f"declared open although it reads {behind}, which is sealed; check it again"
        yield Finding(FindingKind.OPEN_VIEW, view.name, message)
    elif view.kind is RelationKind.MATERIALIZED_VIEW:
        message = f"holds rows of {behind}, which is sealed, and is refused; query the tables"
        yield Finding(FindingKind.UNDECLARED_VIEW, view.name, message)
    elif (problem := views.problem(view)) is not None:
        message = f"reads {behind}, which is sealed, and is refused: {problem}"
        message += "; or query the tables instead"
        yield Finding(FindingKind.UNDECLARED_VIEW, view.name, message)


def _expressions(rule: RelationRule) -> Iterator[tuple[positions.Path, str]]:
    """The rule's SQL, each with the key it is written at."""
    if rule.visible_when is not None:
        yield ("visible_when",), rule.visible_when
    if rule.mask_unless is not None:
        yield ("mask_unless",), rule.mask_unless
    for column, sql in rule.mask.items():
        yield ("mask", column), sql
    if rule.projected is not None:
        yield ("permitted", "conviction", "when"), rule.projected.when


def _column_exists(
    name: QualifiedName, relation: Relation, column: str, key: positions.Path
) -> Iterator[Finding]:
    if relation.column(column) is None:
        close = _close(column, [each.name for each in relation.columns])
        message = f"it names column {column} of {relation.name} and there is no such column{close}"
        yield Finding(FindingKind.MISSING_COLUMN, name, message, key)


def _close(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


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
