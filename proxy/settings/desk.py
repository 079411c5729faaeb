"""The section `[desk]` of fengcun.toml: the query counter of one agency."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from proxy.settings.section import FilePath, Section


class Desk(Section):
    """Applications for permits: whose desk it is, where it keeps them, what it may give."""

    agency: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    """The agency whose records these are; applications to any other are not taken (Article 14)."""
    directory: FilePath
    """Where dossiers lie, a directory of the service's alone; made at the first start."""
    valid_days_max: Annotated[int, Field(strict=True, ge=1, le=366)] = 30
    """How many days a permit may be valid at most."""
    uses_max: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 100
    """How often a permit may be used at most, and where an application does not say."""
    batch_subjects_max: Annotated[int, Field(strict=True, ge=1, le=256)] = 200
    """How many people one application for a batch check may name; for others it is 20."""
    legal_bases_file: FilePath | None = None
    """The laws and administrative regulations that may be a basis; by default the shipped list."""
    calendar_directory: FilePath | None = None
    """More years of the calendar of working days, beside those that are shipped."""
