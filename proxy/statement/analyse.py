"""Text to facts: the contents page of this folder."""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.names import SearchPath
from proxy.statement import definitions
from proxy.statement.catalogue import Catalogue
from proxy.statement.exposure import Exposure
from proxy.statement.facts import Facts, Reference, SecondOpinion, Verb
from proxy.statement.grammar import RawStatement, TextLimits, Token, parse, scan
from proxy.statement.inner import query_span
from proxy.statement.keys import keys_of
from proxy.statement.kinds import unknown_syntax
from proxy.statement.mentions import mentions
from proxy.statement.second_opinion import second_opinion
from proxy.statement.selections import may_call
from proxy.statement.survey import Survey
from proxy.statement.tree import Json, nodes

_VERBS = {verb.value: verb for verb in Verb}
_WRITES = frozenset(("InsertStmt", "UpdateStmt", "DeleteStmt"))


@dataclass(frozen=True, slots=True)
class Analysis:
    """All statements of one text. ``encoded`` is its UTF-8, in which every span counts."""

    text: str
    encoded: bytes
    tokens: tuple[Token, ...]
    statements: tuple[Facts, ...]


def analyse(
    text: str, catalogue: Catalogue, search_path: SearchPath, limits: TextLimits
) -> Analysis:
    """Read ``text`` as the server would, in a session with this ``search_path``.

    Raises `proxy.statement.grammar.NotUnderstood`.
    """
    encoded = text.encode("utf-8")
    tokens = scan(text, encoded, limits)
    statements = tuple(
        _facts(raw, encoded, tokens, catalogue, search_path) for raw in parse(text, encoded)
    )
    return Analysis(text, encoded, tokens, statements)


def _facts(
    raw: RawStatement,
    encoded: bytes,
    tokens: tuple[Token, ...],
    catalogue: Catalogue,
    search_path: SearchPath,
) -> Facts:
    tree: Json = {raw.kind: raw.body}
    if raw.kind in definitions.KINDS:
        called = mentions(raw.body) if raw.kind in definitions.REWRITING else mentions({})
        return Facts(
            verb=Verb.DDL,
            span=raw.span,
            body=raw.body,
            functions=called.functions,
            operators=called.operators,
            types=called.types,
            writes=True,
            changed=definitions.changed(raw.kind, raw.body),
        )
    verb = _VERBS.get(raw.kind, Verb.OTHER)
    unknown = tuple(sorted(set(unknown_syntax(tree))))
    if verb is Verb.OTHER or unknown:
        return Facts(verb, raw.span, raw.body, unknown_syntax=unknown)
    named = mentions(tree)
    references = _references(raw, catalogue, search_path)
    kinds = {kind for kind, _ in nodes(tree)}
    query = query_span(raw, tokens)
    statement = encoded[query.start : query.end].decode("utf-8")
    return Facts(
        verb=verb,
        span=raw.span,
        body=raw.body,
        references=references,
        functions=named.functions,
        operators=named.operators,
        types=named.types,
        column_names=named.column_names,
        selections=may_call(tree, named.selections, references),
        settings=named.settings,
        locks="LockingClause" in kinds,
        conflict="OnConflictClause" in kinds,
        writes=bool(kinds & _WRITES),
        second_opinion=second_opinion(statement, tree) if references else SecondOpinion.SILENT,
    )


def _references(
    raw: RawStatement, catalogue: Catalogue, search_path: SearchPath
) -> tuple[Reference, ...]:
    survey = Survey(catalogue, search_path)
    survey.walk(raw.kind, raw.body)
    exposure = Exposure(survey, catalogue)
    exposed = exposure.find()
    keys = keys_of(survey, exposure.leakproof_part)
    return tuple(
        replace(
            reference,
            exposed=reference.number in exposed,
            keys=keys.get(reference.number, ()),
        )
        for reference in survey.references
    )
