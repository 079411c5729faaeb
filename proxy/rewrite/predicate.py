"""The policy's SQL as templates: what may be seen of a row, with a slot for the row's name.

A template is validated once, when the policy is loaded, so that it means the same wherever it is
put: every column is qualified, every relation named with its schema, nothing volatile is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from proxy.errors import ConfigurationError
from proxy.names import QualifiedName, quote_identifier
from proxy.policy.law import Follows, Law, RelationRule, Volatility
from proxy.statement.catalogue import Catalogue
from proxy.statement.grammar import NotUnderstood, parse_tree
from proxy.statement.kinds import unknown_syntax
from proxy.statement.tree import (
    Json,
    Node,
    body_of,
    field,
    items,
    location,
    nodes,
    strings,
    text,
    typed,
)

SELF = "self"
ROW = "fc_row"
"""What a row is called inside a subquery of ours. Names starting with ``fc_`` are the proxy's."""

_PREFIX = "SELECT "
_DEPTH_MAX = 8
_TEMPLATES_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Template:
    """SQL in pieces; the row's name goes between each two.

    ``bound`` are the names it defines, ``called`` the functions, operators and types it uses: a
    user's object of the same name could be taken for the built-in.
    """

    pieces: tuple[str, ...]
    bound: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()

    def render(self, row: str) -> str:
        """The SQL for a row called ``row`` (an unquoted, already folded name)."""
        return quote_identifier(row).join(self.pieces)


def compile_template(sql: str, law_functions: Mapping[str, Volatility]) -> Template:
    """Validate one expression of the policy.

    Raises `ConfigurationError` with a sentence that says what to write instead.
    """
    template, functions = _template(sql)
    for name in functions:
        if law_functions.get(name) is not Volatility.STABLE:
            raise ConfigurationError(f"{name}() is not a vetted, stable function")
    return template


@lru_cache(maxsize=_TEMPLATES_MAX)
def _template(sql: str) -> tuple[Template, tuple[str, ...]]:
    """The template, and the functions that it calls. The rules of a policy are compiled for each
    principal's view of them, and most of them are the same."""
    encoded = sql.encode("utf-8")
    try:
        tree = parse_tree(_PREFIX + sql)
    except NotUnderstood as error:
        raise ConfigurationError(f"not an SQL expression: {error.explanation}") from None
    expression = _single_expression(tree)
    found = list(nodes(expression))
    _check(expression, found)
    cuts = sorted(
        location(body) - len(_PREFIX)
        for kind, body in found
        if kind == "ColumnRef" and strings(items(body, "fields"))[0] == SELF
    )
    pieces, position = [], 0
    for cut in cuts:
        end = cut + len(SELF)
        if encoded[cut:end] != SELF.encode():
            raise ConfigurationError("write the row as self, in lower case and without quotes")
        pieces.append(encoded[position:cut].decode())
        position = end
    pieces.append(encoded[position:].decode())
    calls = [strings(items(body, "funcname"))[-1] for kind, body in found if kind == "FuncCall"]
    template = Template(tuple(pieces), frozenset(_bound(found)), frozenset(_called(found)))
    return template, tuple(dict.fromkeys(calls))


def _single_expression(tree: list[Json]) -> Json:
    statement = tree[0] if len(tree) == 1 else None
    select = body_of(statement.get("stmt"), "SelectStmt") if isinstance(statement, dict) else None
    targets = items(select, "targetList") if select is not None else []
    target = body_of(targets[0], "ResTarget") if len(targets) == 1 else None
    if select is None or target is None or text(target, "name") or field(select, "larg"):
        raise ConfigurationError("write one SQL expression")
    if set(select) - {"targetList", "limitOption", "op"}:
        raise ConfigurationError("write one SQL expression, without clauses after it")
    return target.get("val")


def _check(expression: Json, found: Sequence[Node]) -> None:
    unknown = next(unknown_syntax(expression), None)
    if unknown is not None:
        raise ConfigurationError(f"{unknown} is not allowed in a policy expression")
    for kind, body in found:
        match kind:
            case "ColumnRef" if len(strings(items(body, "fields"))) < 2:
                raise ConfigurationError("qualify every column: self.column or alias.column")
            case "RangeVar" if not text(body, "schemaname"):
                raise ConfigurationError("name every relation with its schema")
            case "ParamRef":
                raise ConfigurationError("a policy expression has no parameters")
            case _:
                pass
    if _bound(found) & {SELF, ROW}:
        raise ConfigurationError(f"{SELF} and {ROW} are taken; choose other aliases")


def _bound(found: Sequence[Node]) -> set[str]:
    out = set()
    for kind, body in found:
        if kind == "Alias":
            out.add(text(body, "aliasname"))
        elif kind == "RangeVar" and field(body, "alias") is None:
            out.add(text(body, "relname"))
        elif kind == "CommonTableExpr":
            out.add(text(body, "ctename"))
    return out


@dataclass(frozen=True, slots=True)
class Visibility:
    """One relation's rule, compiled. ``shown`` None: every row is shown (it has only masks).
    ``projection``: the rows that `proxy.policy.law.Projected` is about."""

    rule: RelationRule
    shown: Template | None
    unmasked: Template | None
    masks: Mapping[str, Template]
    projection: Template | None = None

    @property
    def called(self) -> frozenset[str]:
        """What its SQL calls, that of the rules it follows included."""
        templates = (self.shown, self.unmasked, self.projection, *self.masks.values())
        return frozenset(name for template in templates if template for name in template.called)


def compile_law(law: Law) -> Mapping[QualifiedName, Visibility]:
    """Compile every rule. Raises `ConfigurationError` naming the relation."""
    own: dict[QualifiedName, Template | None] = {}
    for name, rule in law.relations.items():
        own[name] = _compiled(name, rule.visible_when, law)
    out = {}
    for name, rule in law.relations.items():
        projection = None if rule.projected is None else rule.projected.when
        masks = {column: _compiled(name, sql, law) for column, sql in rule.mask.items()}
        out[name] = Visibility(
            rule=rule,
            shown=_shown(name, law, own, ()),
            unmasked=_compiled(name, rule.mask_unless, law),
            masks={column: mask for column, mask in masks.items() if mask is not None},
            projection=_compiled(name, projection, law),
        )
    return out


def _compiled(name: QualifiedName, sql: str | None, law: Law) -> Template | None:
    if sql is None:
        return None
    try:
        return compile_template(sql, law.vetted_functions)
    except ConfigurationError as error:
        raise ConfigurationError(f'relation "{name}": {error}') from None


def _shown(
    name: QualifiedName,
    law: Law,
    own: Mapping[QualifiedName, Template | None],
    path: tuple[QualifiedName, ...],
) -> Template | None:
    """The whole condition for a row of ``name``, its parents' included."""
    if name in path or len(path) > _DEPTH_MAX or name not in law.relations:
        raise ConfigurationError(f'relation "{name}": "follows" must lead to declared relations')
    parts = []
    first = own[name]
    if first is not None:
        parts.append(first)
    for follows in law.relations[name].follows:
        parent = _shown(follows.relation, law, own, (*path, name))
        parts.append(_exists(follows, parent, f"fc_up{len(path) + 1}"))
    return _all_of(parts)


def _exists(follows: Follows, parent: Template | None, alias: str) -> Template:
    """EXISTS over the parent row. OFFSET 0 costs nothing to run, and without it the planner plans
    the parent's whole condition twice: once for a look-up, once for a hash of all parents."""
    pairs = [
        (f"{alias}.{quote_identifier(theirs)} = ", f".{quote_identifier(ours)}")
        for ours, theirs in follows.on.items()
    ]
    relation = follows.relation
    source = f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"
    head, pieces = f"EXISTS (SELECT 1 FROM {source} AS {alias} WHERE ", []
    for before, after in pairs:
        pieces.append(head + before)
        head = after + " AND "
    visible = f"({parent.render(alias)})" if parent is not None else "true"
    pieces.append(f"{head}{visible} OFFSET 0)")
    bound = frozenset((alias,)) | (parent.bound if parent is not None else frozenset())
    called = (parent.called if parent is not None else frozenset()) | {"="}
    inner = Template(tuple(pieces), bound, called)
    if not follows.nullable:
        return inner
    nulls = _between([("", f".{quote_identifier(ours)} IS NULL") for ours in follows.on], " OR ")
    return Template(_joined(nulls.pieces, inner.pieces, "(", " OR ", ")"), bound, called)


def _between(pairs: list[tuple[str, str]], glue: str) -> Template:
    pieces, head = [], ""
    for before, after in pairs:
        pieces.append(head + before)
        head = after + glue
    pieces.append(head.removesuffix(glue))
    return Template(tuple(pieces))


def _joined(
    left: tuple[str, ...], right: tuple[str, ...], head: str, glue: str, tail: str
) -> tuple[str, ...]:
    """Two templates' pieces with text before, between and after."""
    middle = left[-1] + glue + right[0]
    pieces = [*left[:-1], middle, *right[1:]]
    pieces[0] = head + pieces[0]
    pieces[-1] = pieces[-1] + tail
    return tuple(pieces)


def _all_of(parts: list[Template]) -> Template | None:
    if not parts:
        return None
    pieces = _joined(("",), parts[0].pieces, "(", "", ")")
    for part in parts[1:]:
        pieces = _joined(pieces, part.pieces, "", " AND (", ")")
    bound = frozenset(name for part in parts for name in part.bound)
    return Template(pieces, bound, frozenset(name for part in parts for name in part.called))


def captured(
    visibilities: Mapping[QualifiedName, Visibility], catalogue: Catalogue
) -> frozenset[QualifiedName]:
    """The relations whose rule calls something by the name of one of the site's own objects."""
    functions = (function.name for function in catalogue.user_functions)
    own = (*functions, *catalogue.user_operators, *catalogue.user_types)
    names = {name.name for name in own}
    return frozenset(
        relation for relation, visibility in visibilities.items() if visibility.called & names
    )


def any_of(left: Template, right: Template) -> Template:
    """NULL of one says nothing against the other."""
    pieces = _joined(left.pieces, right.pieces, "((", ") IS TRUE OR (", ") IS TRUE)")
    return Template(pieces, left.bound | right.bound, left.called | right.called)


def _called(found: Sequence[Node]) -> set[str]:
    out = set()
    for kind, body in found:
        names = {"FuncCall": "funcname", "A_Expr": "name"}.get(kind)
        if names is not None:
            out.update(strings(items(body, names))[-1:])
        elif kind == "TypeName":
            out.update(strings(items(body, "names"))[-1:])
    return out


def expression_tree(sql: str) -> Json:
    """The tree of one expression, for comparing."""
    return _single_expression(parse_tree(_PREFIX + sql))


def conjuncts_tree(sql: str) -> list[Json]:
    """The trees of conditions each of which ends in AND; none of the empty text."""
    conjunction = body_of(expression_tree(f"{sql}true"), "BoolExpr")
    return items(conjunction, "args")[:-1] if conjunction is not None else []


def from_item_tree(sql: str) -> Json:
    """The tree of one FROM item, for comparing."""
    statement = parse_tree("SELECT FROM " + sql)[0]
    root = typed(statement.get("stmt")) if isinstance(statement, dict) else None
    return items(root[1], "fromClause")[0] if root is not None else None
