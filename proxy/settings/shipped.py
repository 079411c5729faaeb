"""The files that come with Fengcun: in ``config/`` of a checkout, in the package once installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped_file(name: str) -> Path:
    """The path of ``config/<name>``."""
    installed = _PACKAGE / "_config" / name
    return installed if installed.exists() else _PACKAGE.parent / "config" / name
