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

_NAME = re.compile(r'(?:"((?:[^"]|"")+)"|([^".\s]+))\.(?:"((?:[^"]|"")+)"|([^".\s]+))')
_SIGNATURE = re.compile(r'((?:"(?:[^"]|"")+"|[^".\s(]+)\.(?:"(?:[^"]|"")+"|[^".\s(]+))\(.*\)')
_SAYS_WHO = ("operator_from", "operator_required", "operator_in_application_name")
_FOR_PLATFORMS = frozenset(("name", "kind", "match", "article", "limits", *_SAYS_WHO))


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
    handled_when: Text | None = None
    """SQL over the row `self` and `handler.unit`; TRUE shows the row, unmasked, to handlers of that
    unit, as far as what it follows is shown."""
    subject: Text | None = None
    """The column that says whose record a row is."""
    open: bool = False
    """The administrator's word that nothing sealed is in it."""

    @model_validator(mode="after")
    def _means_something(self) -> RelationTable:
        restricts = self.visible_when or self.follows or self.mask
        if self.open:
            if restricts or self.mask_unless or self.handled_when or self.subject:
                raise ValueError("open = true says that nothing is sealed; remove the other keys")
            return self
        if not restricts:
            raise ValueError("says nothing; add visible_when, follows or mask, or open = true")
        if self.article is None:
            raise ValueError("article is missing: name the article of law behind this rule")
        if self.mask_unless and not self.mask:
            raise ValueError("mask_unless has no mask to lift")
        return self


class FunctionTable(Section):
    """A function of the site's own: the administrator's word that it reaches nothing sealed,
    whoever calls it with whatever."""

    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """What was approved, as `fengcun inventory` prints it; a function that has changed is not."""


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
    principal: tuple[PrincipalTable, ...] = ()
    """Who connects. Who matches none is refused."""

    @model_validator(mode="after")
    def _seals_something_or_nothing(self) -> PolicyTables:
        if self.seals_nothing and (self.relation or self.function):
            raise ValueError(
                "seals_nothing = true passes everything: remove it, or all of relation and function"
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
        seen: set[str] = set()
        for principal in self.principal:
            if principal.name in seen:
                raise ValueError(f'two principals are called "{principal.name}"')
            seen.add(principal.name)
        return self
