"""The site's own functions: what each is, what its text names, and a digest of both.

A policy approves a function by its digest. The digest covers what changes the meaning of a call:
the body, the language, defaults, settings, SECURITY DEFINER and its owner; and the same of every
function and view that the body could be read to name, and of what those name in turn. Words are
looked for, not parsed: what is no name at all may be taken for one, so a digest may change without
need; and a name that is put together at run time, or calls another database or program, is not
seen. `Definition.is_opaque` says where that can be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from proxy.names import QualifiedName
from proxy.statement.catalogue import UserFunction
from proxy.upstream.extensions import own_function

FUNCTIONS = f"""
SELECT n.nspname::text, p.proname::text,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
         || pg_catalog.array_to_string(ARRAY(
              SELECT pg_catalog.format_type(a.type, NULL)
              FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, place)
              ORDER BY a.place), ', ') || ')',
       p.prokind::text, l.lanname::text, p.provolatile::text, p.prosecdef, p.proleakproof,
       r.rolname::text,
       COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc),
       ARRAY[p.probin, pg_catalog.pg_get_function_arguments(p.oid),
             pg_catalog.format_type(p.prorettype, NULL), p.proretset::text, p.proisstrict::text,
             p.proparallel::text, p.prosupport::pg_catalog.regproc::text, p.proconfig::text]
         || CASE WHEN a.aggfnoid IS NULL THEN ARRAY[]::text[] ELSE
            ARRAY[a.aggkind::text, a.aggtransfn::text, a.aggfinalfn::text, a.aggcombinefn::text,
                  a.aggserialfn::text, a.aggdeserialfn::text, a.aggmtransfn::text,
                  a.aggminvtransfn::text, a.aggmfinalfn::text,
                  a.aggsortop::pg_catalog.regoperator::text,
                  pg_catalog.format_type(a.aggtranstype, NULL), a.agginitval, a.aggminitval] END
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
WHERE n.nspname !~ '^pg_(toast_)?temp' AND {own_function("p.oid")} ORDER BY 1, 2, 3"""
"""One row for each, without those of sessions. The search_path has to be empty."""

_WORD = re.compile(r"\w+")
_OPAQUE = re.compile(r"\bexecute\b|\bu&\"|\brefcursor\b|_to_xml|\bdblink|\bquery_", re.IGNORECASE)
_READABLE = frozenset(("sql", "plpgsql"))
_COMPILED = frozenset(("c", "internal"))


@dataclass(frozen=True, slots=True)
class Definition:
    """A row of `FUNCTIONS`. ``kind``, ``volatility``: ``pg_proc.prokind`` and ``provolatile``.

    ``body`` is its text, or the symbol in a library; ``more`` is what else changes its meaning.
    """

    name: QualifiedName
    signature: str
    kind: str
    language: str
    volatility: str
    security_definer: bool
    leakproof: bool
    owner: str
    body: str
    more: tuple[str, ...]

    @property
    def is_opaque(self) -> bool:
        """Whether it may reach what its text does not name: it is compiled, in a language whose
        text says little, or runs SQL that it puts together."""
        return self.language not in _READABLE or bool(_OPAQUE.search(self.body))

    @property
    def text(self) -> str:
        """Everything in which a name can stand, folded to lower case."""
        body = "" if self.language in _COMPILED else self.body
        return "\n".join((body, *self.more)).lower()


def definitions(rows: Iterable[Sequence[object]]) -> list[Definition]:
    """The rows of `FUNCTIONS` as values."""
    return [
        Definition(
            name=QualifiedName(str(row[0]), str(row[1])),
            signature=str(row[2]),
            kind=str(row[3]),
            language=str(row[4]),
            volatility=str(row[5]),
            security_definer=bool(row[6]),
            leakproof=bool(row[7]),
            owner=str(row[8]),
            body=str(row[9] or ""),
            more=tuple("" if part is None else str(part) for part in _list(row[10])),
        )
        for row in rows
    ]


def user_functions(
    found: Iterable[Definition], views: Mapping[QualifiedName, str]
) -> frozenset[UserFunction]:
    """Each with its digest. ``views``: the definitions of the database's views."""
    reach = Reach(found, views)
    return frozenset(
        UserFunction(each.name, each.signature, reach.digest(each)) for each in reach.functions
    )


class Reach:
    """What each function could be read to name, among functions, views and other relations."""

    def __init__(
        self,
        found: Iterable[Definition],
        views: Mapping[QualifiedName, str],
        relations: Iterable[QualifiedName] = (),
    ) -> None:
        self.functions = tuple(found)
        self._views = views
        self._nodes: dict[str, list[Definition | QualifiedName]] = {}
        nodes: list[Definition | QualifiedName] = [
            *self.functions,
            *dict.fromkeys((*views, *relations)),
        ]
        for node in nodes:
            name = (node.name.name if isinstance(node, Definition) else node.name).lower()
            self._nodes.setdefault(name, []).append(node)
        self._odd = [name for name in self._nodes if not _WORD.fullmatch(name)]

    def named_by(self, function: Definition) -> list[Definition | QualifiedName]:
        """Everything it reaches by names, itself left out, in the order it was found."""
        found: dict[Definition | QualifiedName, None] = {function: None}
        waiting = [function.text]
        while waiting:
            for node in self._in(waiting.pop()):
                if node not in found:
                    found[node] = None
                    if isinstance(node, Definition):
                        waiting.append(node.text)
                    else:
                        waiting.append(self._views.get(node, "").lower())
        return [node for node in found if node is not function]

    def digest(self, function: Definition) -> str:
        """``sha256:`` and the hex digest of the function and of the functions and views that it
        names. What other relations are is for the policy to say."""
        reached = [
            _material(node, self._views)
            for node in self.named_by(function)
            if isinstance(node, Definition) or node in self._views
        ]
        content = [_material(function, self._views), sorted(reached)]
        encoded = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
        return f"sha256:{hashlib.sha256(encoded).hexdigest()}"

    def words(self, function: Definition) -> set[str]:
        """The words of its own text, folded to lower case."""
        return {*_WORD.findall(function.text)}

    def _in(self, text: str) -> list[Definition | QualifiedName]:
        names = [*dict.fromkeys(_WORD.findall(text)), *(odd for odd in self._odd if odd in text)]
        return [node for name in names for node in self._nodes.get(name, ())]


def _material(
    node: Definition | QualifiedName, views: Mapping[QualifiedName, str]
) -> list[str | list[str]]:
    if isinstance(node, QualifiedName):
        return ["relation", str(node), views.get(node, "")]
    flags = f"{node.kind}{node.volatility}{node.security_definer:d}{node.leakproof:d}"
    owner = node.owner if node.security_definer else ""
    return ["function", node.signature, node.language, flags, owner, node.body, [*node.more]]


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("the catalogue query gave no array where one was asked for")
    return value
