"""The `Law` that statements are judged by: policy.toml together with what is built in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from proxy.names import QualifiedName
from proxy.policy.law import Law, Volatility
from proxy.settings.enact import enact, relation_rule
from proxy.settings.policy import PolicyTables, RelationTable, qualified_name
from proxy.settings.problems import Document, read_document, validated
from proxy.settings.section import Section
from proxy.settings.shipped import shipped_file


class BuiltinTables(Section):
    """config/builtin.toml: what may be read of the system catalogues, and with which masks."""

    readable: dict[str, tuple[str, ...]]
    """Schema -> relations in it that tell nothing of sealed records."""
    relation: dict[str, RelationTable]
    """Relations that may be read with masks, by "schema.name"."""


class FunctionLists(Section):
    """config/functions.toml: functions of the server that reach nothing sealed, by name."""

    stable: tuple[str, ...]
    """Functions without effects."""
    volatile: tuple[str, ...]
    """Functions that may change something: recorded before they are run."""
    withheld: tuple[str, ...]
    """Functions that tell how much there is, sealed rows included: answered with NULL."""


def load_law(file: Path) -> Law:
    """Read policy.toml. Raises `ConfigurationProblems` with everything that is wrong."""
    return law_of(read_document(file))


def law_of(document: Document) -> Law:
    """The `Law` in a policy.toml that was read. Raises `ConfigurationProblems`."""
    return enact(document, validated(document, PolicyTables), load_builtin())


def load_builtin() -> Law:
    """What every site has: readable system relations and vetted functions. No principals."""
    readable = read_document(shipped_file("builtin.toml"))
    tables = validated(readable, BuiltinTables)
    listed = read_document(shipped_file("functions.toml"))
    functions = validated(listed, FunctionLists)
    rules = {qualified_name(name): table for name, table in tables.relation.items()}
    return Law(
        digest=hashlib.sha256(readable.content + listed.content).hexdigest(),
        relations={name: relation_rule(name, table) for name, table in rules.items()},
        principals=(),
        system_relations=frozenset(
            QualifiedName(schema, name)
            for schema, names in tables.readable.items()
            for name in names
        ),
        vetted_functions={
            **dict.fromkeys(functions.stable, Volatility.STABLE),
            **dict.fromkeys(functions.volatile, Volatility.VOLATILE),
        },
        withheld_functions=frozenset(functions.withheld),
    )
