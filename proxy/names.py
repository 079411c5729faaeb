"""Names the whole data path shares. Pure, and imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

RuleName = NewType("RuleName", str)
"""A rule of the policy as it appears in refusals, entries and metrics: ``[a-z0-9-]{1,40}``."""

Article = NewType("Article", str)
"""The article of law behind a rule, short form, for example ``实施办法第10条``."""

PrincipalName = NewType("PrincipalName", str)
"""The policy's name for who is asking, ``[a-z0-9-]{1,60}``; never a database user or a person."""

SearchPath = tuple[str, ...]
"""Schemas in the order the server searches them, ``pg_catalog`` included where it stands."""


TEMPORARY_SCHEMA = "pg_temp"
"""What every session calls the schema of its own temporary tables."""


OPERATOR_SETTING = "fengcun.operator"
CASE_SETTING = "fengcun.case_no"
"""What an application sets to say who asks and for which case. CASE is a reserved word."""

CLAIM_SETTINGS = frozenset((OPERATOR_SETTING, CASE_SETTING))


@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """A schema and a name in it, folded as the server folds them (case already decided)."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes ``start`` (inclusive) to ``end`` (exclusive) of a statement's UTF-8 text."""

    start: int
    end: int


def quote_identifier(name: str) -> str:
    """Render ``name`` as a delimited identifier (PostgreSQL 4.1.1), always quoted."""
    return '"' + name.replace('"', '""') + '"'
