"""The shape of policy.toml: what may be written where. `proxy.settings.law` gives it meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from proxy.names import QualifiedName
from proxy.policy.attribution import NameForm
from proxy.policy.law import PrincipalKind
from proxy.policy.subject import subject_as_written
from proxy.settings.section import Count, Section, Text
from proxy.settings.statistic import StatisticTable

_NAME = re.compile(r'(?:"((?:[^"]|"")+)"|([^".\s]+))\.(?:"((?:[^"]|"")+)"|([^".\s]+))')
_SIGNATURE = re.compile(r'((?:"(?:[^"]|"")+"|[^".\s(]+)\.(?:"(?:[^"]|"")+"|[^".\s(]+))\(.*\)')
_SAYS_WHO = ("operator_from", "operator_required", "operator_in_application_name")
_FOR_PLATFORMS = frozenset(("name", "kind", "match", "article", "limits", "bulk", *_SAYS_WHO))


def qualified_name(written: str) -> QualifiedName:
    """``schema.name`` as a policy writes it. Raises ValueError with what was expected."""
    found = _NAME.fullmatch(written)
    if found is None:
        raise ValueError('expected "schema.name"')
    parts = [
        quoted.replace('""', '"') if quoted is not None else plain
        for quoted, plain in (found.group(1, 2), found.group(3, 4))
    ]
    if any(plain is not None and plain != plain.lower() for plain in found.group(2, 4)):
        raise ValueError(
            "the server folds names to lower case: write lower case, or quote the name"
        )
    return QualifiedName(*parts)


def name_of(signature: str) -> QualifiedName:
    """The name in ``schema.name(types)``. Raises ValueError with what was expected."""
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise ValueError('expected "schema.name(argument types)", as fengcun inventory prints it')
    return qualified_name(found[1])


def _is_signature(written: str) -> str:
    name_of(written)
    return written


def _is_qualified(written: str) -> str:
    qualified_name(written)
    return written


def _network(written: object) -> object:
    try:
        return ip_network(written if isinstance(written, str) else "")
    except ValueError:
        raise ValueError("expected a network such as 10.8.0.0/16, host bits zero") from None


def _as_list(value: object) -> object:
    """One table stands for an array of one."""
    return [value] if isinstance(value, Mapping) else value


def _as_texts(value: object) -> object:
    """One text stands for an array of one."""
    return [value] if isinstance(value, str) else value


UnitText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
QualifiedText = Annotated[str, AfterValidator(_is_qualified)]
SignatureText = Annotated[str, AfterValidator(_is_signature)]
SubjectText = Annotated[str, AfterValidator(subject_as_written)]
NameFormText = Annotated[str, AfterValidator(NameForm.as_written)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class FollowsTable(Section):
    """Sealed with its parent."""

    relation: QualifiedText
    """The parent, as "schema.name"; a relation of this policy."""
    on: Annotated[dict[Text, Text], Field(min_length=1)]
    """Own column -> column of the parent."""
    nullable: bool = False
    """Whether a row without a parent (the key is NULL) may be seen."""


class ProjectionTable(Section):
    """What a permit for a conviction shows: some rows, and of them some columns."""

    when: Text
    """SQL over the row `self` and `permit.subjects`; TRUE shows the row, whatever it follows."""
    columns: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The columns shown in such a row; all others are NULL in it."""


class PermittedTable(Section):
    """What permits (查询许可) show more of a relation, by the permit's scope. `permit.subjects`
    stands for the identity numbers they are for: `translate(self.id_no, ...) IN (permit.subjects)`.
    """

    full: Text | None = None
    """SQL over the row `self` and `permit.subjects`; TRUE shows the row, as far as what it follows
    is shown, and with it what follows it."""
    conviction: ProjectionTable | None = None
    """Rows of whoever was convicted, a few columns of each."""
    missing_child: Text | None = None
    """SQL over the row `self` and `permit.subjects`; TRUE shows the columns of `mask`, or,
    where the relation has none, the row, as far as what it follows is shown."""


class RelationTable(Section):
    """What the law does to one relation: restrict it, or leave it open."""

    article: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """The article of law behind the rule."""
    visible_when: Text | None = None
    """SQL over the row `self`; only TRUE shows it, NULL hides it."""
    follows: Annotated[tuple[FollowsTable, ...], BeforeValidator(_as_list)] = ()
    """The parents it is sealed with: a table, or an array of them."""
    mask: dict[Text, Text] = Field(default_factory=dict)
    """Column -> SQL shown in its place."""
    mask_unless: Text | None = None
    """SQL over the row `self`; TRUE shows the columns of `mask` as they are."""
    mask_for_outsiders: dict[Text, Text] = Field(default_factory=dict)
    """Column -> SQL shown to platforms, units and administrators in every row, for a label itself
    would tell them; every column of `mask` has to be in it."""
    masked_rows_hidden: bool = False
    """Whether the same have no row at all that `mask` would be applied to."""
    handled_when: Text | None = None
    """SQL over the row `self` and `handler.unit`; TRUE shows the row, unmasked, to handlers of that
    unit, as far as what it follows is shown."""
    permitted: PermittedTable | None = None
    """What permits show more of it."""
    subject: Text | None = None
    """The column that says whose record a row is."""
    identifies: Annotated[tuple[Text, ...], BeforeValidator(_as_texts), Field(max_length=8)] = ()
    """Columns with an identity number that says whose record a row is."""
    open: bool = False
    """The administrator's word that nothing sealed is in it."""

    @model_validator(mode="after")
    def _means_something(self) -> RelationTable:
        restricts = self.visible_when or self.follows or self.mask
        more = self.mask_unless or self.handled_when or self.subject
        if self.open:
            outside = self.mask_for_outsiders or self.masked_rows_hidden
            if restricts or more or self.identifies or self.permitted or outside:
                raise ValueError("open = true says that nothing is sealed; remove the other keys")
            return self
        if not restricts:
            raise ValueError("says nothing; add visible_when, follows or mask, or open = true")
        if self.article is None:
            raise ValueError("article is missing: name the article of law behind this rule")
        if self.mask_unless and not self.mask:
            raise ValueError("mask_unless has no mask to lift")
        self._tells_outsiders_nothing()
        return self

    @model_validator(mode="after")
    def _has_what_a_permit_widens(self) -> RelationTable:
        permitted = self.permitted
        if permitted is None:
            return self
        if permitted.full and not self.visible_when:
            raise ValueError(
                "permitted.full widens visible_when, and the relation has none: permit what it"
                " follows"
            )
        if permitted.missing_child and not (self.mask or self.visible_when):
            raise ValueError(
                "permitted.missing_child has no mask to lift and no visible_when to widen"
            )
        if permitted.conviction and (self.mask or not (self.visible_when or self.follows)):
            raise ValueError(
                "permitted.conviction is for relations whose rows are hidden and that have no mask"
            )
        return self

    def _tells_outsiders_nothing(self) -> None:
        if self.mask_for_outsiders and self.masked_rows_hidden:
            raise ValueError("mask_for_outsiders and masked_rows_hidden: write one of them")
        if self.masked_rows_hidden and not self.mask_unless:
            raise ValueError("masked_rows_hidden hides all rows; add mask_unless")
        left = sorted(self.mask.keys() - self.mask_for_outsiders.keys())
        if self.mask_for_outsiders and left:
            raise ValueError(
                f"mask_for_outsiders has to say what becomes of {', '.join(left)}, too"
            )


class FunctionTable(Section):
    """A function of the site's own: the administrator's word that it reaches nothing sealed,
    whoever calls it with whatever."""

    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """What was approved, as `fengcun inventory` prints it; a function that has changed is not."""


class FindingTable(Section):
    """What a scan looks for: what should be sealed and is not, or waits for somebody."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    """The rule in the ledger's entries, in public: never about a person."""
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """What a row means, for who opens the entry."""
    article: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The article of law behind it."""
    severity: Literal["notice", "warning", "alarm"] = "notice"
    """How urgent it is."""
    query: Text
    """One SELECT of key columns, `visible(alias)` as in rules; each row is one finding."""
    within_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None
    """A time limit in calendar days: `finding.within_days` in the query."""


class MatchTable(Section):
    """How a session is recognised; all conditions given must hold."""

    user: Text | None = None
    """The database user it logs in as."""
    database: Text | None = None
    """The database it asks for."""
    source: Network | None = None
    """The network its address is in."""
    application_name: Text | None = None
    """The application_name it gives when it connects."""
    certificate: SubjectText | None = None
    """The subject of the certificate it shows, by RFC 4514: "CN=desk,O=agency"."""

    @model_validator(mode="after")
    def _asks_something(self) -> MatchTable:
        if not (self.user or self.database or self.source or self.certificate):
            raise ValueError(
                "would match everyone; add user, database, source or certificate"
                " (an application_name alone is whatever the client says)"
            )
        return self


class PrincipalLimits(Section):
    """What one principal may take up."""

    connections_max: Count | None = None
    """Sessions at a time, in all workers; the next one is refused with 53300."""
    rows_per_statement: Count | None = None
    """Rows of protected relations that one statement gives; the next one ends it with 54000."""
    subjects_per_statement: Count | None = None
    """People that one statement may name."""
    subjects_per_hour: Count | None = None
    """Different people in an hour, of each operator that it names."""
    subjects_per_day: Count | None = None
    """Likewise in 24 hours."""
    subjects_per_30_days: Count | None = None
    """Likewise in 30 days."""
    subjects_per_year: Count | None = None
    """Likewise in 365 days."""
    subjects_per_case: Count | None = None
    """Different people in 365 days for each case that a statement names, instead of those above."""
    cases_per_day: Count | None = None
    """Different cases in 24 hours, of each operator; needed beside subjects_per_case."""
    operators_per_day: Count | None = None
    """Different operators in 24 hours; who invents names to begin afresh is stopped here."""

    @model_validator(mode="after")
    def _counts_cases(self) -> PrincipalLimits:
        if (self.subjects_per_case is None) != (self.cases_per_day is None):
            raise ValueError(
                "subjects_per_case and cases_per_day need each other: a case number is whatever"
                " the client says, and each new one would begin afresh"
            )
        return self


class PrincipalTable(Section):
    """Who is asking."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    """The name in decisions and permits; never a person's."""
    kind: Literal["platform", "unit", "judicial", "handler", "counter", "administrator"]
    """Its standing in law."""
    match: Annotated[tuple[MatchTable, ...], BeforeValidator(_as_list), Field(min_length=1)]
    """How its sessions are recognised: a table, or an array of them of which one must match."""
    article: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """The article of law its standing rests on."""
    unit: Annotated[tuple[UnitText, ...], BeforeValidator(_as_texts), Field(max_length=32)] = ()
    """For a handler: the codes of the units whose cases it handles, `handler.unit` in the rules."""
    limits: PrincipalLimits = PrincipalLimits()
    """What it may take up."""
    bulk: Literal["refused", "counted"] = "counted"
    """What becomes of statements that read protected relations without naming people."""
    operator_from: tuple[
        Literal["setting", "comment", "application_name", "user", "certificate"], ...
    ] = ("setting", "comment")
    """Where its sessions say which person asks; all that say anything must say the same."""
    operator_in_application_name: NameFormText | None = None
    """What an application_name says, as "desk/{operator}/{case}"."""
    operator_required: bool = False
    """Refuse what touches a protected relation where no person is named."""

    @model_validator(mode="after")
    def _handles_by_what_is_proven(self) -> PrincipalTable:
        if self.unit and self.kind != PrincipalKind.HANDLER.value:
            raise ValueError("only a principal of kind handler handles a unit's cases; remove unit")
        if self.unit and any(match.application_name is not None for match in self.match):
            raise ValueError(
                "a client chooses its application_name, so it cannot make it a unit's handler;"
                " remove application_name"
            )
        return self

    @model_validator(mode="after")
    def _reads_application_names(self) -> PrincipalTable:
        if ("application_name" in self.operator_from) != bool(self.operator_in_application_name):
            raise ValueError(
                'operator_from = ["application_name"] and operator_in_application_name'
                " need each other"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _platforms_get_nothing_more(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("kind") == PrincipalKind.PLATFORM.value:
            more = sorted(str(key) for key in values.keys() - _FOR_PLATFORMS)
            if more:
                raise ValueError(
                    f"a platform can be given no permit and no exception (实施办法第10条);"
                    f" remove {', '.join(more)}"
                )
        return values


class PolicyTables(Section):
    """A whole policy.toml."""

    seals_nothing: bool = False
    """The administrator's word that no database behind this proxy holds anything sealed: every
    statement passes as it comes, and is recorded."""
    relation: dict[QualifiedText, RelationTable] = Field(default_factory=dict)
    """Relations, by "schema.name"."""
    function: dict[SignatureText, FunctionTable] = Field(default_factory=dict)
    """The site's own functions that may be called, by "schema.name(argument types)"."""
    finding: tuple[FindingTable, ...] = ()
    """What scans look for."""
    statistic: tuple[StatisticTable, ...] = ()
    """What may be counted with sealed rows in it."""
    principal: tuple[PrincipalTable, ...] = ()
    """Who connects. Who matches none is refused."""

    @model_validator(mode="after")
    def _seals_something_or_nothing(self) -> PolicyTables:
        more = self.relation or self.function or self.finding or self.statistic
        if self.seals_nothing and more:
            raise ValueError(
                "seals_nothing = true passes everything: remove it, or all of relation, function,"
                " finding and statistic"
            )
        return self

    @model_validator(mode="after")
    def _asks_for_names_where_there_is_a_reason(self) -> PolicyTables:
        if self.seals_nothing and any(each.operator_required for each in self.principal):
            raise ValueError(
                "operator_required refuses what touches protected relations: with"
                " seals_nothing = true there are none; remove it"
            )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> PolicyTables:
        for what, names in (
            ("principals", [each.name for each in self.principal]),
            ("findings", [each.name for each in self.finding]),
            ("statistics", [each.name for each in self.statistic]),
        ):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f'two {what} are called "{twice}"')
        return self
