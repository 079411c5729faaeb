"""Which ``x.name`` may be a call of the function ``name``: PostgreSQL takes it for one where x has
no such column, and for x of any type (documentation, 8.16.3 and ``ParseFuncOrColumn``)."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.statement.catalogue import Relation
from proxy.statement.facts import Reference, Selected
from proxy.statement.tree import Json, items, nodes, strings, text


def may_call(
    tree: Json, selections: Iterable[Selected], references: Iterable[Reference]
) -> frozenset[Selected]:
    """The selections that are not columns for sure.

    Sure are those whose owner's name stands for nothing in the statement but relations that have
    the column, so that it does not matter where in the statement they are.
    """
    owners = _owners(tree, tuple(references))
    return frozenset(
        selected
        for selected in selections
        if selected.name != "*"
        and not _all_have(owners.get(selected.owner or "", ()), selected.name)
    )


def _all_have(owners: Iterable[Relation | None], name: str) -> bool:
    found = tuple(owners)
    return bool(found) and all(owner is not None and owner.column(name) for owner in found)


def _owners(
    tree: Json, references: tuple[Reference, ...]
) -> dict[str, tuple[Relation | None, ...]]:
    """What each name that can stand before a dot stands for, None for what is no relation."""
    named: dict[str, tuple[Relation | None, ...]] = {}

    def add(name: str, relation: Relation | None) -> None:
        named[name] = (*named.get(name, ()), relation)

    aliases = set()
    for reference in references:
        alias = reference.node.get("alias")
        aliases.add(id(alias))
        renamed = isinstance(alias, dict) and items(alias, "colnames")
        add(reference.refname, None if renamed else reference.relation)
    for kind, body in nodes(tree):
        if kind == "Alias" and id(body) not in aliases:
            add(text(body, "aliasname"), None)
        elif kind == "CommonTableExpr":
            add(text(body, "ctename"), None)
        elif kind == "FuncCall":
            # A function in FROM goes by its own name.
            add("".join(strings(items(body, "funcname"))[-1:]), None)
    return named
