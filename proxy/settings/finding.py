"""What a scan asks the database, from how people write it to what is sent.

The SQL of a finding goes to the database as it is, with a login that may read sealed rows, so it
is held to more than the rules of visibility are: one SELECT of plain columns, of relations that
the policy declares, with vetted functions, and nothing that writes or locks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from proxy.errors import ConfigurationError
from proxy.names import Article, QualifiedName
from proxy.policy.law import FindingRule, Volatility
from proxy.rewrite.predicate import SELF, compile_template, expression_tree
from proxy.settings.expression import relations_of
from proxy.settings.policy import FindingTable
from proxy.settings.predicate import Visible, finished, one_line
from proxy.statement.grammar import NotUnderstood, TextLimits, parse_tree, scan
from proxy.statement.tree import Body, Json, body_of, field, items, nodes, strings, text

DAYS = ("finding", ".", "within_days")
KEYS_MAX = 12
_LIMITS = TextLimits(text_bytes_max=1 << 16, tokens_max=10_000, nesting_max=100)
_HEAD, _TAIL = "EXISTS (", ")"
_CHANGES = frozenset(
    ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "LockingClause", "IntoClause")
)


def finding_rule(
    table: FindingTable,
    declared: Set[QualifiedName] | Mapping[QualifiedName, object],
    visible: Visible,
    vetted_functions: Mapping[str, Volatility],
) -> FindingRule:
    """The rule that ``table`` writes. Raises `ConfigurationError` with what to write instead."""
    try:
        plain = _with_days(one_line(table.query), table.within_days)
        tree = _only_exists(_HEAD + plain + _TAIL)
        _check_select(body_of(tree, "SelectStmt"))
    except NotUnderstood as error:
        raise ConfigurationError(f"not a SELECT: {error.explanation}") from None
    if any(kind in _CHANGES for kind, _ in nodes(tree)):
        raise ConfigurationError("a finding only reads: no INTO, no locks, nothing that writes")
    relations = frozenset(relation for _, relation in relations_of(tree))
    for relation in sorted(relations - set(declared)):
        raise ConfigurationError(f"{relation} is not declared by this policy")
    written = finished(_HEAD + plain + _TAIL, visible, vetted_functions)
    if len(compile_template(written, vetted_functions).pieces) > 1:
        raise ConfigurationError(f"there is no row called {SELF} here; name the relation in FROM")
    query = written.removeprefix(_HEAD).removesuffix(_TAIL)
    read = frozenset(relation for _, relation in relations_of(expression_tree(written)))
    return FindingRule(table.name, Article(table.article), table.severity, table.title, query, read)


def _with_days(plain: str, days: int | None) -> str:
    """The text with the number of days in the place of ``finding.within_days``."""
    tokens = scan(plain, plain.encode(), _LIMITS)
    words = [plain[token.start : token.end] for token in tokens]
    places = [n for n in range(len(words) - 2) if tuple(words[n : n + 3]) == DAYS]
    if bool(places) is not (days is not None):
        raise ConfigurationError("within_days and finding.within_days in the query go together")
    out, position = [], 0
    for number in places:
        out.append(plain[position : tokens[number].start] + str(days))
        position = tokens[number + 2].end
    return "".join(out) + plain[position:]


def _only_exists(sql: str) -> Json:
    """The SELECT in an expression that is nothing but EXISTS (SELECT ...)."""
    link = body_of(expression_tree(sql), "SubLink")
    if link is None or text(link, "subLinkType") != "EXISTS_SUBLINK":
        raise ConfigurationError("write one SELECT")
    inner = sql[len(_HEAD) : -len(_TAIL)]
    if len(parse_tree(inner)) != 1:
        raise ConfigurationError("write one SELECT")
    return link.get("subselect")


def _check_select(select: Body | None) -> None:
    """Raises `ConfigurationError` where a column of the result is not a plain column."""
    for arm in _arms(select):
        targets = [body_of(target, "ResTarget") for target in items(arm, "targetList")]
        if not 0 < len(targets) <= KEYS_MAX:
            raise ConfigurationError(f"select between one and {KEYS_MAX} key columns")
        for target in targets:
            column = body_of(target.get("val"), "ColumnRef") if target is not None else None
            parts = items(column, "fields") if column is not None else []
            if len(parts) != 2 or "*" in strings(parts):
                raise ConfigurationError("select key columns only, each as alias.column")


def _arms(select: Body | None) -> Iterator[Body]:
    if select is None:
        raise ConfigurationError("write one SELECT")
    arms = [field(select, side) for side in ("larg", "rarg")]
    if all(arm is None for arm in arms):
        yield select
        return
    for arm in arms:
        yield from _arms(arm)
