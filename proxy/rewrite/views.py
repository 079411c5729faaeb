"""What the views of a database stand for, under one law.

A view that reads nothing protected is *plain*: it stays in the text as it is. Any other is put
there as its definition, so that what it reads is judged and narrowed as if the client had written
it. The definition is ``pg_get_viewdef`` as read with an empty search_path: relations and objects
of the site's own are spelt with their schema, and what has none is the server's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from proxy.names import PrincipalName, QualifiedName
from proxy.policy.law import Law, Principal, PrincipalKind
from proxy.policy.rules import functions, relations, understood
from proxy.policy.rules.context import SYSTEM_SCHEMAS, Context
from proxy.rewrite.edit import Edit, apply_edits
from proxy.rewrite.expand import expand
from proxy.rewrite.narrow import CannotNarrow
from proxy.statement.analyse import Analysis, analyse
from proxy.statement.catalogue import Catalogue, Relation, RelationKind
from proxy.statement.facts import Access, Called, Facts, Selected, Verb
from proxy.statement.grammar import NotUnderstood, TextLimits

_PATH = ("pg_catalog",)
"""What an empty search_path finds."""

_DEFINITION_BYTES_MAX = 1 << 16
_DEPTH_MAX = 16


@dataclass(frozen=True, slots=True)
class Definition:
    """A view's query without views that are not plain in it, and the selections in it."""

    text: str
    selections: frozenset[Selected]


@dataclass(frozen=True, slots=True)
class Expansion:
    """A text with its views in place: ``edits`` make ``analysis.text`` of the original."""

    analysis: Analysis
    edits: tuple[Edit, ...]


@dataclass(slots=True)
class Views:
    """For one policy and one state of the database. What was found is kept; finding it twice in
    two threads does no harm."""

    law: Law
    catalogue: Catalogue
    limits: TextLimits
    _plain: dict[QualifiedName, bool] = field(default_factory=dict)
    _definitions: dict[QualifiedName, Definition | CannotNarrow] = field(default_factory=dict)

    def plain(self, analysis: Analysis) -> frozenset[QualifiedName]:
        """The views a text reads that may stay as they are."""
        return frozenset(view.name for view in _read(analysis) if self.is_plain(view, 0))

    def expand(self, analysis: Analysis, context: Context) -> Expansion | None:
        """The text with every view that is not plain replaced; None where there is none.

        Raises `CannotNarrow` with the reason, and `NotUnderstood` for what became too long.
        """
        views = {v.name: v for v in _read(analysis) if self._stands_for_more(v, 0)}
        if not views or any(understood.refuse(facts, context) for facts in analysis.statements):
            return None
        found = {name: self.definition(view) for name, view in views.items()}
        texts = {name: definition.text for name, definition in found.items()}
        edits = expand(analysis, texts)
        text = apply_edits(analysis.encoded, edits).decode("utf-8")
        expanded = analyse(
            text, self.catalogue, context.search_path, self.limits, context.temporaries
        )
        added = frozenset(s for definition in found.values() for s in definition.selections)
        # The columns of a view are known, those of a subquery are not: the names selected from
        # it are judged by the text as it was.
        statements = tuple(
            replace(now, selections=before.selections | added)
            for before, now in zip(analysis.statements, expanded.statements, strict=True)
        )
        return Expansion(replace(expanded, statements=statements), edits)

    def is_plain(self, view: Relation, depth: int) -> bool:
        """Whether all that the view reads and calls would pass if the client had written it."""
        if view.name not in self._plain:
            self._plain[view.name] = self._judge(view, depth)
        return self._plain[view.name]

    def definition(self, view: Relation, depth: int = 0) -> Definition:
        """What is put in the view's place. Raises `CannotNarrow` where nothing can be."""
        found = self._definitions.get(view.name)
        if found is None:
            try:
                found = self._define(view, depth)
            except CannotNarrow as error:
                found = error
            self._definitions[view.name] = found
        if isinstance(found, CannotNarrow):
            raise CannotNarrow(str(found))
        return found

    def problem(self, view: Relation) -> str | None:
        """Why a view that is not plain is refused, whoever asks; None where it is not."""
        try:
            found = self.definition(view)
            facts = self._facts(view, found.text, 0)
        except CannotNarrow as error:
            return str(error)
        context = self._context(facts, 0)
        facts = replace(facts, selections=found.selections)
        return next((r.reason for rule in _RULES if (r := rule(facts, context))), None)

    def _context(self, facts: Facts, depth: int) -> Context:
        plain = frozenset(v.name for v in _views_of(facts) if self.is_plain(v, depth + 1))
        return Context(_NOBODY, self.law, self.catalogue, _PATH, plain_views=plain)

    def _stands_for_more(self, relation: Relation, depth: int) -> bool:
        return not (
            relation.name in self.law.open_relations
            or relation.name.schema in SYSTEM_SCHEMAS
            or self.is_plain(relation, depth)
        )

    def _judge(self, view: Relation, depth: int) -> bool:
        try:
            facts = self._facts(view, view.definition, depth)
        except CannotNarrow:
            return False
        context = self._context(facts, depth)
        return not (
            any(rule(facts, context) for rule in _RULES)
            or context.protected(facts)
            or facts.locks
            or functions.is_volatile(facts, context)
            or functions.withheld(facts, context)
        )

    def _define(self, view: Relation, depth: int) -> Definition:
        facts = self._facts(view, view.definition, depth)
        for reference in facts.references:
            if reference.written.schema is None:
                raise CannotNarrow(f"{view.name} reads system catalogues beside other relations")
        self._refuse_capture(view, facts)
        inner = {v.name: v for v in _views_of(facts) if self._stands_for_more(v, depth + 1)}
        found = {name: self.definition(each, depth + 1) for name, each in inner.items()}
        text = _stripped(view.definition)
        if found:
            analysis = analyse(text, self.catalogue, _PATH, self.limits)
            edits = expand(analysis, {name: d.text for name, d in found.items()})
            text = apply_edits(analysis.encoded, edits).decode("utf-8")
        if len(text) > _DEFINITION_BYTES_MAX:
            raise CannotNarrow(f"the definition of {view.name} is too long with its views in place")
        selections = facts.selections.union(*(d.selections for d in found.values()))
        return Definition(text, selections)

    def _facts(self, view: Relation, definition: str, depth: int) -> Facts:
        """Raises `CannotNarrow` for what is not one query that is understood."""
        problem = CannotNarrow(f"the definition of {view.name} is not understood")
        text = _stripped(definition)
        if not text or len(text) > _DEFINITION_BYTES_MAX or depth > _DEPTH_MAX:
            raise problem
        try:
            statements = analyse(text, self.catalogue, _PATH, self.limits).statements
        except NotUnderstood:
            raise problem from None
        if len(statements) != 1 or statements[0].verb is not Verb.SELECT:
            raise problem
        if statements[0].unknown_syntax:
            raise problem
        return statements[0]

    def _refuse_capture(self, view: Relation, facts: Facts) -> None:
        """Raises `CannotNarrow` where a name without a schema, which is the server's in the
        definition, could be taken for one of the site's own in the client's text."""
        for called in (*facts.functions, *facts.operators, *facts.types):
            if called.schema is None and self._is_own(called):
                raise CannotNarrow(
                    f"{view.name} calls a built-in object that one of this database's own hides"
                )

    def _is_own(self, called: Called) -> bool:
        return bool(
            self.catalogue.functions_named(called.name)
            or self.catalogue.has_operator_named(called.name)
            or self.catalogue.types_named(called.name)
        )


_RULES = (understood.refuse, functions.refuse, relations.refuse)
"""Who asks is not a question yet: the other rules are about that, and about writing."""

_NOBODY = Principal(PrincipalName("nobody"), PrincipalKind.PLATFORM, ())


def _read(analysis: Analysis) -> list[Relation]:
    return [view for facts in analysis.statements for view in _views_of(facts)]


def _views_of(facts: Facts) -> list[Relation]:
    return [
        reference.relation
        for reference in facts.references
        if reference.relation is not None
        and reference.relation.kind is RelationKind.VIEW
        and reference.access is Access.READ
    ]


def _stripped(definition: str) -> str:
    return definition.strip().removesuffix(";")
