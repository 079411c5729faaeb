"""From what policy.toml says to the rules in force, each checked against the others.

``visible(cp)`` in one rule stands for the whole rule of another relation, so rules are written out
in the order in which they ask about each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from proxy.errors import ConfigurationError
from proxy.names import Article, PrincipalName, QualifiedName
from proxy.policy.attribution import AttributionRule, NameForm, Source
from proxy.policy.law import (
    FindingRule,
    Follows,
    Law,
    Match,
    Principal,
    PrincipalKind,
    Projected,
    RelationRule,
    Scope,
    Statistic,
)
from proxy.policy.limits import Limits
from proxy.policy.permit import MARK, mark
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.rewrite.predicate import Template, compile_law
from proxy.settings import positions
from proxy.settings.finding import finding_rule
from proxy.settings.policy import (
    FindingTable,
    FollowsTable,
    MatchTable,
    PermittedTable,
    PolicyTables,
    PrincipalTable,
    RelationTable,
    name_of,
    qualified_name,
)
from proxy.settings.predicate import asked_about, finished, of_subjects, of_unit
from proxy.settings.problems import ConfigurationProblems, Document, Problem
from proxy.settings.statistic import check_aliases, check_principals, overlaps, statistic_of

_SOME_UNIT = ("unit",)
_UNKNOWN = Template(("false",))
"""Stands for a rule that has a problem of its own, which is reported there."""


def enact(document: Document, policy: PolicyTables, builtin: Law) -> Law:
    """The policy in force: what the site wrote, with what is built in.

    ``document`` is where ``policy`` was read from. Raises `ConfigurationProblems`.
    """
    draft = _Draft(document, policy, builtin)
    draft.check_names()
    draft.check_parents()
    draft.check_constants()
    rules = draft.write_rules(())
    findings = draft.write_findings(policy.finding)
    statistics = draft.write_statistics(policy)
    units = dict.fromkeys(tuple(table.unit) for table in policy.principal if table.unit)
    for_all = builtin.relations
    handled = {each: {**draft.write_rules(each), **for_all} for each in units}
    if not handled:
        draft.write_rules(_SOME_UNIT)  # what is wrong with handled_when is said all the same
    permitted = {}
    if any(table.permitted for table in draft.tables.values()):
        each_law = ((), *units)
        permitted = {u: {**draft.write_rules(u, permitted=True), **for_all} for u in each_law}
    if draft.problems:
        raise ConfigurationProblems(list(dict.fromkeys(draft.problems)))
    return Law(
        digest=hashlib.sha256(document.content).hexdigest(),
        relations={} if policy.seals_nothing else {**rules, **for_all},
        principals=tuple(map(_principal, policy.principal)),
        open_relations=frozenset(name for name, table in draft.tables.items() if table.open),
        approved_functions={name: table.digest for name, table in policy.function.items()},
        system_relations=builtin.system_relations,
        vetted_functions=builtin.vetted_functions,
        withheld_functions=builtin.withheld_functions,
        seals_nothing=policy.seals_nothing,
        handled={} if policy.seals_nothing else handled,
        permitted=permitted,
        outside=_outside(rules),
        findings=findings,
        statistics=statistics,
    )


def _outside(rules: Mapping[QualifiedName, RelationRule]) -> dict[QualifiedName, RelationRule]:
    """Those rules that are others for who is told nothing, as they are for them."""
    out = {}
    for name, rule in rules.items():
        if rule.mask_for_outsiders:
            out[name] = replace(rule, mask=rule.mask_for_outsiders, mask_unless=None)
        elif rule.masked_rows_hidden:
            shown = [f"(({sql}) IS TRUE)" for sql in (rule.visible_when, rule.mask_unless) if sql]
            out[name] = replace(rule, visible_when=" AND ".join(shown), mask={}, mask_unless=None)
    return out


def relation_rule(name: QualifiedName, table: RelationTable) -> RelationRule:
    """A table of the file as a rule, its SQL as written."""
    return RelationRule(
        name=name,
        article=Article(table.article or ""),
        visible_when=table.visible_when,
        follows=tuple(map(_follows, table.follows)),
        mask=dict(table.mask),
        mask_unless=table.mask_unless,
        handled_when=table.handled_when,
        mask_for_outsiders=dict(table.mask_for_outsiders),
        masked_rows_hidden=table.masked_rows_hidden,
        subject=table.subject,
        identifies=table.identifies,
        permitted={scope: sql for scope, _, sql in _permitted(table)},
    )


def _permitted(table: RelationTable) -> list[tuple[Scope, positions.Path, str]]:
    """What permits show of it, each with the key it is written at."""
    permitted = table.permitted or PermittedTable()
    conviction = permitted.conviction
    found: list[tuple[Scope, positions.Path, str | None]] = [
        (Scope.FULL, ("permitted", "full"), permitted.full),
        (
            Scope.CONVICTION,
            ("permitted", "conviction", "when"),
            None if conviction is None else conviction.when,
        ),
        (Scope.MISSING_CHILD, ("permitted", "missing_child"), permitted.missing_child),
    ]
    return [(scope, path, sql) for scope, path, sql in found if sql is not None]


class _Draft:
    """Rules on their way into the law, and what was found wrong so far."""

    def __init__(self, document: Document, policy: PolicyTables, builtin: Law) -> None:
        self.tables = {qualified_name(name): table for name, table in policy.relation.items()}
        self.rules: dict[QualifiedName, RelationRule] = {}
        self.problems: list[Problem] = []
        # What `visible` stands for, of the relations that were asked about so far.
        self._templates: dict[QualifiedName, Template | None] = {}
        self._document = document
        self._written = {qualified_name(name): name for name in policy.relation}
        self._functions = list(policy.function)
        self._builtin = builtin

    def check_names(self) -> None:
        """System relations and functions are not the site's to open, seal or approve."""
        for name in self.tables:
            if name.schema in SYSTEM_SCHEMAS:
                self._add(name, (), "Fengcun itself governs the system catalogues; remove this")
        for written in self._functions:
            if name_of(written).schema in SYSTEM_SCHEMAS:
                message = "Fengcun itself governs the built-in functions; remove this"
                self.problems.append(self._document.problem(("function", written), message))

    def check_parents(self) -> None:
        """Every ``follows`` leads to a sealed relation of this policy."""
        for name, table in self.tables.items():
            for number, follows in enumerate(table.follows):
                parent = qualified_name(follows.relation)
                if parent not in self.tables or self.tables[parent].open:
                    path = ("follows", number, "relation")
                    self._add(name, path, f"{parent} is not sealed by this policy")

    def check_constants(self) -> None:
        """Nothing is taken for a permit's subjects but `permit.subjects`."""
        for name, table in self.tables.items():
            every = (table.visible_when, table.mask_unless, table.handled_when)
            permitted = (sql for _, _, sql in _permitted(table))
            if any(MARK in sql for sql in (*every, *table.mask.values(), *permitted) if sql):
                self._add(name, (), f"constants that begin with {MARK!r} are the proxy's own")

    def write_rules(
        self, units: tuple[str, ...], *, permitted: bool = False
    ) -> dict[QualifiedName, RelationRule]:
        """Every rule written out for who handles the cases of ``units``, each after those it asks
        about or follows; ``permitted``: while a permit counts."""
        self.rules, self._templates = {}, {}
        sealed = {name: table for name, table in self.tables.items() if not table.open}
        sorter = TopologicalSorter({name: self._needs(table) for name, table in sealed.items()})
        try:
            order = [name for name in sorter.static_order() if name in sealed]
        except CycleError as error:
            circle = list(error.args[1])
            names = " -> ".join(str(name) for name in reversed(circle))
            self._add(circle[-1], (), f"these rules depend on each other in a circle: {names}")
            return {}
        for name in order:
            rule = self._written_out(name, sealed[name], units, permitted=permitted)
            self.rules[name] = self._noting_what_widens(rule) if permitted else rule
        return self.rules

    def _noting_what_widens(self, rule: RelationRule) -> RelationRule:
        """What is asked with ``visible`` is written out in the rule; what is followed is not, and
        a projection is nobody's but its own."""
        own = (rule.visible_when, rule.mask_unless, *rule.mask.values())
        found = {scope for scope in Scope for sql in own if sql and mark(scope) in sql}
        for follows in rule.follows:
            parent = self.rules.get(follows.relation)
            found |= (parent.widened_by if parent else frozenset()) - {Scope.CONVICTION}
        if rule.projected is not None:
            found.add(Scope.CONVICTION)
        return replace(rule, widened_by=frozenset(found))

    def write_findings(self, tables: tuple[FindingTable, ...]) -> tuple[FindingRule, ...]:
        """What scans look for, by the rules that were written last."""
        out = []
        for number, table in enumerate(tables):
            try:
                out.append(
                    finding_rule(table, self.tables, self._shown, self._builtin.vetted_functions)
                )
            except ConfigurationError as error:
                path = ("finding", number, "query")
                self.problems.append(self._document.problem(path, str(error)))
        return tuple(out)

    def write_statistics(self, policy: PolicyTables) -> tuple[Statistic, ...]:
        """What is counted for whom, by the rules that were written last."""
        kinds = {table.name: PrincipalKind(table.kind) for table in policy.principal}
        out = []
        for number, table in enumerate(policy.statistic):
            path: positions.Path = ("statistic", number, "principals")
            try:
                check_principals(table, kinds)
                path = ("statistic", number, "sql")
                out.append(statistic_of(table, self.rules))
                if not self.problems:
                    check_aliases(out[-1], compile_law(self._law_so_far()))
            except ConfigurationError as error:
                self.problems.append(self._document.problem(path, str(error)))
        for number, message in overlaps(tuple(out)):
            path = ("statistic", number, "sql")
            self.problems.append(self._document.problem(path, message))
        return tuple(out)

    def _needs(self, table: RelationTable) -> set[QualifiedName]:
        needed = {qualified_name(follows.relation) for follows in table.follows}
        masks = (*table.mask.values(), *table.mask_for_outsiders.values())
        every = (table.visible_when, table.mask_unless, table.handled_when, *masks)
        for sql in (*every, *(sql for _, _, sql in _permitted(table))):
            needed |= asked_about(sql) if sql is not None else set()
        return needed

    def _written_out(
        self, name: QualifiedName, table: RelationTable, units: tuple[str, ...], *, permitted: bool
    ) -> RelationRule:
        def write(sql: str, *path: str | int) -> str:
            try:
                return finished(sql, self._shown, self._builtin.vetted_functions)
            except ConfigurationError as error:
                self._add(name, path, str(error))
                return "false"

        def optional(sql: str | None, key: str) -> str | None:
            return None if sql is None else write(sql, key)

        def handled(unit: str, sql: str) -> str:
            try:
                return f"(({write(of_unit(sql, unit), 'handled_when')}) IS TRUE)"
            except ConfigurationError as error:
                self._add(name, ("handled_when",), str(error))
                return "false"

        own = [handled(unit, table.handled_when) for unit in units if table.handled_when]
        seen: dict[Scope, str] = {}
        for scope, path, sql in _permitted(table) if permitted else ():
            try:
                seen[scope] = f"(({write(of_subjects(sql, scope), *path)}) IS TRUE)"
            except ConfigurationError as error:
                self._add(name, path, str(error))
        child = [seen[scope] for scope in (Scope.MISSING_CHILD,) if scope in seen]
        whole = [seen[scope] for scope in (Scope.FULL,) if scope in seen]
        more = [*own, *whole, *(() if table.mask else child)]
        lifting = [*own, *child]
        lifted = table.mask_unless or ("false" if lifting and table.mask else None)
        projection = table.permitted.conviction if table.permitted else None
        return replace(
            relation_rule(name, table),
            visible_when=_or(optional(table.visible_when, "visible_when"), more),
            mask={column: write(sql, "mask", column) for column, sql in table.mask.items()},
            mask_for_outsiders={
                column: write(sql, "mask_for_outsiders", column)
                for column, sql in table.mask_for_outsiders.items()
            },
            mask_unless=_or(optional(lifted, "mask_unless"), lifting),
            projected=Projected(seen[Scope.CONVICTION], frozenset(projection.columns))
            if projection is not None and Scope.CONVICTION in seen
            else None,
        )

    def _shown(self, asked: QualifiedName) -> Template:
        """What ``visible(...)`` stands for. Raises `ConfigurationError`."""
        if asked not in self.rules:
            raise ConfigurationError(f"visible(): {asked} is not sealed by this policy")
        if asked not in self._templates:
            try:
                self._templates[asked] = compile_law(self._law_so_far())[asked].shown
            except ConfigurationError:
                self._templates[asked] = _UNKNOWN
        shown = self._templates[asked]
        if shown is None:
            raise ConfigurationError(f"visible(): every row of {asked} may be seen")
        return shown

    def _law_so_far(self) -> Law:
        return Law("", self.rules, (), vetted_functions=self._builtin.vetted_functions)

    def _add(self, name: QualifiedName, path: positions.Path, message: str) -> None:
        full = ("relation", self._written[name], *path)
        self.problems.append(self._document.problem(full, message))


def _or(sql: str | None, handled: list[str]) -> str | None:
    """NULL hides, and says nothing against the others."""
    return sql if sql is None or not handled else " OR ".join([f"(({sql}) IS TRUE)", *handled])


def _follows(table: FollowsTable) -> Follows:
    return Follows(qualified_name(table.relation), dict(table.on), table.nullable)


def _principal(table: PrincipalTable) -> Principal:
    return Principal(
        name=PrincipalName(table.name),
        kind=PrincipalKind(table.kind),
        matches=tuple(map(_match, table.match)),
        article=Article(table.article) if table.article else None,
        connections_max=table.limits.connections_max,
        limits=Limits(**table.limits.model_dump(exclude={"connections_max"})),
        bulk_refused=table.bulk == "refused",
        units=tuple(table.unit),
        attribution=_attribution(table),
    )


def _attribution(table: PrincipalTable) -> AttributionRule:
    form = table.operator_in_application_name
    return AttributionRule(
        sources=tuple(map(Source, table.operator_from)),
        name_form=None if form is None else NameForm(form),
        required=table.operator_required,
    )


def _match(table: MatchTable) -> Match:
    return Match(
        table.user, table.database, table.source, table.application_name, table.certificate
    )
