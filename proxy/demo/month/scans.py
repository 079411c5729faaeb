"""The nightly scans of the month: what the demo's own scan found in its made-up register, and less
of it the further back a night lies, as if the rest had come since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from proxy.demo.month.sessions import Office
from proxy.demo.scene import Entry
from proxy.policy.law import FindingRule
from proxy.record.findings import Key, Memory, Result, report

KEYS_MAX: Final = 40
"""Of one rule: a list that somebody can read."""


def results_of(entries: Iterable[Entry], rules: Sequence[FindingRule]) -> list[Result]:
    """What a scan found, from its entries, opened; the first part of each rule."""
    by_name = {rule.name: rule for rule in rules}
    found: dict[str, Result] = {}
    for entry in entries:
        said = json.loads(entry.payload or "{}")
        rule = by_name.get(str(entry.header.get("rule")))
        if rule is not None and said.get("part") == 1 and rule.name not in found:
            keys = tuple(tuple(key) for key in said["keys"])
            found[rule.name] = result(rule, str(said["database"]), said["columns"], keys)
    return list(found.values())


def result(rule: FindingRule, database: str, columns: Sequence[str], keys: Sequence[Key]) -> Result:
    """As a scan has it, and no longer than `KEYS_MAX`."""
    some = tuple(keys[:KEYS_MAX])
    return Result(rule, database, tuple(columns), some, len(some))


class Scans:
    """One scan after another, each told from the one before."""

    def __init__(self, office: Office, results: Sequence[Result]) -> None:
        self._office, self._results = office, results
        self._memory = Memory()

    async def scan(self, share: float) -> None:
        """Find and record so much of it, from 0 to 1; of what was found, something always."""
        recorder, now = self._office.ledger.recorder, self._office.pen.now
        pseudonyms = recorder.pseudonyms
        reports = [
            report(_part(each, share), self._memory, pseudonyms, now) for each in self._results
        ]
        await recorder.findings([entry for each in reports for entry in each.entries])
        digests: Mapping[str, frozenset[str]] = {each.result.name: each.digests for each in reports}
        self._memory = Memory(now, digests)


def _part(whole: Result, share: float) -> Result:
    count = -int(-len(whole.keys) * share // 1)
    return Result(whole.rule, whole.database, whole.columns, whole.keys[:count], count)
