"""What a permit may rest on: laws and administrative regulations, from config/legal_bases.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from proxy.desk.model import Purpose
from proxy.settings.problems import read_document, validated
from proxy.settings.section import Section
from proxy.settings.shipped import shipped_file

_CODE: Final = re.compile(r"[a-z0-9-]{1,60}")


Article = Annotated[str, StringConstraints(pattern=r"^第[0-9]{1,4}条(之[0-9]{1,2})?$")]


class BasisKind(Enum):
    """国家规定 (刑法第96条) as far as it counts here. A ministry's rules have no kind, and so
    cannot be entered."""

    LAW = "law"
    REGULATION = "administrative-regulation"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """``code`` is its name in an application, ``cited`` its title and articles in a document."""

    code: str
    cited: str
    kind: BasisKind
    purposes: frozenset[Purpose]


class BasisTable(Section):
    """One law or regulation."""

    title: Annotated[str, StringConstraints(pattern=r"^\w{2,60}$")]
    """Its full name, without 《》."""
    kind: BasisKind
    """Whether it is a law or an administrative regulation."""
    articles: tuple[
        Annotated[str, StringConstraints(pattern=r"^第[0-9]{1,4}条(之[0-9]{1,2})?$")], ...
    ]
    """The articles, for looking up."""
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    """What one may ask for by it."""


class BasesFile(Section):
    """The whole list."""

    basis: dict[str, BasisTable]
    """By code."""

    @model_validator(mode="after")
    def _codes_are_codes(self) -> BasesFile:
        if any(_CODE.fullmatch(code) is None for code in self.basis):
            raise ValueError("a code is 1 to 60 of a-z, 0-9 and -")
        if any(len(_cited(table)) > 100 for table in self.basis.values()):
            raise ValueError("title and articles together have 100 characters at most")
        return self


def load_legal_bases(file: Path | None = None) -> Mapping[str, LegalBasis]:
    """By code; the shipped list without ``file``. Raises `ConfigurationProblems`."""
    found = validated(read_document(file or shipped_file("legal_bases.toml")), BasesFile)
    return {
        code: LegalBasis(code, _cited(table), table.kind, frozenset(table.purposes))
        for code, table in found.basis.items()
    }


def _cited(table: BasisTable) -> str:
    return table.title + "、".join(table.articles)
