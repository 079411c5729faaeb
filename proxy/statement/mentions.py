"""Everything a statement calls by name besides relations: functions, operators, types, columns."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.statement.facts import Called, Selected
from proxy.statement.tree import Body, Json, body_of, field, items, nodes, strings, text


@dataclass(frozen=True, slots=True)
class Mentions:
    """See `proxy.statement.facts.Facts` for what each set holds."""

    functions: frozenset[Called]
    operators: frozenset[Called]
    types: frozenset[Called]
    column_names: frozenset[str]
    selections: frozenset[Selected]
    settings: frozenset[str]


def mentions(tree: Json) -> Mentions:
    """Collect the names in ``tree``, without a thought for where they stand."""
    functions: set[Called] = set()
    operators: set[Called] = set()
    types: set[Called] = set()
    columns: set[str] = set()
    selections: set[Selected] = set()
    settings: set[str] = set()
    for kind, body in nodes(tree):
        match kind:
            case "FuncCall":
                function = _called(strings(items(body, "funcname")))
                functions.add(function)
                if function.name == "set_config":
                    settings.add(_first_constant(body))
            case "A_Expr":
                operators.add(_called(strings(items(body, "name"))))
            case "SubLink" if items(body, "operName"):
                operators.add(_called(strings(items(body, "operName"))))
            case "SortBy" if items(body, "useOp"):
                operators.add(_called(strings(items(body, "useOp"))))
            case "TypeName":
                types.add(_called(strings(items(body, "names"))))
            case "ColumnRef":
                names = strings(items(body, "fields"))
                columns.update(names[-1:])
                if len(names) > 1:
                    selections.add(Selected(names[-2], names[-1]))
            case "A_Indirection":
                selections.update(_of_expression(body))
            case "RangeTableSample":
                functions.add(_called(strings(items(body, "method"))))
            case "ResTarget" if text(body, "name"):
                # INSERT and UPDATE targets may select into a composite: ``SET address.city = 1``.
                selections.update(_of_expression(body))
            case _:
                pass
    return Mentions(
        frozenset(functions),
        frozenset(operators),
        frozenset(types),
        frozenset(columns | {selected.name for selected in selections}),
        frozenset(selections),
        frozenset(settings),
    )


def _of_expression(body: Body) -> set[Selected]:
    return {Selected(None, name) for name in strings(items(body, "indirection"))}


def _first_constant(call: Body) -> str:
    """The first argument where it is a plain string constant, else the empty string."""
    arguments = items(call, "args")
    constant = body_of(arguments[0], "A_Const") if arguments else None
    value = field(constant, "sval") if constant is not None else None
    return text(value, "sval").lower() if value is not None else ""


def _called(parts: list[str]) -> Called:
    """A dotted name of three parts or more names a database too; its schema is kept apart."""
    if len(parts) == 1:
        return Called(None, parts[0])
    return Called(".".join(parts[:-1]), parts[-1] if parts else "")
