"""The SQL of a policy, from how people write it to what the rewriting is given.

People write comments, line breaks, Chinese literals and ``visible(cp)``: whether the row called
``cp``, of another relation of the policy, may be seen. The rewriting is given one line of ASCII,
so that the text can be sent in any client encoding, with ``visible`` written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from proxy.errors import ConfigurationError
from proxy.names import QualifiedName
from proxy.policy.law import Scope, Volatility
from proxy.policy.permit import mark
from proxy.rewrite.predicate import SELF, Template, compile_template, expression_tree
from proxy.settings.expression import relations_of
from proxy.statement.grammar import NotUnderstood, TextLimits, Token, scan
from proxy.statement.tree import Body, Json, body_of, field, items, nodes, strings, text

VISIBLE = "visible"
HANDLER = "handler"
"""Whoever asks, in ``handled_when``: ``handler.unit`` is the code of the unit they belong to."""
PERMIT = "permit"
"""In what a permit shows: ``permit.subjects`` are the identity numbers it is for."""
_LIMITS = TextLimits(text_bytes_max=1 << 16, tokens_max=10_000, nesting_max=100)

Visible = Callable[[QualifiedName], Template]
"""The whole condition under which a row of that relation may be seen."""


def finished(sql: str, visible: Visible, vetted_functions: Mapping[str, Volatility]) -> str:
    """``sql`` as the law holds it. Raises `ConfigurationError` with what to write instead."""
    try:
        plain = one_line(sql)
        tree = expression_tree(plain)
        _check_calls(tree)
        expanded = _expand(plain, tree, visible)
    except NotUnderstood as error:
        raise ConfigurationError(f"not an SQL expression: {error.explanation}") from None
    compile_template(expanded, vetted_functions)
    _check_names(expression_tree(plain))
    return expanded


def asked_about(sql: str) -> set[QualifiedName]:
    """The relations whose rows ``sql`` asks about with ``visible``; none where it is wrong."""
    try:
        tree = expression_tree(one_line(sql))
    except (ConfigurationError, NotUnderstood):
        return set()
    relations = _aliases(tree)
    return {
        relation
        for kind, body in nodes(tree)
        if kind == "FuncCall" and _is_visible(body)
        for argument in items(body, "args")
        for alias in strings(items(body_of(argument, "ColumnRef") or {}, "fields"))
        for relation in relations.get(alias, ())
    }


def of_unit(sql: str, unit: str) -> str:
    """``sql`` with the unit's code in the place of ``handler.unit``. Raises `ConfigurationError`.

    It has to be there: what does not ask for the unit would be open to the handlers of all.
    """
    return _replaced(
        sql,
        [HANDLER, ".", "unit"],
        f"'{unit}'",
        "say whose cases: compare a column with handler.unit; handler is nothing else here",
    )


def of_subjects(sql: str, scope: Scope) -> str:
    """``sql`` with the mark of ``scope`` in the place of ``permit.subjects``, which has to be there
    and to stand in ``IN (permit.subjects)`` alone. Raises `ConfigurationError`."""
    problem = (
        "say whose records: compare an identity number as in IN (permit.subjects); permit is"
        " nothing else here"
    )
    written = _replaced(sql, [PERMIT, ".", "subjects"], mark(scope), problem)
    try:
        tree = expression_tree(written)
    except NotUnderstood as error:
        raise ConfigurationError(f"not an SQL expression: {error.explanation}") from None
    compared = sum(kind == "A_Expr" and _is_in_mark(body, scope) for kind, body in nodes(tree))
    if compared != written.count(mark(scope)):
        raise ConfigurationError(problem)
    return written


def _is_in_mark(comparison: Body, scope: Scope) -> bool:
    """Whether it is ``... IN (mark)``, and not NOT IN, which would be true of everybody else."""
    is_in = text(comparison, "kind") == "AEXPR_IN"
    listed = items(body_of(comparison.get("rexpr"), "List") or {}, "items")
    constants = [body_of(each, "A_Const") or {} for each in listed]
    said = [text(field(each, "sval") or {}, "sval") for each in constants]
    named = strings(items(comparison, "name")) == ["="]
    return is_in and named and [f"'{each}'" for each in said] == [mark(scope)]


def _replaced(sql: str, written: list[str], by: str, problem: str) -> str:
    """``sql`` on one line with ``by`` in the place of the words ``written``, which have to be
    there; the first of them stands nowhere else. Raises `ConfigurationError`."""
    try:
        plain = one_line(sql)
        tokens = scan(plain, plain.encode(), _LIMITS)
    except NotUnderstood as error:
        raise ConfigurationError(f"not an SQL expression: {error.explanation}") from None
    words = [plain[token.start : token.end] for token in tokens]
    out, position = [], 0
    for number in range(len(words) - 2):
        if words[number : number + 3] == written:
            out.append(plain[position : tokens[number].start] + by)
            position = tokens[number + 2].end
    if words.count(written[0]) != len(out) or not out:
        raise ConfigurationError(problem)
    return "".join(out) + plain[position:]


def one_line(sql: str) -> str:
    """The same tokens on one line, without comments, in ASCII.

    Raises `NotUnderstood`, and `ConfigurationError` where a constant cannot be put in ASCII.
    """
    encoded = sql.encode()
    tokens = scan(sql, encoded, _LIMITS)
    out = [_ascii(encoded[token.start : token.end].decode()) for token in tokens[:1]]
    for before, token in pairwise(tokens):
        if token.start > before.end:
            out.append(" ")
        out.append(_ascii(encoded[token.start : token.end].decode()))
    return "".join(out)


def _ascii(token: str) -> str:
    """A constant or a name with Unicode escapes (PostgreSQL documentation, 4.1.2.3)."""
    if token.isascii():
        return token
    if token[0] in "'\"":
        return f"U&{''.join(map(_escaped, token))}"
    if token[0].isascii() and not token[0].isalpha() and token[0] != "_":
        raise ConfigurationError("write text that is not ASCII as a plain '...' constant")
    if "'" in token:
        raise ConfigurationError("write text that is not ASCII as a plain '...' constant")
    return f'U&"{"".join(map(_escaped, _folded(token)))}"'


def _escaped(character: str) -> str:
    if character == "\\":
        return r"\\"
    code = ord(character)
    if code < 0x80:
        return character
    return f"\\{code:04X}" if code <= 0xFFFF else f"\\+{code:06X}"


def _folded(name: str) -> str:
    """As the server folds a name in a multi-byte encoding: ASCII letters only."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _expand(sql: str, tree: Json, visible: Visible) -> str:
    relations = _aliases(tree)
    encoded = sql.encode()
    tokens = scan(sql, encoded, _LIMITS)
    starts = {token.start: number for number, token in enumerate(tokens)}
    out, position = [], 0
    for number in sorted(starts[place] for place in _visible_calls(tree)):
        alias = _argument(tokens, number, encoded)
        template = visible(_relation_called(alias, relations))
        if alias in template.bound or any(name.startswith("fc_") for name in template.bound):
            raise ConfigurationError(
                f"visible({alias}): the name {alias} is used inside that relation's own rule;"
                " choose another alias"
                if alias in template.bound
                else f"visible({alias}): that relation follows another; ask the parent instead"
            )
        out.append(encoded[position : tokens[number].start].decode())
        out.append(f"(({template.render(alias)}) IS TRUE)")
        position = tokens[number + 3].end
    out.append(encoded[position:].decode())
    return "".join(out)


_PREFIX_BYTES = len("SELECT ")
"""Locations in a tree of `expression_tree` count from before the SELECT it was parsed with."""


def _visible_calls(tree: Json) -> list[int]:
    """Where in the expression's bytes each ``visible(...)`` starts."""
    return [
        int(str(body.get("location", 0))) - _PREFIX_BYTES
        for kind, body in nodes(tree)
        if kind == "FuncCall" and _is_visible(body)
    ]


def _is_visible(call: Body) -> bool:
    return strings(items(call, "funcname")) == [VISIBLE]


def _argument(tokens: tuple[Token, ...], number: int, encoded: bytes) -> str:
    """The alias in ``visible ( alias )``, whose first token has that number."""
    call = tokens[number : number + 4]
    words = [encoded[token.start : token.end].decode() for token in call]
    if len(words) < 4 or words[1] != "(" or words[3] != ")" or not words[2].isidentifier():
        raise ConfigurationError("visible() takes the alias of a relation, as in visible(cp)")
    return words[2].lower()


def _aliases(tree: Json) -> dict[str, set[QualifiedName]]:
    """What each name in FROM stands for; a set, as two subqueries may use the same name."""
    out: dict[str, set[QualifiedName]] = {}
    for name, relation in relations_of(tree):
        out.setdefault(name, set()).add(relation)
    return out


def _relation_called(alias: str, relations: Mapping[str, set[QualifiedName]]) -> QualifiedName:
    found = relations.get(alias, set())
    if len(found) != 1:
        problem = "names no relation" if not found else "names two relations"
        raise ConfigurationError(f"visible({alias}): {alias} {problem} of this expression")
    return next(iter(found))


def _check_calls(tree: Json) -> None:
    """What makes a condition slow, or dependent on what the client sets in its session."""
    for kind, body in nodes(tree):
        match kind:
            case "FuncCall":
                schema = strings(items(body, "funcname"))[:-1]
                if schema not in ([], ["pg_catalog"]):
                    raise ConfigurationError("only built-in functions may be called")
            case "A_Expr" if len(items(body, "name")) > 1:
                raise ConfigurationError("only built-in operators may be used")
            case "TypeName":
                schema = strings(items(body, "names"))[:-1]
                if schema not in ([], ["pg_catalog"]):
                    raise ConfigurationError("only built-in types may be used")
            case "SQLValueFunction":
                raise ConfigurationError(
                    "CURRENT_DATE and its like depend on the client's session; write"
                    " (now() AT TIME ZONE 'Asia/Shanghai')::date"
                )
            case "SubLink" if text(body, "subLinkType") in ("ANY_SUBLINK", "ALL_SUBLINK"):
                raise ConfigurationError(
                    "write EXISTS (SELECT ... WHERE key = self.key) instead of IN (SELECT ...),"
                    " which reads the whole table for one row"
                )
            case _:
                pass


def _check_names(tree: Json) -> None:
    """A name that is not defined inside would be looked for in the client's statement."""
    known = {SELF}
    for kind, body in nodes(tree):
        if kind == "Alias":
            known.add(text(body, "aliasname"))
        elif kind == "RangeVar" and field(body, "alias") is None:
            known.add(text(body, "relname"))
        elif kind == "CommonTableExpr":
            known.add(text(body, "ctename"))
    for kind, body in nodes(tree):
        if kind == "ColumnRef":
            parts = strings(items(body, "fields"))
            if len(parts) == 1:  # the argument of visible(), or it would not have compiled
                continue
            if len(parts) > 2 or "*" in parts:
                raise ConfigurationError("name columns as alias.column; whole rows are not used")
            if parts[0] not in known:
                raise ConfigurationError(f"{parts[0]} is not self and not a relation in FROM here")
