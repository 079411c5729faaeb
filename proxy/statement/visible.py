"""How a session finds the relations that a statement names."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.names import TEMPORARY_SCHEMA, QualifiedName, SearchPath
from proxy.statement.catalogue import Catalogue, Relation, RelationKind


@dataclass(frozen=True, slots=True)
class Visible:
    """The lasting relations along ``search_path``, and before them ``temporaries``: the names of
    all temporary tables that the session may have."""

    catalogue: Catalogue
    search_path: SearchPath
    temporaries: frozenset[str] = frozenset()

    def resolve(self, schema: str | None, name: str) -> Relation | None:
        """The relation that the server would find (``RangeVarGetRelid``), or None.

        Of a temporary one nothing is known besides its name.
        """
        if schema in (None, TEMPORARY_SCHEMA) and name in self.temporaries:
            return Relation(QualifiedName(TEMPORARY_SCHEMA, name), 0, RelationKind.TABLE)
        return self.catalogue.resolve(schema, name, self.search_path)


def is_temporary(relation: Relation | None) -> bool:
    """Whether it is the session's own."""
    return relation is not None and relation.name.schema == TEMPORARY_SCHEMA
