"""What the tables of fengcun.toml and policy.toml are made of."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)


def _beside_the_file(value: object, info: ValidationInfo) -> object:
    """Relative paths start at the directory of the file they are written in."""
    directory = (info.context or {}).get("directory", Path())
    return directory / value if isinstance(value, str) and value else value


Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1)]
Text = Annotated[str, StringConstraints(min_length=1)]
FilePath = Annotated[Path, BeforeValidator(_beside_the_file)]


class Section(BaseModel):
    """A table of the file: closed, and unchangeable once read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


def stays_here(host: str) -> bool:
    """Whether what is sent to ``host`` stays here: a socket's directory, or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
