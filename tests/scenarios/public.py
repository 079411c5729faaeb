"""What everybody may see of a service: its ledger without a key, its metrics, health and log."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.entry import parse_entry
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import scan
from ledger.fetch import DirectoryLog
from tests.scenarios.service import Site
from tests.world import HOST

_SAMPLE = re.compile(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """An entry as it is published: its header, and of its payload the length alone."""

    index: int
    kind: str
    header: Mapping[str, Any]
    payload_bytes: int | None


def public_entries(site: Site) -> list[PublicEntry]:
    """All entries of the log so far."""
    out = []
    for found in scan(DirectoryLog(site.log), EntryFilter()):
        entry = parse_entry(found.data)[0]
        size = None if entry.payload is None else entry.payload.ciphertext_bytes
        out.append(PublicEntry(found.index, entry.kind.value, entry.header, size))
    return out


def get(site: Site, path: str) -> str:
    """What the service answers on its port for metrics and health."""
    with urllib.request.urlopen(f"http://{HOST}:{site.metrics_port}{path}") as answer:
        return str(answer.read().decode())


def samples(site: Site) -> dict[str, float]:
    """Every sample of /metrics."""
    return {name: float(value) for name, value in _SAMPLE.findall(get(site, "/metrics"))}


def log_lines(site: Site) -> list[dict[str, Any]]:
    """What the service has logged, without when."""
    lines = site.errors.read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "time"} for line in lines]
