"""What came with the server, and what is the site's own.

Objects below `FIRST_NORMAL_OID` came with the server (FirstNormalObjectId, access/transam.h). So,
in effect, did those of the extensions that PostgreSQL itself ships and that do nothing but compute:
no table, file, connection or text of SQL is among their arguments. A member of such an extension is
trusted where a superuser owns it, for anybody may install some extensions and then add to them, but
what the extension's own script makes belongs to a superuser.
"""

from __future__ import annotations

FIRST_NORMAL_OID = 16384

COMPUTING = (
    "btree_gin", "btree_gist", "citext", "cube", "earthdistance", "fuzzystrmatch", "hstore",
    "intarray", "isn", "ltree", "pg_trgm", "pgcrypto", "seg", "unaccent", "uuid-ossp",
)  # fmt: skip
"""The extensions trusted (PostgreSQL documentation, appendix F). Not dblink, tablefunc, xml2, lo
and others that take the name of a relation, SQL, a file or a server."""

_NAMES = ", ".join(f"'{name}'" for name in COMPUTING)


def own_function(oid: str) -> str:
    """SQL: whether the function of that oid is the site's own. False for oid 0."""
    return _own(oid, "pg_proc", "proowner", "AND x_.prolang IN (12, 13, 14)")


def own_cast(cast: str) -> str:
    """SQL: whether that row of ``pg_cast`` calls a function of the site's own.

    The server makes a cast of every range type to its multirange, by code of its own (prolang 12).
    """
    return f"""({own_function(f"{cast}.castfunc")} AND NOT EXISTS (
         SELECT 1
         FROM pg_catalog.pg_range AS m_ JOIN pg_catalog.pg_proc AS f_ ON f_.oid = {cast}.castfunc
         WHERE m_.rngtypid = {cast}.castsource AND m_.rngmultitypid = {cast}.casttarget
           AND f_.prolang = 12))"""


def own_operator(oid: str) -> str:
    """SQL: whether the operator is, or calls a function that is."""
    calls = "SELECT o_.oprcode FROM pg_catalog.pg_operator AS o_ WHERE o_.oid = "
    function = own_function(f"({calls}{oid})::oid")
    return f"({_own(oid, 'pg_operator', 'oprowner')} OR {function})"


def own_operator_class(oid: str) -> str:
    """SQL: whether the operator class is."""
    return _own(oid, "pg_opclass", "opcowner")


def own_type(oid: str) -> str:
    """SQL: whether the type is."""
    return _own(oid, "pg_type", "typowner")


def _own(oid: str, catalogue: str, owner: str, condition: str = "") -> str:
    return f"""({oid} >= {FIRST_NORMAL_OID} AND NOT EXISTS (
         SELECT 1
         FROM pg_catalog.pg_depend AS d_
         JOIN pg_catalog.pg_extension AS e_ ON e_.oid = d_.refobjid
         JOIN pg_catalog.{catalogue} AS x_ ON x_.oid = d_.objid
         JOIN pg_catalog.pg_roles AS r_ ON r_.oid = x_.{owner} AND r_.rolsuper
         WHERE d_.classid = 'pg_catalog.{catalogue}'::pg_catalog.regclass AND d_.objid = {oid}
           AND d_.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           AND d_.deptype = 'e' AND e_.extname IN ({_NAMES}) {condition}))"""
