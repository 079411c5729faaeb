"""The policy as row-level security: SQL for sites that want a second barrier in the database.

Text only; nothing here runs it. Whoever connects around the proxy then sees what the policy shows.
The proxy's own connections are told by their address and left to the proxy, whose rules have to
read sealed rows in order to hide what hangs on them: under row-level security they could not, and
would answer differently.

A policy's condition runs with the rights of whoever asks, and the tables it reads have policies of
their own, so it is put in a function of a role that no policy binds. That function may not be
called with rows of the caller's making, which would tell whether somebody has a record: it is in a
schema that nobody may use, and policies refer to it by OID.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from proxy.names import QualifiedName, quote_identifier
from proxy.policy.law import Law, PrincipalKind
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.rewrite.predicate import ROW, Template, compile_law
from proxy.rewrite.views import Views
from proxy.statement.catalogue import Catalogue, Relation, RelationKind
from proxy.statement.grammar import TextLimits, parse_tree
from proxy.statement.tree import nodes, text
from proxy.upstream.introspect import Connection

GUARD = "fengcun_guard"
"""The role that reads for the policies, and the schema of its functions."""

_TABLES = frozenset((RelationKind.TABLE, RelationKind.PARTITIONED))
_COPIES = frozenset((RelationKind.MATERIALIZED_VIEW, RelationKind.FOREIGN_TABLE))
_OURS = ("fengcun_others", "fengcun_select", "fengcun_update", "fengcun_delete",
         "fengcun_platform", "fengcun_undeclared")  # fmt: skip

_STANDING = """
SELECT n.nspname::text, c.relname::text,
       c.relrowsecurity AND NOT EXISTS (
         SELECT 1 FROM pg_catalog.pg_policy p
         WHERE p.polrelid = c.oid AND p.polname = 'fengcun_others'),
       COALESCE(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on',
                                      'security_invoker=1', 'security_invoker=yes'], false),
       ARRAY(SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC'
                                  ELSE pg_catalog.quote_ident(r.rolname) END
             FROM pg_catalog.aclexplode(c.relacl) AS a
             LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
             WHERE a.grantee <> c.relowner ORDER BY 1)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid >= 16384"""

_ROLES = "SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY 1"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database already has, by relation. ``restricted``: it has row-level security of the
    site's own. ``invokers``: views that run with the reader's rights. ``grantees``: who besides
    the owner has a right on it, as SQL writes roles."""

    restricted: frozenset[QualifiedName]
    invokers: frozenset[QualifiedName]
    grantees: Mapping[QualifiedName, tuple[str, ...]]
    roles: frozenset[str]


async def read_standing(connection: Connection) -> Standing:
    """Read it. Any login role may. Raises what the connection raises."""
    rows = [tuple(row) for row in await connection.fetch(_STANDING)]
    named = [(QualifiedName(str(row[0]), str(row[1])), row) for row in rows]
    return Standing(
        restricted=frozenset(name for name, row in named if row[2]),
        invokers=frozenset(name for name, row in named if row[3]),
        grantees={name: _strings(row[4]) for name, row in named},
        roles=frozenset(str(row[0]) for row in await connection.fetch(_ROLES)),
    )


@dataclass(frozen=True, slots=True)
class Site:
    """Where the script is for. ``proxies``: the addresses the proxy connects from."""

    law: Law
    catalogue: Catalogue
    standing: Standing
    proxies: tuple[IPv4Network | IPv6Network, ...]


def raise_barriers(site: Site) -> str:
    """The script. The same site gives the same text. It may be run again after a change."""
    parts = [_heading(site), _guard(site)]
    parts += [_protect(site, relation) for relation in _sealed(site)]
    parts += [_deny(site, relation) for relation in _undeclared(site)]
    parts += [_view(view, site) for view in _views(site)]
    parts += [_copy(copy, site) for copy in _copies(site)]
    return "\n\n".join(part for part in parts if part) + "\n\nCOMMIT;\n"


def lower_barriers(site: Site) -> str:
    """The script that takes it back, but for what views and rights were before."""
    lines = [
        f"-- Undoes fengcun harden on the database {_comment(site.catalogue.database)}.",
        "-- Rights that were revoked are not given back. 撤销数据库侧的加固; 已收回的权限不恢复.",
        "BEGIN;",
    ]
    for relation in (*_sealed(site), *_undeclared(site)):
        name = _quoted(relation.name)
        lines += _drop_policies(name)
        lines.append(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY;")
        if relation.name not in site.standing.restricted:
            lines.append(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY;")
    for view in _views(site):
        reset = f"ALTER VIEW {_comment(_quoted(view.name))} RESET (security_invoker);"
        lines.append(f"-- only if it was not set before: {reset}")
    lines += [
        f"DROP SCHEMA IF EXISTS {GUARD} CASCADE;",
        f"DROP OWNED BY {GUARD};",
        "COMMIT;",
        f"-- and when no other database needs it: DROP ROLE {GUARD};",
    ]
    return "\n".join(lines) + "\n"


def access_lines(site: Site, login: str, *, encrypted: bool) -> str:
    """Lines for pg_hba.conf, each a comment: nobody but the proxy reaches the database.

    ``login``: the proxy's own, which reads the catalogues.
    """
    users = sorted({m.user for p in site.law.principals for m in p.matches if m.user} | {login})
    kind, database = ("hostssl" if encrypted else "host"), quote_identifier(site.catalogue.database)
    lines = [
        "-- pg_hba.conf, before all other lines; use the method that the logins have now:",
        *(
            f"--   {kind:<8}{_comment(database)}  {_comment(quote_identifier(user))}  {proxy}"
            "  scram-sha-256"
            for user in users
            for proxy in site.proxies
        ),
        f"--   {'host':<8}{_comment(database)}  all  all  reject",
    ]
    return "\n".join(lines) + "\n"


def _heading(site: Site) -> str:
    masked = sorted(
        f"{name}.{column}"
        for name, rule in site.law.relations.items()
        if name.schema not in SYSTEM_SCHEMAS
        for column in rule.mask
    )
    return f"""\
-- Row-level security for the database {_comment(site.catalogue.database)}, from the policy
-- {site.law.digest}
-- Read it before you run it, as a superuser: psql -v ON_ERROR_STOP=1 -f FILE
-- Print fengcun harden --undo first and keep it. 先阅读, 先留存撤销脚本, 再以超级用户执行.
--
-- For whoever does not come from {", ".join(map(str, site.proxies))}:
-- a sealed row is not there; platforms see no row of a protected table; the owner is bound, too,
-- but can switch all this off: let no application log in as the owner.
-- INSERT and UPDATE fail where they read a row (RETURNING, WHERE) that would be sealed afterwards.
-- pg_dump and other maintenance need a role with BYPASSRLS; superusers are never bound.
-- Masked columns are shown to them: {_comment(", ".join(masked)) or "there are none"}
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;"""


def _guard(site: Site) -> str:
    read = sorted({name for template in _templates(site).values() for name in _reads(template)})
    schemas = sorted({name.schema for name in read} | {r.name.schema for r in _sealed(site)})
    lines = [
        f"""\
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{GUARD}') THEN
    CREATE ROLE {GUARD} NOLOGIN BYPASSRLS;
  END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS {GUARD};
REVOKE ALL ON SCHEMA {GUARD} FROM PUBLIC;"""
    ]
    lines += [f"GRANT USAGE ON SCHEMA {quote_identifier(schema)} TO {GUARD};" for schema in schemas]
    lines += [f"GRANT SELECT ON {_quoted(name)} TO {GUARD};" for name in read]
    return "\n".join(lines)


def _protect(site: Site, relation: Relation) -> str:
    name, rule = _quoted(relation.name), site.law.relations[relation.name]
    lines = [f"-- {_comment(str(relation.name))}, {_comment(rule.article)}", *_drop_policies(name)]
    template = _templates(site).get(relation.name)
    if template is not None:
        lines.append(_function(name, template))
        row = quote_identifier(relation.name.name)
        using = f"USING ({_is_proxy(site)}\n    OR {GUARD}.shows({row}.*))"
        for command, check in (("select", ""), ("update", " WITH CHECK (true)"), ("delete", "")):
            lines.append(
                f"CREATE POLICY fengcun_{command} ON {name} AS RESTRICTIVE FOR {command.upper()}"
                f"\n  {using}{check};"
            )
    platforms = ", ".join(map(quote_identifier, _platforms(site)))
    if platforms:
        lines.append(
            f"CREATE POLICY fengcun_platform ON {name} AS RESTRICTIVE TO {platforms} USING (false);"
        )
    return "\n".join([*lines, *_enable(site, relation)])


def _function(name: str, template: Template) -> str:
    body = f"SELECT ({template.render(ROW)}\n) IS TRUE FROM (SELECT ($1).*) AS {ROW}"
    tag = "fengcun"
    while f"${tag}$" in body:
        tag += "_"
    return f"""\
CREATE OR REPLACE FUNCTION {GUARD}.shows({name}) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS ${tag}$ {body} ${tag}$;
ALTER FUNCTION {GUARD}.shows({name}) OWNER TO {GUARD};"""


def _deny(site: Site, relation: Relation) -> str:
    name, proxy = _quoted(relation.name), _is_proxy(site)
    why = "is not declared, and refers to a protected relation or shares rows with one."
    policy = f"CREATE POLICY fengcun_undeclared ON {name} AS RESTRICTIVE"
    lines = [f"-- {_comment(str(relation.name))} {why}", *_drop_policies(name), policy]
    lines.append(f"  USING ({proxy}) WITH CHECK ({proxy});")
    return "\n".join([*lines, *_enable(site, relation)])


def _is_proxy(site: Site) -> str:
    """Asked once a statement, for it is a subquery that depends on no row."""
    proxies = ",".join(map(str, site.proxies))
    return f"(SELECT COALESCE(inet_client_addr() <<= ANY ('{{{proxies}}}'::inet[]), false))"


def _view(view: Relation, site: Site) -> str:
    if view.name in site.standing.invokers:
        return ""
    return (
        f"-- {_comment(str(view.name))} reads protected relations with its owner's rights.\n"
        f"ALTER VIEW {_quoted(view.name)} SET (security_invoker = true);"
    )


def _copy(copy: Relation, site: Site) -> str:
    grantees = site.standing.grantees.get(copy.name, ())
    if not grantees:
        return ""
    return (
        f"-- {_comment(str(copy.name))} is outside row-level security; its owner keeps it.\n"
        f"REVOKE ALL ON {_quoted(copy.name)} FROM {', '.join(grantees)};"
    )


def _enable(site: Site, relation: Relation) -> list[str]:
    """A row needs one permissive policy to be seen; the restrictive ones take away from that."""
    name = _quoted(relation.name)
    if relation.name in site.standing.restricted:
        first = "-- It has row-level security of its own, which now binds its owner, too."
    else:
        first = f"CREATE POLICY fengcun_others ON {name} USING (true) WITH CHECK (true);"
    switches = [f"ALTER TABLE {name} {word} ROW LEVEL SECURITY;" for word in ("ENABLE", "FORCE")]
    return [first, *switches]


def _drop_policies(name: str) -> list[str]:
    return [f"DROP POLICY IF EXISTS {policy} ON {name};" for policy in _OURS]


def _templates(site: Site) -> dict[QualifiedName, Template]:
    compiled = compile_law(site.law)
    found = ((relation.name, compiled[relation.name].shown) for relation in _sealed(site))
    return {name: shown for name, shown in found if shown is not None}


def _reads(template: Template) -> Iterator[QualifiedName]:
    for kind, body in nodes(list(parse_tree(f"SELECT {template.render(ROW)}"))):
        if kind == "RangeVar":
            yield QualifiedName(text(body, "schemaname"), text(body, "relname"))


def _sealed(site: Site) -> list[Relation]:
    relations = site.catalogue.relations
    return [
        relations[name]
        for name in sorted(site.law.relations)
        if name.schema not in SYSTEM_SCHEMAS
        and name in relations
        and relations[name].kind in _TABLES
    ]


def _undeclared(site: Site) -> list[Relation]:
    protected = site.law.relations.keys()
    return [
        relation
        for name, relation in sorted(site.catalogue.relations.items())
        if relation.kind in _TABLES
        and name not in protected
        and name not in site.law.open_relations
        and protected & {*relation.references, *relation.parents, *relation.children}
    ]


def _views(site: Site) -> list[Relation]:
    views = Views(site.law, site.catalogue, TextLimits())
    return [
        relation
        for name, relation in sorted(site.catalogue.relations.items())
        if relation.kind is RelationKind.VIEW
        and name.schema not in SYSTEM_SCHEMAS
        and name not in site.law.open_relations
        and not views.is_plain(relation, 0)
    ]


def _copies(site: Site) -> list[Relation]:
    return [
        relation
        for name, relation in sorted(site.catalogue.relations.items())
        if relation.kind in _COPIES and name not in site.law.open_relations
    ]


def _platforms(site: Site) -> list[str]:
    users = {
        match.user
        for principal in site.law.principals
        if principal.kind is PrincipalKind.PLATFORM
        for match in principal.matches
        if match.user
    }
    return sorted(users & site.standing.roles)


def _quoted(name: QualifiedName) -> str:
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"


def _comment(words: str) -> str:
    """Text that cannot end the comment it stands in."""
    return "".join(c if c.isprintable() else "?" for c in words)


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("the catalogue query gave no array where one was asked for")
    return tuple(map(str, value))
