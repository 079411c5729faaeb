"""One walk over a statement's tree: every relation it names, in which clause, and every condition
that chooses rows.

Name scoping follows PostgreSQL: a WITH query is seen by those after it (all of them see each other
only under RECURSIVE), it hides a table only where the name is unqualified, and the target of an
INSERT, UPDATE or DELETE is never a WITH query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy.statement.choices import Condition, Equality, Joined, Subquery
from proxy.statement.facts import Access, Clause, Reference, Written
from proxy.statement.scope import (
    Columns,
    Item,
    Level,
    correlated,
    opaque_item,
    output_columns,
    renamed,
    sources_of,
)
from proxy.statement.tree import (
    Body,
    Json,
    body_of,
    field,
    items,
    location,
    nodes,
    strings,
    text,
    typed,
)
from proxy.statement.visible import Visible, is_temporary


@dataclass(slots=True)
class _Derived:
    columns: Columns | None
    sources: set[int]


_Visible = Mapping[str, _Derived]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the statement the walk is."""

    clause: Clause
    level: Level
    visible: _Visible
    nullable: bool = False
    hidden: bool = False


class Survey:
    """The result of the walk; `walk` fills it once.

    ``choices``: what chooses rows; a condition comes before those of the subqueries in it.
    ``subqueries``: by ``id`` of the SubLink's body. ``joins``: each JOIN with its two sides.
    """

    def __init__(self, visible: Visible) -> None:
        self._visible = visible
        self.references: list[Reference] = []
        self.choices: list[Condition | Equality] = []
        self.subqueries: dict[int, Subquery] = {}
        self.joins: list[Joined] = []
        self._clause_count = 0
        self._derived_count = 0

    def walk(self, kind: str, body: Body) -> None:
        """Walk a root statement."""
        self._statement(kind, body, {}, None)

    # -- statements ---------------------------------------------------------------------------

    def _statement(
        self, kind: str, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        match kind:
            case "SelectStmt":
                return self._select(body, visible, outer)
            case "InsertStmt":
                return self._insert(body, visible, outer)
            case "UpdateStmt":
                return self._change(body, visible, outer, Access.UPDATE, "fromClause")
            case "DeleteStmt":
                return self._change(body, visible, outer, Access.DELETE, "usingClause")
            case "CopyStmt":
                return self._copy(body, visible, outer)
            case "MergeStmt":
                return self._merge(body, visible, outer)
            case "DeclareCursorStmt" | "PrepareStmt" | "ExplainStmt" | "CreateTableAsStmt":
                inner = typed(body.get("query"))
                if inner is not None:
                    return self._statement(inner[0], inner[1], visible, outer)
                return None, set()
            case "ExecuteStmt":
                self._expressions(body, ("params",), Level([], outer), visible)
                return None, set()
            case "CreateStmt" | "IndexStmt" | "TruncateStmt" | "VacuumStmt":
                return self._structure(kind, body, visible, outer)
            case _:
                return None, set()

    def _select(
        self, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        visible = self._with(body, visible, outer)
        left, right = field(body, "larg"), field(body, "rarg")
        if left is not None and right is not None:
            columns, sources = self._select(left, visible, outer)
            sources = sources | self._select(right, visible, outer)[1]
            self._expressions(body, ("sortClause", "limitCount", "limitOffset"), Level([], outer),
                              visible)  # fmt: skip
            return columns and dict.fromkeys(columns), sources
        level = Level([], outer)
        place = _Place(self._clause(body), level, visible)
        for item in items(body, "fromClause"):
            self._from_item(item, place)
        self._condition(body.get("whereClause"), level, visible)
        self._condition(body.get("havingClause"), level, visible)
        self._expressions(body, _SELECT_EXPRESSIONS, level, visible)
        values = items(body, "valuesLists")
        columns = None if values else output_columns(items(body, "targetList"), level)
        sources = {n for item in level.items for n in item.sources}
        return columns, sources | correlated([*items(body, "targetList"), *values], level)

    def _insert(
        self, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        visible = self._with(body, visible, outer)
        clause = self._clause(body)
        target = field(body, "relation")
        level = Level([], outer)
        if target is not None:
            self._relation(target, _Place(clause, level, visible), Access.INSERT)
        source = typed(body.get("selectStmt"))
        if source is not None:
            self._statement(source[0], source[1], visible, outer)
        conflict = field(body, "onConflictClause")
        if conflict is not None:
            excluded = Item("excluded", None, set())
            inner = Level([*level.items, excluded], outer)
            self._condition(conflict.get("whereClause"), inner, visible)
            self._expressions(conflict, ("targetList", "infer"), inner, visible)
        self._expressions(body, ("returningList",), level, visible)
        return None, {n for item in level.items for n in item.sources}

    def _change(
        self, body: Body, visible: _Visible, outer: Level | None, access: Access, others: str
    ) -> tuple[Columns | None, set[int]]:
        visible = self._with(body, visible, outer)
        level = Level([], outer)
        place = _Place(self._clause(body), level, visible)
        target = field(body, "relation")
        if target is not None:
            self._relation(target, place, access)
        for item in items(body, others):
            self._from_item(item, place)
        self._condition(body.get("whereClause"), level, visible)
        self._expressions(body, ("targetList", "returningList"), level, visible)
        return None, {n for item in level.items for n in item.sources}

    def _merge(
        self, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        """Every row of the source is kept, matched or not, and a MERGE has no WHERE."""
        visible = self._with(body, visible, outer)
        level = Level([], outer)
        place = _Place(self._clause(body), level, visible)
        target = field(body, "relation")
        if target is not None:
            self._relation(target, place, Access.MERGE)
        self._from_item(body.get("sourceRelation"), replace(place, nullable=True))
        self._condition(body.get("joinCondition"), level, visible)
        for clause in items(body, "mergeWhenClauses"):
            when = body_of(clause, "MergeWhenClause") or {}
            self._condition(when.get("condition"), level, visible)
            self._expressions(when, ("targetList", "values"), level, visible)
        self._expressions(body, ("returningList",), level, visible)
        return None, {n for item in level.items for n in item.sources}

    def _structure(
        self, kind: str, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        """Relations of which a definition takes the columns, or that it changes."""
        place = _Place(self._clause(body), Level([], outer), visible, hidden=True)
        made = body.get("relation") if kind == "CreateStmt" else None
        for node, inner in nodes({kind: body}):
            if node == "RangeVar" and inner is not made:
                self._relation(inner, place, Access.STRUCTURE)
        return None, set()

    def _copy(
        self, body: Body, visible: _Visible, outer: Level | None
    ) -> tuple[Columns | None, set[int]]:
        target, query = field(body, "relation"), typed(body.get("query"))
        if query is not None:
            return self._statement(query[0], query[1], visible, outer)
        if target is not None:  # it has no WHERE
            place = _Place(self._clause(body), Level([], outer), visible, hidden=True)
            access = Access.INSERT if body.get("is_from") else Access.READ
            self._relation(target, place, access)
        return None, set()

    def _with(self, body: Body, visible: _Visible, outer: Level | None) -> _Visible:
        clause = field(body, "withClause")
        if clause is None:
            return visible
        seen = dict(visible)
        queries = [b for cte in items(clause, "ctes") if (b := body_of(cte, "CommonTableExpr"))]
        recursive = bool(clause.get("recursive"))
        derived = [_Derived(None, set()) for _ in queries]
        if recursive:
            seen.update(zip((text(q, "ctename") for q in queries), derived, strict=True))
        for query, result in zip(queries, derived, strict=True):
            inner = typed(query.get("ctequery"))
            if inner is not None:
                columns, sources = self._statement(inner[0], inner[1], seen, outer)
                result.sources |= sources
                if not recursive:
                    result.columns = renamed(columns, strings(items(query, "aliascolnames")))
            seen[text(query, "ctename")] = result
        return seen

    # -- FROM ---------------------------------------------------------------------------------

    def _from_item(self, item: Json, place: _Place) -> None:
        node = typed(item)
        if node is None:
            return
        kind, body = node
        match kind:
            case "RangeVar":
                self._range_var(body, place)
            case "RangeSubselect":
                self._subselect(body, place)
            case "JoinExpr":
                self._join(body, place)
            case "RangeTableSample":
                beside = _beside(place.level)
                self._expressions(body, ("args", "repeatable"), beside, place.visible)
                inner = body_of(body.get("relation"), "RangeVar")
                if inner is not None:
                    self._relation(inner, place, Access.READ, sampled=True)
            case _:
                self._expressions(body, tuple(body), _beside(place.level), place.visible)
                place.level.items.append(opaque_item(body))

    def _range_var(self, body: Body, place: _Place) -> None:
        name = text(body, "relname")
        if not text(body, "schemaname") and name in place.visible:
            derived = place.visible[name]
            self._derived_count += 1
            alias = field(body, "alias")
            names = strings(items(alias, "colnames")) if alias else []
            refname = text(alias, "aliasname") if alias else name
            columns = renamed(derived.columns, names)
            place.level.items.append(Item(refname, columns, derived.sources))
            return
        self._relation(body, place, Access.READ)

    def _subselect(self, body: Body, place: _Place) -> None:
        alias = field(body, "alias")
        inner = body_of(body.get("subquery"), "SelectStmt")
        if inner is None:
            return
        outer = _beside(place.level) if body.get("lateral") else place.level.outer
        columns, sources = self._select(inner, place.visible, outer)
        names = strings(items(alias, "colnames")) if alias else []
        refname = text(alias, "aliasname") if alias else ""
        place.level.items.append(Item(refname, renamed(columns, names), sources))

    def _join(self, body: Body, place: _Place) -> None:
        kind = text(body, "jointype")
        level, before = place.level, len(place.level.items)
        middle = before
        hidden = place.hidden or field(body, "alias") is not None
        for side, nullable_in in (
            ("larg", ("JOIN_RIGHT", "JOIN_FULL")),
            ("rarg", ("JOIN_LEFT", "JOIN_FULL")),
        ):
            nullable = place.nullable or kind in nullable_in
            inner = _Place(place.clause, level, place.visible, nullable, hidden)
            self._from_item(body.get(side), inner)
            if side == "larg":
                middle = len(level.items)
        using = tuple(strings(items(body, "usingClause")))
        joined = level.items[before:]
        left, right = tuple(level.items[before:middle]), tuple(level.items[middle:])
        self.joins.append(Joined(place.clause, kind, body.get("quals"), using, left, right))
        if using or body.get("isNatural"):
            self.choices.append(Equality(using or None, left, right))
        # ON sees the two sides and nothing beside them, and an alias hides their names only later.
        self._condition(body.get("quals"), Level(joined, level.outer), place.visible)
        alias, merged = field(body, "alias"), field(body, "join_using_alias")
        sources = set(sources_of(joined))
        if alias is not None:
            level.items[before:] = [Item(text(alias, "aliasname"), None, sources)]
        if merged is not None:
            level.items.append(Item(text(merged, "aliasname"), None, sources))

    # -- leaves -------------------------------------------------------------------------------

    def _relation(
        self, body: Body, place: _Place, access: Access, *, sampled: bool = False
    ) -> None:
        schema, name = text(body, "schemaname") or None, text(body, "relname")
        relation = self._visible.resolve(schema, name)
        alias = field(body, "alias")
        names = strings(items(alias, "colnames")) if alias else []
        number = len(self.references)
        reference = Reference(
            number=number,
            written=Written(schema, name),
            relation=relation,
            location=location(body),
            refname=text(alias, "aliasname") if alias else name,
            aliased=alias is not None,
            access=access,
            clause=place.clause,
            node=body,
            filterable=not (place.nullable or place.hidden or names or sampled),
            sampled=sampled,
        )
        self.references.append(reference)
        columns: Columns | None = None
        if relation is not None and not is_temporary(relation):
            columns = renamed({c.name: c for c in relation.columns}, names)
        schema = None if alias is not None or relation is None else relation.name.schema
        place.level.items.append(Item(reference.refname, columns, {number}, schema))

    def _clause(self, body: Body) -> Clause:
        self._clause_count += 1
        return Clause(self._clause_count, body)

    def _condition(self, expression: Json, level: Level, visible: _Visible) -> None:
        if expression is not None:
            self.choices.append(Condition(expression, level))
            self._expression(expression, level, visible)

    def _expressions(
        self, body: Body, names: tuple[str, ...], level: Level, visible: _Visible
    ) -> None:
        for name in names:
            self._expression(body.get(name), level, visible)

    def _expression(self, value: Json, level: Level, visible: _Visible) -> None:
        """Find the subqueries of an expression; everything else in it names no relation."""
        stack = [value]
        while stack:
            current = stack.pop()
            if isinstance(current, list):
                stack.extend(current)
            elif isinstance(current, dict):
                link = body_of(current, "SubLink")
                if link is None:
                    stack.extend(current.values())
                    continue
                inner = body_of(link.get("subselect"), "SelectStmt")
                if inner is not None:
                    self._sublink(link, inner, level, visible)
                stack.append(link.get("testexpr"))

    def _sublink(self, link: Body, inner: Body, level: Level, visible: _Visible) -> None:
        first, derived = len(self.choices), self._derived_count
        columns, sources = self._select(inner, visible, level)
        self.subqueries[id(link)] = Subquery(
            columns,
            frozenset(sources),
            choices=range(first, len(self.choices)),
            derived=self._derived_count > derived,
        )


_SELECT_EXPRESSIONS = (
    "targetList", "distinctClause", "groupClause", "windowClause", "valuesLists", "sortClause",
    "limitCount", "limitOffset",
)  # fmt: skip


def _beside(level: Level) -> Level:
    """What a FROM item that looks sideways sees: those before it, as they are at this point."""
    return Level(list(level.items), level.outer)
