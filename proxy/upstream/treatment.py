"""What the proxy does with each object of a database today, and what would approve it.

Nothing here knows the rules: the planner is asked what becomes of a statement that uses the
object, as somebody would ask it who is not a platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from proxy.names import PrincipalName, QualifiedName, RuleName, quote_identifier
from proxy.policy.decision import Verdict
from proxy.policy.law import Law, Principal, PrincipalKind
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from proxy.statement.catalogue import Catalogue, Relation, RelationKind
from proxy.upstream.functions import Definition, Reach
from proxy.upstream.stock import Cast, Domain, Hook, Operator, Stock

_SCENE = Scene(Principal(PrincipalName("anyone"), PrincipalKind.UNIT, ()), ("pg_catalog",))
_KINDS = {
    RelationKind.TABLE: "table",
    RelationKind.PARTITIONED: "table",
    RelationKind.VIEW: "view",
    RelationKind.MATERIALIZED_VIEW: "materialized view",
    RelationKind.FOREIGN_TABLE: "foreign table",
    RelationKind.SEQUENCE: "sequence",
}
_FUNCTION_KINDS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window function"}
_VOLATILITIES = {"i": "immutable", "s": "stable", "v": "volatile"}
_RETURNS_NO_VALUE = frozenset(("trigger", "event_trigger"))


@dataclass(frozen=True, slots=True)
class Item:
    """One object. ``treatment``: for each way to use it, ``passed``, ``stripped``, ``expanded`` or
    ``refused`` and the rule. ``facts`` are sentences about it, ``names`` what its text could be
    read to name, ``body`` its text. ``approval``: what to write in policy.toml, if that helps.
    """

    kind: str
    name: str
    treatment: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    body: str = ""
    approval: str = ""

    @property
    def is_ordinary(self) -> bool:
        """Whether it is served as if there were no proxy."""
        return {*self.treatment.values()} <= {"passed"}


def items(law: Law, catalogue: Catalogue, stock: Stock) -> Iterator[Item]:
    """Everything, relations first. Some milliseconds each."""
    judge = _Judge(law, catalogue, stock)
    for name in sorted(catalogue.relations):
        relation = catalogue.relations[name]
        if name.schema not in SYSTEM_SCHEMAS and relation.kind in _KINDS:
            yield judge.relation(relation)
    yield from map(judge.function, stock.functions)
    yield from map(judge.operator, stock.operators)
    yield from map(judge.cast, stock.casts)
    yield from map(judge.domain, stock.domains)
    yield from map(judge.hook, stock.hooks)


class _Judge:
    def __init__(self, law: Law, catalogue: Catalogue, stock: Stock) -> None:
        self._law = law
        self._catalogue = catalogue
        self._planner = Planner(law, catalogue)
        views = {r.name: r.definition for r in catalogue.relations.values() if r.definition}
        lasting = [name for name in catalogue.relations if name.schema not in SYSTEM_SCHEMAS]
        self._reach = Reach(stock.functions, views, lasting)
        self._digests = {each.signature: each.digest for each in catalogue.user_functions}

    def relation(self, relation: Relation) -> Item:
        name = _quoted(relation.name)
        read = f"SELECT * FROM {name}"
        treatment = {"read": self._treatment(read, is_view=relation.kind is RelationKind.VIEW)}
        if relation.kind is not RelationKind.SEQUENCE:
            treatment["insert"] = self._treatment(f"INSERT INTO {name} DEFAULT VALUES")
            column = next(
                (c.name for c in reversed(relation.columns) if c.name not in relation.primary_key),
                None,
            )
            if column is not None:
                change = f"UPDATE {name} SET {quote_identifier(column)} = DEFAULT"
                treatment["update"] = self._treatment(change)
            treatment["delete"] = self._treatment(f"DELETE FROM {name}")
        facts = [f"reads {', '.join(map(self._marked, relation.reads))}"] if relation.reads else []
        if relation.references:
            facts.append(f"references {', '.join(map(self._marked, relation.references))}")
        if relation.parents:
            facts.append(f"part or child of {', '.join(map(self._marked, relation.parents))}")
        refused = any(each.startswith("refused") for each in treatment.values())
        undecided = relation.name not in self._law.relations
        key = _toml_key(str(relation.name))
        opens = f"[relation.{key}]\nopen = true  # only where nothing sealed is in it or behind it"
        return Item(
            kind=_KINDS[relation.kind],
            name=name,
            treatment=treatment,
            facts=tuple(facts),
            body=relation.definition,
            approval=opens if refused and undecided else "",
        )

    def function(self, function: Definition) -> Item:
        reached = self._reach.named_by(function)
        returns = function.more[2]
        facts = [f"{function.language}, {_VOLATILITIES[function.volatility]}, returns {returns}"]
        if function.security_definer:
            facts.append(f"SECURITY DEFINER: runs with the rights of {function.owner}")
        if function.leakproof:
            facts.append("LEAKPROOF: its author says that it tells nothing; nobody checked")
        if function.is_opaque:
            facts.append("its text does not tell all that it reaches (compiled, or dynamic SQL)")
        unvetted = sorted(
            self._reach.words(function)
            & self._catalogue.builtin_functions - self._law.vetted_functions.keys()
        )
        if unvetted:
            facts.append(f"could be calling what is not vetted: {', '.join(unvetted)}")
        called = f"{_quoted(function.name)}()"
        treatment = {}
        if returns not in _RETURNS_NO_VALUE:
            sql = f"CALL {called}" if function.kind == "p" else f"SELECT {called}"
            treatment["call"] = self._treatment(sql)
        digest = self._digests.get(function.signature)
        approvable = digest is not None and treatment.get("call", "").startswith("refused")
        return Item(
            kind=_FUNCTION_KINDS[function.kind],
            name=function.signature,
            treatment=treatment,
            facts=tuple(facts),
            names=tuple(self._node(node) for node in reached),
            body=function.body,
            approval=f'[function.{_toml_key(function.signature)}]\ndigest = "{digest}"'
            if approvable and function.kind != "p"
            else "",
        )

    def operator(self, operator: Operator) -> Item:
        left = "" if operator.left is None else "NULL "
        sql = f"SELECT {left}OPERATOR({operator.schema}.{operator.sign}) NULL"
        types = ", ".join((operator.left or "NONE", operator.right))
        facts = (f"calls {operator.function}",)
        return Item("operator", f"{operator.name} ({types})", {"use": self._treatment(sql)}, facts)

    def cast(self, cast: Cast) -> Item:
        affected = [
            str(relation.name)
            for relation in self._catalogue.relations.values()
            if relation.has_own_casts
        ]
        treatment = {"columns": f"refused: {RuleName('unvetted-cast')}"} if affected else {}
        return Item("cast", f"({cast.source} AS {cast.target})", treatment,
                    (f"calls {cast.function}",), tuple(affected))  # fmt: skip

    def domain(self, domain: Domain) -> Item:
        treatment = {"cast": self._treatment(f"SELECT NULL::{domain.name}")}
        return Item("domain", domain.name, treatment, (f"over {domain.base}", *domain.checks))

    def hook(self, hook: Hook) -> Item:
        facts = [f"runs {hook.runs}" if hook.kind != "rule" else f"ON {hook.runs}"]
        facts += [] if hook.enabled else ["disabled"]
        return Item(hook.kind, f"{hook.name} ON {hook.relation}", {}, tuple(facts))

    def _treatment(self, sql: str, *, is_view: bool = False) -> str:
        decision = self._planner.plan(sql, _SCENE).decision
        match decision.verdict:
            case Verdict.REFUSE:
                return f"refused: {decision.rule}"
            case Verdict.STRIP:
                return "expanded" if is_view else "stripped"
            case Verdict.PASS:
                return "passed"

    def _node(self, node: Definition | QualifiedName) -> str:
        return node.signature if isinstance(node, Definition) else self._marked(node)

    def _marked(self, name: QualifiedName) -> str:
        return f"{name} (sealed)" if name in self._law.relations else str(name)


def _quoted(name: QualifiedName) -> str:
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"


def _toml_key(text: str) -> str:
    """A basic string of TOML; what JSON escapes, TOML does in the same way."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
