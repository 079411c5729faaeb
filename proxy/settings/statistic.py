"""What may be counted with sealed rows in it, for whom, from how people write it to the law.

What is refused here is what would make one number out of two: a principal that also sees records
apart, two tables over the same records, a column that tells a person, a period that does not end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from proxy.errors import ConfigurationError
from proxy.names import Article, PrincipalName, QualifiedName
from proxy.policy.law import STATISTICIANS, PrincipalKind, RelationRule, Statistic
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.predicate import Visibility
from proxy.rewrite.statistic import seen_rows
from proxy.settings.predicate import one_line
from proxy.settings.section import Section, Text
from proxy.statement.counting import Counting, NoCounting, OwnColumn, counting_of
from proxy.statement.grammar import NotUnderstood, parse_tree
from proxy.statement.tree import Json, body_of

LEAST_MIN: Final = 5
LEAST_DEFAULT: Final = 10


class StatisticTable(Section):
    """Counts over all rows, sealed ones among them, for who sends exactly this statement."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    """What it is called where a decision is explained."""
    article: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The article of law behind it."""
    principals: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Who may ask for it: principals of kind judicial or unit."""
    least: Annotated[int, Field(strict=True, ge=LEAST_MIN, le=1_000_000)] = LEAST_DEFAULT
    """In a cell with fewer sealed rows none of them is counted; a smaller cell is left out."""
    sql: Text
    """One SELECT of columns, years of dates and one count, with WHERE and GROUP BY."""


def check_principals(table: StatisticTable, kinds: Mapping[str, PrincipalKind]) -> None:
    """``kinds`` are of principals, by name. Raises `ConfigurationError`."""
    for name in table.principals:
        if kinds.get(name) not in STATISTICIANS:
            raise ConfigurationError(
                f'"{name}" is no principal of kind judicial or unit: nobody else is given counts of'
                " what is sealed, and a platform never (实施办法第10条)"
            )


def statistic_of(
    table: StatisticTable,
    rules: Mapping[QualifiedName, RelationRule],
) -> Statistic:
    """The statistic that ``table`` writes. Raises `ConfigurationError` with what to write
    instead."""
    try:
        sql = one_line(table.sql)
        tree = _select(sql)
        counting = counting_of(body_of(tree, "SelectStmt") or {})
    except NotUnderstood as error:
        raise ConfigurationError(f"not a SELECT: {error.explanation}") from None
    except NoCounting as error:
        raise ConfigurationError(str(error)) from None
    _check_relations(counting, rules)
    _check_counted(counting, rules)
    names = frozenset(map(PrincipalName, table.principals))
    article = Article(table.article)
    return Statistic(table.name, article, names, table.least, sql, tree, counting)


def overlaps(statistics: tuple[Statistic, ...]) -> Iterator[tuple[int, str]]:
    """The number of each that counts records of an earlier one, with what to do about it."""
    first: dict[QualifiedName, str] = {}
    for number, statistic in enumerate(statistics):
        for _, relation in statistic.counting.relations:
            other = first.setdefault(relation, statistic.name)
            if other != statistic.name:
                message = (
                    f'{relation} is counted in "{other}": of two tables over the same records one'
                    " can be subtracted from the other; write one table with the groups of both"
                )
                yield number, message


def check_aliases(statistic: Statistic, visibilities: Mapping[QualifiedName, Visibility]) -> None:
    """Raises `ConfigurationError` where an alias means something else in a rule."""
    try:
        seen_rows(statistic, visibilities)
    except CannotNarrow as error:
        raise ConfigurationError(str(error)) from None


def _select(sql: str) -> Json:
    statements = parse_tree(sql)
    first = statements[0] if len(statements) == 1 else None
    tree = first.get("stmt") if isinstance(first, dict) else None
    if body_of(tree, "SelectStmt") is None:
        raise ConfigurationError("write one SELECT")
    return tree


def _check_relations(counting: Counting, rules: Mapping[QualifiedName, RelationRule]) -> None:
    named = dict(counting.relations)
    for name in named.values():
        if name not in rules:
            raise ConfigurationError(f"{name} is not sealed by this policy: it needs no statistic")
        if any(rules[each].masked_rows_hidden for each in _followed(name, rules)):
            raise ConfigurationError(
                f"{name} has rows for some and not for others (masked_rows_hidden), who together"
                " would know more than either: it can be in no statistic"
            )
    for column in sorted(counting.choosing & set(_personal(counting, rules))):
        raise ConfigurationError(f"{column.alias}.{column.name} says whose record a row is")
    for column in sorted(counting.columns):
        rule = rules[named[column.alias]]
        if column.name in {*rule.mask, *rule.mask_for_outsiders}:
            raise ConfigurationError(
                f"{column.alias}.{column.name} is masked: what is counted by it, nobody else counts"
            )


def _check_counted(counting: Counting, rules: Mapping[QualifiedName, RelationRule]) -> None:
    """Ten rows may be of one person."""
    subjects = [
        OwnColumn(alias, subject)
        for alias, name in counting.relations
        if (subject := rules[name].subject) is not None
    ]
    if subjects and counting.counted not in subjects:
        found = subjects[0]
        raise ConfigurationError(f"count people: count(DISTINCT {found.alias}.{found.name})")
    for _, name in counting.relations:
        parent = _somebodys(name, rules)
        if not subjects and parent is not None:
            raise ConfigurationError(
                f"rows of {name} are somebody's: join {parent} and count its people"
            )


def _personal(
    counting: Counting, rules: Mapping[QualifiedName, RelationRule]
) -> Iterator[OwnColumn]:
    for alias, name in counting.relations:
        rule = rules[name]
        for column in (*rule.identifies, *((rule.subject,) if rule.subject else ())):
            yield OwnColumn(alias, column)


def _somebodys(
    name: QualifiedName, rules: Mapping[QualifiedName, RelationRule]
) -> QualifiedName | None:
    """The relation with a subject that it is or follows."""
    return next((each for each in _followed(name, rules) if rules[each].subject is not None), None)


def _followed(
    name: QualifiedName, rules: Mapping[QualifiedName, RelationRule]
) -> Iterator[QualifiedName]:
    """It and all that it follows, by however many steps."""
    waiting = [name]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [each.relation for each in rules[current].follows if each.relation in rules]
