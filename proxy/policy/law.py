"""The policy in force as values: which relations the law seals, how, and for whom. Pure.

``proxy.settings`` reads ``policy.toml`` into these; nothing here knows TOML. A predicate is SQL
over one row of its relation, the row being called ``self``: ``self.role = 'WITNESS'``. It must be
total (never raise) and only TRUE shows the row, so NULL and FALSE hide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import IPv4Network, IPv6Network

from proxy.names import Article, PrincipalName, QualifiedName
from proxy.policy.attribution import AttributionRule
from proxy.policy.limits import NO_LIMITS, Limits
from proxy.statement.counting import Counting
from proxy.statement.tree import Json


class PrincipalKind(Enum):
    """Who is asking, by standing in law. A platform can hold no permit and sees nothing sealed."""

    PLATFORM = "platform"
    UNIT = "unit"
    JUDICIAL = "judicial"
    HANDLER = "handler"
    COUNTER = "counter"
    ADMINISTRATOR = "administrator"


class Scope(Enum):
    """What a permit (查询许可) lets a statement see. FULL: the whole record, for judicial organs
    (实施办法第16条: 查阅, 摘抄, 复制). CONVICTION: whether there was a penalty, for what, how long
    (other units). MISSING_CHILD: who a minor victim, witness or party is (未成年人保护法第103条).
    BATCH: a list of people may be asked for at once; nothing sealed shows."""

    FULL = "full"
    CONVICTION = "conviction"
    MISSING_CHILD = "missing-child"
    BATCH = "batch"


OUTSIDERS = frozenset((PrincipalKind.PLATFORM, PrincipalKind.UNIT, PrincipalKind.ADMINISTRATOR))
"""Who is not told that something was sealed: the label on a file (实施办法第5, 6条) is for those
who work with the file, and says to anybody else that a minor was in it. The counter of the agency
is told, because who answers a unit's question has to know which files hold what it must not give
out."""


STATISTICIANS = frozenset((PrincipalKind.UNIT, PrincipalKind.JUDICIAL))
"""Who may be given a statistic. A platform gets nothing of what is sealed, a handler has its own
cases, and the counter answers about one person at a time."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a session becomes a principal; a None condition is not asked, all others must hold.

    A principal without a single condition is an error in the policy, never a match for everyone.
    """

    user: str | None = None
    database: str | None = None
    source: IPv4Network | IPv6Network | None = None
    application_name: str | None = None
    certificate: str | None = None
    """The subject of the client's certificate, as `proxy.policy.subject` writes it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as the policy knows them."""

    name: PrincipalName
    kind: PrincipalKind
    matches: tuple[Match, ...]
    article: Article | None = None
    units: tuple[str, ...] = ()
    """The units whose cases it handles, by the site's codes; of kind handler only."""
    attribution: AttributionRule = field(default_factory=AttributionRule)
    """How its sessions say which person asks."""
    connections_max: int | None = None
    """How many sessions it may have at a time, in all workers; None for any number."""
    limits: Limits = NO_LIMITS
    """How much of protected relations it may read."""
    bulk_refused: bool = False
    """Protected relations are read for people it names, or counted, and not otherwise."""

    @property
    def is_outsider(self) -> bool:
        """Whether it is not even told that something was sealed."""
        return self.kind in OUTSIDERS


@dataclass(frozen=True, slots=True)
class Follows:
    """Sealed with its parent: visible when the parent row, found by ``on``, is visible.

    ``on`` maps own column to parent column. ``nullable``: a NULL own key is visible too.
    """

    relation: QualifiedName
    on: Mapping[str, str]
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Projected:
    """Rows that a permit of scope CONVICTION shows, by a condition of their own, and the columns
    that show in them; all others are NULL. Nothing that follows or asks the relation knows it."""

    when: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class RelationRule:
    """What the law does to one relation.

    ``visible_when`` and ``follows`` are ANDed; at least one of the three kinds of restriction must
    be there. ``mask`` maps column to the SQL expression shown unless ``mask_unless`` is TRUE for
    the row. What is in ``mask_for_outsiders`` is shown to `OUTSIDERS` in every row, so that none is
    marked, and with ``masked_rows_hidden`` they have no row that would be masked; `Law.outside` has
    both written out. ``handled_when``, as the policy has it: a row that a handler's unit handles,
    which is shown to that handler as if nothing sealed it; `Law.handled` has it written out.
    ``subject`` is the column naming whose record the row is, by a key of the site's own;
    ``identifies`` are those that name them by an identity number. ``permitted`` is by scope what a
    permit shows, as the policy has it; `Law.permitted` has it written out, with ``widened_by`` the
    scopes that change what is seen of this relation, and ``projected``.
    """

    name: QualifiedName
    article: Article
    visible_when: str | None = None
    follows: tuple[Follows, ...] = ()
    mask: Mapping[str, str] = field(default_factory=dict)
    mask_unless: str | None = None
    mask_for_outsiders: Mapping[str, str] = field(default_factory=dict)
    masked_rows_hidden: bool = False
    handled_when: str | None = None
    subject: str | None = None
    identifies: tuple[str, ...] = ()
    permitted: Mapping[Scope, str] = field(default_factory=dict)
    projected: Projected | None = None
    widened_by: frozenset[Scope] = frozenset()


@dataclass(frozen=True, slots=True)
class FindingRule:
    """What a scan looks for: what should be sealed and is not, or waits for somebody.

    ``query`` is one SELECT whose columns are the keys of what was found, read from ``relations``;
    ``title`` says to people what it means that there is a row.
    """

    name: str
    article: Article
    severity: str
    title: str
    query: str
    relations: frozenset[QualifiedName]


@dataclass(frozen=True, slots=True)
class Statistic:
    """Counts over all rows, sealed ones among them, for whoever sends exactly this statement.

    ``sql`` is the statement in one line of ASCII, ``tree`` what the grammar makes of it, a
    SelectStmt, and ``counting`` what that says. Of sealed rows none are counted in a cell where
    there are fewer than ``least``, and no cell is given out whose count is less.
    """

    name: str
    article: Article
    principals: frozenset[PrincipalName]
    least: int
    sql: str
    tree: Json
    counting: Counting


class Volatility(Enum):
    """VOLATILE functions may change something: their statement is recorded before it is sent."""

    STABLE = "stable"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True)
class Law:
    """A whole policy. ``digest`` is the hex SHA-256 of the file in force.

    ``open_relations``: the administrator's word that a view, or a table that references a
    protected one, carries nothing sealed. ``approved_functions``: likewise for user functions, by
    signature, each with the digest that was approved (`proxy.statement.catalogue.UserFunction`).
    ``system_relations`` may be read although no rule names them; every other relation of
    ``pg_catalog`` and ``information_schema`` is refused. ``vetted_functions`` are names in
    these schemas, none of whose overloads can reach a relation, a file or another session.
    ``withheld_functions``, likewise of ``pg_catalog``, answer with what counts sealed rows too:
    their calls stay in the statement and are never run. ``seals_nothing``: the administrator's word
    that no database behind this proxy holds anything sealed: statements pass as they come.
    ``handled`` has all rules as they are for handlers, by the units whose cases they handle.
    ``permitted``, likewise, as they are while a permit counts: a constant of
    `proxy.policy.permit.mark` stands where its subjects go.
    ``outside`` has those rules that are others for `OUTSIDERS`; in `from_outside`, those that were
    replaced. ``findings`` is what scans look for, ``statistics`` what is counted for whom.
    """

    digest: str
    relations: Mapping[QualifiedName, RelationRule]
    principals: tuple[Principal, ...]
    open_relations: frozenset[QualifiedName] = frozenset()
    approved_functions: Mapping[str, str] = field(default_factory=dict)
    system_relations: frozenset[QualifiedName] = frozenset()
    vetted_functions: Mapping[str, Volatility] = field(default_factory=dict)
    withheld_functions: frozenset[str] = frozenset()
    seals_nothing: bool = False
    handled: Mapping[tuple[str, ...], Mapping[QualifiedName, RelationRule]] = field(
        default_factory=dict
    )
    permitted: Mapping[tuple[str, ...], Mapping[QualifiedName, RelationRule]] = field(
        default_factory=dict
    )
    outside: Mapping[QualifiedName, RelationRule] = field(default_factory=dict)
    findings: tuple[FindingRule, ...] = ()
    statistics: tuple[Statistic, ...] = ()

    def from_outside(self) -> Law:
        """The law as it is for `OUTSIDERS`."""
        if not self.outside:
            return self
        replaced = {name: self.relations[name] for name in self.outside}
        return replace(self, relations={**self.relations, **self.outside}, outside=replaced)

    def seen_by(self, units: tuple[str, ...]) -> Law:
        """The law as it is for who handles the cases of ``units``."""
        return replace(self, relations=self.handled[units]) if units in self.handled else self

    def statistics_of(self, principal: Principal) -> tuple[Statistic, ...]:
        """Those that it may ask for."""
        if principal.kind not in STATISTICIANS:
            return ()
        return tuple(each for each in self.statistics if principal.name in each.principals)

    def permitting(self, units: tuple[str, ...]) -> Law:
        """The law as it is for them while a permit counts."""
        relations = self.permitted.get(units) or self.seen_by(units).relations
        return replace(self, relations=relations)
