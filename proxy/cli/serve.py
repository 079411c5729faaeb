"""The service, from its configuration file to its exit code."""

from __future__ import annotations

from pathlib import Path

from proxy.server.service import serve
from proxy.settings import load_settings


def run(config: Path) -> int:
    """Serve until told to stop; see the package's docstring for the exit codes."""
    settings = load_settings(config)
    return serve(settings)
