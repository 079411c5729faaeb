"""What a rule is given besides the facts, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.names import Article, QualifiedName, RuleName, SearchPath
from proxy.policy.doubt import Doubt
from proxy.policy.law import Law, Principal, RelationRule
from proxy.policy.permit import Permit
from proxy.statement.catalogue import Catalogue, RelationKind
from proxy.statement.facts import Facts, Reference

SYSTEM_SCHEMAS = frozenset(("pg_catalog", "information_schema"))
TABLES = frozenset((RelationKind.TABLE, RelationKind.PARTITIONED))


@dataclass(frozen=True, slots=True)
class Refusal:
    """``reason`` is a sentence for the client: what is refused and what to do, never data."""

    rule: RuleName
    reason: str
    article: Article | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, under which law, of which database.

    ``sole``: the text holds one statement; ``last``: no statement follows in
    it, and none in it begins or ends a transaction. ``doubt``: see `Doubt`.
    ``temporaries``: the names of the temporary tables that the session may have.
    ``plain_views``: those the statement reads that are known to read nothing protected.
    ``permits``: those that ``law`` has room for.
    """

    principal: Principal
    law: Law
    catalogue: Catalogue
    search_path: SearchPath
    in_transaction: bool = False
    sole: bool = True
    last: bool = True
    doubt: Doubt = Doubt.NONE
    temporaries: frozenset[str] = frozenset()
    plain_views: frozenset[QualifiedName] = frozenset()
    permits: tuple[Permit, ...] = ()

    def protected(self, facts: Facts) -> tuple[tuple[Reference, RelationRule], ...]:
        """The references that a rule of the law is about, in the order of the text."""
        return tuple(
            (reference, self.law.relations[reference.relation.name])
            for reference in facts.references
            if reference.relation is not None and reference.relation.name in self.law.relations
        )

    def sealed(self, facts: Facts) -> tuple[tuple[Reference, RelationRule], ...]:
        """Those of them that hold records, not catalogue columns that tell of records."""
        return tuple(pair for pair in self.protected(facts) if not self.is_system(pair[1]))

    @staticmethod
    def is_system(rule: RelationRule) -> bool:
        """Whether the rule is about a system catalogue."""
        return rule.name.schema in SYSTEM_SCHEMAS
