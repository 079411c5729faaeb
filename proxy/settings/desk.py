"""The section `[desk]` of fengcun.toml: the query counter of one agency."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from proxy.settings.section import FilePath, Port, Section, Text, stays_here


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
    officers_file: FilePath | None = None
    """Who may log in, made by `fengcun desk officer add`. Without it there is no HTTP."""
    host: Text = "127.0.0.1"
    """Address that the page and the API are served on, or the path of a Unix socket."""
    port: Port = 8432
    """Port to listen on."""
    certificate_file: FilePath | None = None
    """PEM certificate chain for HTTPS; may be left out on a loopback address or a Unix socket."""
    key_file: FilePath | None = None
    """The private key for `certificate_file`, readable by the service alone."""

    @model_validator(mode="after")
    def _encryption_is_decided(self) -> Desk:
        if (self.certificate_file is None) is not (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        if self.certificate_file is None and not stays_here(self.host):
            raise ValueError(
                "host is reached from other machines: passwords and names of people go there, so"
                " write certificate_file and key_file"
            )
        if self.certificate_file is not None and self.host.startswith("/"):
            raise ValueError("a Unix socket is not encrypted: leave certificate_file out")
        return self
