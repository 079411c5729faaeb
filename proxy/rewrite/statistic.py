"""A declared statistic as it is sent: over all rows, and with none of few sealed ones in it.

What everybody may see, everybody can count, and subtract. So it is the sealed rows of a cell that
have to be many: where they are fewer than ``least``, none of them is counted, as if there were
none. The size of a cell is that of the rows its reader may see and of the sealed ones, where they
count; it is rounded to a multiple of `ROUNDED_TO`, and a cell smaller than ``least`` is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.names import QualifiedName, Span, quote_identifier
from proxy.policy.law import Statistic
from proxy.rewrite.edit import Edit, apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.predicate import Visibility, captured, expression_tree
from proxy.rewrite.verify import roots
from proxy.statement.analyse import Analysis
from proxy.statement.catalogue import Catalogue
from proxy.statement.counting import Group, OwnColumn
from proxy.statement.grammar import NotUnderstood, TextLimits, Token, parse_tree, scan
from proxy.statement.tree import Body, Json, body_of, field, items, same_but_for_locations

ROUNDED_TO: Final = 5
_CALLED: Final = frozenset(("count", "extract", "+", "-", "*", "/", ">="))
"""What is added to a statement calls no more than this, all of it the server's own."""
_LIMITS: Final = TextLimits(text_bytes_max=1 << 16, tokens_max=10_000, nesting_max=100)


def counted(
    analysis: Analysis,
    statistic: Statistic,
    visibilities: Mapping[QualifiedName, Visibility],
    catalogue: Catalogue,
) -> tuple[Edit, ...]:
    """The edit that makes of the text, a statement that is ``statistic``, what is sent. Checked
    against the grammar. Raises `CannotNarrow`."""
    own = (*(f.name for f in catalogue.user_functions), *catalogue.user_operators)
    read = {name: visibilities[name] for _, name in statistic.counting.relations}
    if captured(read, catalogue) or _CALLED & {name.name for name in own}:
        raise CannotNarrow("a function or operator of this database hides a built-in one")
    seen = seen_rows(statistic, visibilities)
    rows = _rows(statistic, seen)
    place = Span(analysis.tokens[0].start, _end(analysis.tokens))
    edits = (Edit(place, _cells(statistic, rows)),)
    _verify(analysis, edits, statistic, seen)
    return edits


def seen_rows(statistic: Statistic, visibilities: Mapping[QualifiedName, Visibility]) -> str:
    """The condition under which a row of the statement may be seen. Raises `CannotNarrow`."""
    parts = []
    for alias, name in statistic.counting.relations:
        shown = visibilities[name].shown
        if shown is not None and (alias in shown.bound or alias.startswith("fc_")):
            raise CannotNarrow(f"the alias {alias} is used inside the rule of {name}; take another")
        parts.append(f"({'true' if shown is None else shown.render(alias)}) IS TRUE")
    return " AND ".join(parts)


def _end(tokens: tuple[Token, ...]) -> int:
    return next(token.end for token in reversed(tokens) if token.word != ";")


def _cells(statistic: Statistic, rows: str) -> str:
    """What becomes of ``rows``, a SELECT of the columns of `_rows`."""
    counting, least = statistic.counting, statistic.least
    keys = [f"fc_{n}" for n, group in enumerate(counting.groups) if group is not None]
    what = "*" if counting.counted is None else "DISTINCT fc_rows.fc_counted"
    every = f"pg_catalog.count({what})"
    seen = f"{every} FILTER (WHERE fc_rows.fc_seen)"
    grouped = ", ".join(f"fc_rows.{key}" for key in keys)
    cells = (
        f"SELECT {grouped}, {seen} + CASE WHEN {every} - {seen} >= {least}"
        f" THEN {every} - {seen} ELSE 0 END AS fc_size FROM ({rows}) AS fc_rows GROUP BY {grouped}"
    )
    half = ROUNDED_TO // 2
    size = f"(fc_cells.fc_size + {half}) / {ROUNDED_TO} * {ROUNDED_TO}"
    shown = ", ".join(
        f"{size if group is None else f'fc_cells.fc_{n}'} AS"
        f" {quote_identifier(counting.title if group is None else group.title)}"
        for n, group in enumerate(counting.groups)
    )
    ordered = ", ".join(f"fc_cells.{key}" for key in keys)
    return (
        f"SELECT {shown} FROM ({cells}) AS fc_cells WHERE fc_cells.fc_size >= {least}"
        f" ORDER BY {ordered}"
    )


def _rows(statistic: Statistic, seen: str) -> str:
    """Every row of the statement: what it is grouped by, what is counted, and whether it is seen.
    FROM and WHERE are those of the policy, byte for byte."""
    counting = statistic.counting
    columns = [
        f"{_key(group)} AS fc_{n}" for n, group in enumerate(counting.groups) if group is not None
    ]
    if counting.counted is not None:
        columns.append(f"{_column(counting.counted)} AS fc_counted")
    columns.append(f"{seen} AS fc_seen")
    return f"SELECT {', '.join(columns)} {_sources(statistic.sql)}"


def _key(group: Group) -> str:
    column = _column(group.column)
    return column if group.period is None else f"EXTRACT({group.period} FROM {column})"


def _column(column: OwnColumn) -> str:
    return f"{quote_identifier(column.alias)}.{quote_identifier(column.name)}"


def _sources(sql: str) -> str:
    """From FROM to before GROUP BY."""
    encoded, depth = sql.encode(), 0
    found: dict[str, int] = {}
    for token in scan(sql, encoded, _LIMITS):
        depth += (token.word == "(") - (token.word == ")")
        if depth == 0 and token.word in ("FROM", "GROUP"):
            found.setdefault(token.word, token.start)
    return encoded[found["FROM"] : found["GROUP"]].decode().strip()


# -- the other road -----------------------------------------------------------------------------


def _verify(analysis: Analysis, edits: tuple[Edit, ...], statistic: Statistic, seen: str) -> None:
    """What is sent has to be the frame around a SELECT whose FROM, WHERE and groups are the nodes
    of the client's own statement. Raises `CannotNarrow`."""
    original = analysis.statements[0].body
    try:
        sent = roots(parse_tree(apply_edits(analysis.encoded, edits).decode("utf-8")))
        frame = roots(parse_tree(_cells(statistic, "SELECT")))
        wanted = _filled(frame[0], _inner(original, statistic, expression_tree(seen)))
    except NotUnderstood:
        sent, wanted = [], None
    if len(sent) != 1 or not same_but_for_locations(wanted, sent[0]):
        raise CannotNarrow("the statement is written in a way that cannot be filtered")


def _inner(original: Body, statistic: Statistic, seen: Json) -> Body:
    counting = statistic.counting
    values = [(body_of(t, "ResTarget") or {}).get("val") for t in items(original, "targetList")]
    targets: list[Json] = []
    counted: Json = None
    for n, (group, value) in enumerate(zip(counting.groups, values, strict=True)):
        if group is None:
            counted = next(iter(items(body_of(value, "FuncCall") or {}, "args")), None)
        else:
            targets.append({"ResTarget": {"name": f"fc_{n}", "val": value}})
    if counting.counted is not None:
        targets.append({"ResTarget": {"name": "fc_counted", "val": counted}})
    targets.append({"ResTarget": {"name": "fc_seen", "val": seen}})
    kept = {key: original[key] for key in ("fromClause", "whereClause", "limitOption", "op")}
    return {**kept, "targetList": targets}


def _filled(frame: Json, inner: Body) -> Json:
    """The frame with ``inner`` in the place of the SELECT two subqueries deep."""
    select = body_of(frame, "SelectStmt") or {}
    for _ in range(2):
        source = body_of(items(select, "fromClause")[0], "RangeSubselect") or {}
        select = field(source, "subquery") or {}
        select = body_of(select, "SelectStmt") or {}
    select.clear()
    select.update(inner)
    return frame
