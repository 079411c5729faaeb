"""Text to facts: the contents page of this folder."""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.names import SearchPath
from proxy.statement import definitions, temporary
from proxy.statement.calls import calls
from proxy.statement.catalogue import Catalogue
from proxy.statement.exposure import Exposure
from proxy.statement.facts import Facts, Link, Reference, SecondOpinion, Verb
from proxy.statement.grammar import RawStatement, TextLimits, Token, parse, scan
from proxy.statement.inner import query_span
from proxy.statement.keys import keys_of
from proxy.statement.kinds import unknown_syntax
from proxy.statement.mentions import mentions
from proxy.statement.second_opinion import second_opinion
from proxy.statement.selections import may_call
from proxy.statement.subjects import subjects_of
from proxy.statement.survey import Survey
from proxy.statement.temporary import DropTemporaries, MakeTemporary
from proxy.statement.tree import Json, nodes
from proxy.statement.tree import text as text_of
from proxy.statement.visible import Visible

_VERBS = {verb.value: verb for verb in Verb}
_ENDINGS = frozenset(("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_ROLLBACK_TO"))
_WRITES = frozenset(("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))


@dataclass(frozen=True, slots=True)
class Analysis:
    """All statements of one text. ``encoded`` is its UTF-8, in which every span counts."""

    text: str
    encoded: bytes
    tokens: tuple[Token, ...]
    statements: tuple[Facts, ...]


def analyse(
    text: str,
    catalogue: Catalogue,
    search_path: SearchPath,
    limits: TextLimits,
    temporaries: frozenset[str] = frozenset(),
) -> Analysis:
    """Read ``text`` as the server would, in a session with this ``search_path`` that may have
    ``temporaries``.

    Raises `proxy.statement.grammar.NotUnderstood`.
    """
    encoded = text.encode("utf-8")
    tokens = scan(text, encoded, limits)
    statements = []
    before, unsettled = temporaries, False
    for raw in parse(text, encoded):
        visible = Visible(catalogue, search_path, temporaries)
        about_temporary = temporary.is_about(raw, visible)
        facts = _facts(raw, encoded, tokens, visible, about_temporary=about_temporary)
        statements.append(replace(facts, unsettled=unsettled))
        if about_temporary:
            temporaries = _after(temporary.changes(raw.kind, raw.body), temporaries)
        elif text_of(raw.body, "kind") in _ENDINGS:
            unsettled = unsettled or temporaries != before
    return Analysis(text, encoded, tokens, tuple(statements))


def _after(
    change: MakeTemporary | DropTemporaries | None, temporaries: frozenset[str]
) -> frozenset[str]:
    """What the statements behind it find."""
    match change:
        case MakeTemporary(name=name):
            return temporaries | {name}
        case DropTemporaries(names=tuple() as names):
            return temporaries - {*names}
        case _:
            return temporaries


def _facts(
    raw: RawStatement,
    encoded: bytes,
    tokens: tuple[Token, ...],
    visible: Visible,
    *,
    about_temporary: bool,
) -> Facts:
    tree: Json = {raw.kind: raw.body}
    if raw.kind in definitions.KINDS and not about_temporary:
        return _change(raw, visible.catalogue)
    verb = Verb.TEMPORARY if about_temporary else _VERBS.get(raw.kind, Verb.OTHER)
    unknown = tuple(sorted(set(unknown_syntax(tree))))
    if temporary.misplaced_into(raw):
        unknown = (*unknown, "IntoClause")
    if verb is Verb.OTHER or unknown:
        return Facts(verb, raw.kind, raw.span, raw.body, unknown_syntax=unknown)
    named = mentions(tree)
    references, links = _references(raw, visible)
    kinds = {kind for kind, _ in nodes(tree)}
    query = query_span(raw, tokens)
    queried = raw.body.get("query") if raw.kind == "CreateTableAsStmt" else tree
    statement = encoded[query.start : query.end].decode("utf-8")
    return Facts(
        verb=verb,
        kind=raw.kind,
        span=raw.span,
        body=raw.body,
        references=references,
        links=links,
        functions=named.functions,
        operators=named.operators,
        types=named.types,
        column_names=named.column_names,
        selections=may_call(tree, named.selections, references),
        settings=named.settings,
        calls=calls(tree),
        locks="LockingClause" in kinds,
        conflict="OnConflictClause" in kinds,
        writes=bool(kinds & _WRITES) or about_temporary or bool(raw.body.get("is_from")),
        second_opinion=second_opinion(statement, queried) if references else SecondOpinion.SILENT,
    )


def _change(raw: RawStatement, catalogue: Catalogue) -> Facts:
    """Facts of DDL: what it, or a statement after it that does not name it, is going to call."""
    rewrites = raw.kind in definitions.REWRITING
    runs = rewrites or raw.kind in definitions.CARRYING
    called = mentions(raw.body) if runs else mentions({})
    functions = called.functions
    if not rewrites and raw.kind not in definitions.READ:
        own = {each.name for each in functions if catalogue.functions_named(each.name)}
        own -= catalogue.builtin_functions
        functions = frozenset(each for each in functions if each.name not in own)
    return Facts(
        verb=Verb.DDL,
        kind=raw.kind,
        span=raw.span,
        body=raw.body,
        functions=functions,
        operators=called.operators if rewrites else frozenset(),
        types=called.types if rewrites else frozenset(),
        selections=called.selections,
        writes=True,
        changed=definitions.changed(raw.kind, raw.body),
        redefined=definitions.redefined(raw.kind, raw.body),
    )


def _references(
    raw: RawStatement, visible: Visible
) -> tuple[tuple[Reference, ...], tuple[Link, ...]]:
    survey = Survey(visible)
    survey.walk(raw.kind, raw.body)
    exposure = Exposure(survey, visible.catalogue)
    exposed = exposure.find()
    keys = keys_of(survey, exposure.leakproof_part)
    subjects = subjects_of(survey, raw.kind, raw.body)
    references = tuple(
        replace(
            reference,
            exposed=reference.number in exposed,
            keys=keys.get(reference.number, ()),
            named=tuple(subjects.named.get(reference.number, ())),
        )
        for reference in survey.references
    )
    return references, tuple(subjects.links)
