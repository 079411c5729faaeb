"""Statements that change what the database contains, as far as administrators are served them.

A closed list. What is not on it stays refused for everybody: roles and their memberships,
extensions, servers and languages, event triggers, casts and operators, publications, tablespaces,
anything that copies rows (CREATE TABLE ... AS, materialised views) or takes them away (TRUNCATE).
"""

from __future__ import annotations

from proxy.statement.tree import Body, Json, body_of, field, items, nodes, strings, text

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

REWRITING = frozenset(("AlterTableStmt",))
"""Those that run what they call on every row, and keep what it returns where it can be read."""

CARRYING = frozenset(
    (
        "AlterDomainStmt", "AlterPolicyStmt", "CreateDomainStmt", "CreatePolicyStmt",
        "CreateSchemaStmt", "CreateStmt", "IndexStmt",
    )
)  # fmt: skip
"""Those whose expressions (defaults, checks, policies) other statements run without naming them.
A view's are judged where it is read; and functions of the site's own, but for those of policies,
triggers' and rules' where they are set off (`proxy.statement.catalogue.Relation.own_code`)."""

READ = frozenset(("AlterPolicyStmt", "CreatePolicyStmt"))
"""Those of which a mere reading runs the expressions."""

ANYTHING = "*"
"""In the place of a name: nobody can say what else is taken apart."""

_TAKING_APART = frozenset(("AlterTableStmt", "DropStmt", "RenameStmt", "AlterObjectSchemaStmt"))
_RELATIONS = frozenset(
    ("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE")
)
_TEMPORARY = "pg_temp"


def changed(kind: str, body: Body) -> frozenset[str]:
    """The names, without their schemas, of what is altered, renamed, moved or dropped; with
    `ANYTHING` where more may go with it, or the values of an enum change their meaning."""
    if kind == "AlterEnumStmt":
        return frozenset((ANYTHING,)) if text(body, "oldVal") else frozenset()
    if kind not in _TAKING_APART:
        return frozenset()
    names = {text(inner, "relname") for node, inner in nodes({kind: body}) if node == "RangeVar"}
    sorts = {text(body, "removeType"), text(body, "renameType")}
    if sorts & _RELATIONS:
        names |= {strings(items(each, "items"))[-1] for each in _lists(body)}
        names.add(text(body, "newname"))
    if "OBJECT_SCHEMA" in sorts or text(body, "behavior") == "DROP_CASCADE":
        names.add(ANYTHING)
    return frozenset(names - {""})


def redefined(kind: str, body: Body) -> frozenset[str]:
    """The names, without their schemas, of relations that are going to mean or to run something
    else: by CREATE OR REPLACE VIEW, a rule or a trigger."""
    target = {"ViewStmt": "view", "RuleStmt": "relation", "CreateTrigStmt": "relation"}.get(kind)
    relation = field(body, target) if target is not None else None
    return frozenset() if relation is None else frozenset((text(relation, "relname"),))


def _lists(body: Body) -> list[Body]:
    """The qualified names that a DROP lists."""
    found = (body_of(each, "List") for each in items(body, "objects"))
    return [each for each in found if each is not None]


def makes_temporary(tree: Json) -> bool:
    """Whether it may make something that only its session sees: that would hide lasting objects
    of the same name from the session, and nobody could judge it by the catalogue.

    ``TEMP`` (``RangeVar.relpersistence``), or a name that begins like the schema's.
    """
    match tree:
        case str():
            return tree.startswith(_TEMPORARY)
        case list():
            return any(makes_temporary(each) for each in tree)
        case dict():
            return tree.get("relpersistence") == "t" or any(map(makes_temporary, tree.values()))
        case _:
            return False
