"""Logs, and an index of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ledger.portal.index.index import Index
from ledger.portal.index.model import Position, Query, Row
from tests.unit.ledger.portal.index.drawn import TIMES_MS
from tests.unit.ledger.portal.index.naive import rows_of
from tests.unit.ledger.portal.made_log import MadeLog, bundle_of, keys_of

NAMES = ("公安", "法院")


@dataclass
class World:
    root: Path
    logs: dict[str, MadeLog] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = Index.open(self.root / "index", NAMES)

    def log(self, name: str) -> MadeLog:
        if name not in self.logs:
            place = self.root / f"log{len(self.logs)}"
            origin = f"ledger.example/{len(self.logs)}"
            self.logs[name] = MadeLog(place, keys_of(origin), now_ms=TIMES_MS[1])
        return self.logs[name]

    def refresh(self) -> None:
        for name, log in self.logs.items():
            self.index.refresh(log.source(name))

    def rows(self) -> dict[str, list[Row]]:
        found = {}
        for name, log in self.logs.items():
            entries: list[bytes | None] = []
            for base in range(0, log.size, 256):
                width = min(256, log.size - base)
                entries += bundle_of(log.root, base // 256, width)
            found[name] = rows_of(name, log.keys.origin, entries)
        return found

    def every(self, query: Query, limit: int, seconds: float = 10.0) -> list[Row]:
        """All pages, one after the other."""
        page = self.index.search(query, None, limit, seconds=seconds)
        rows = list(page.rows)
        while page.after is not None:
            assert len(page.rows) <= limit
            after = Position.parse(str(page.after))
            page = self.index.search(query, after, limit, seconds=seconds)
            rows += page.rows
        return rows
