"""Statements that change what the database contains, as far as administrators are served them.

A closed list. What is not on it stays refused for everybody: roles and their memberships,
extensions, servers and languages, event triggers, casts and operators, publications, tablespaces,
anything that copies rows (CREATE TABLE ... AS, materialised views) or takes them away (TRUNCATE).
"""

from __future__ import annotations

from proxy.statement.tree import Json

KINDS = frozenset(
    (
        "AlterDomainStmt", "AlterEnumStmt", "AlterFunctionStmt", "AlterObjectSchemaStmt",
        "AlterOwnerStmt", "AlterPolicyStmt", "AlterSeqStmt", "AlterStatsStmt", "AlterTableStmt",
        "CommentStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateEnumStmt",
        "CreateFunctionStmt", "CreatePolicyStmt", "CreateSchemaStmt", "CreateSeqStmt",
        "CreateStatsStmt", "CreateStmt", "CreateTrigStmt", "DropStmt", "GrantStmt", "IndexStmt",
        "RefreshMatViewStmt", "RenameStmt", "RuleStmt", "ViewStmt",
    )
)  # fmt: skip
"""Root nodes (PostgreSQL's parsenodes.h)."""

_TEMPORARY = "pg_temp"


def is_temporary(tree: Json) -> bool:
    """Whether it may make something that only its session sees: that would hide lasting objects
    of the same name from the session, and nobody could judge it by the catalogue.

    ``TEMP`` (``RangeVar.relpersistence``), or a name that begins like the schema's.
    """
    match tree:
        case str():
            return tree.startswith(_TEMPORARY)
        case list():
            return any(is_temporary(each) for each in tree)
        case dict():
            return tree.get("relpersistence") == "t" or any(map(is_temporary, tree.values()))
        case _:
            return False
