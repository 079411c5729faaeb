"""What is in a log stays there: for three years at least, and for as long as nobody takes the
directory away (网络数据安全管理条例第12条, 网络安全法). Nothing in the product deletes an entry.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ledger.backup import back_up
from ledger.erase import erase
from ledger.erasure import Order
from ledger.fetch import DirectoryLog, entries
from ledger.note import VerifierKey
from ledger.prepare import prepare_successor
from tests.scenarios.service import ROOT
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES

QUARTER_MS = 91 * 86_400_000
QUARTERS = 14
"""Three and a half years."""
REMOVES = frozenset(
    ("unlink", "remove", "rmdir", "rmtree", "remove_folder", "removedirs", "truncate", "ftruncate")
)
"""Ways to be rid of a file or its end, by the name that is called."""
MAY_REMOVE = {
    "ledger/adoption.py": "a key file that was adopted or replaced",
    "ledger/backup.py": "of a copy: partial files of a size that a later one holds whole",
    "ledger/disk.py": "the means itself; a file half written before",
    "ledger/erase.py": "segments whose entries are published, before payloads are erased by order",
    "ledger/evidence/archive.py": "a package for evidence that was begun and not finished",
    "ledger/evidence/outcomes.py": "a number in a list",
    "ledger/log.py": "segments that a log was never created with",
    "ledger/notary.py": "a socket",
    "ledger/portal/index/files.py": "an index, which is made from a log again",
    "ledger/portal/index/refreshing.py": "an index that was begun and not finished",
    "ledger/portal/pages/pack.py": "a package for evidence, once it was sent",
    "ledger/prepare.py": "a key file",
    "ledger/publish.py": "partial files, once the whole one is there",
    "ledger/store.py": "segments whose entries are published",
    "ledger/witness/state.py": "what a witness holds of a key that it no longer watches",
    "proxy/demo/supervision.py": "the demo's own copy",
    "proxy/demo/tour.py": "the demo's own directory",
    "proxy/desk/front/listener.py": "a socket",
    "proxy/desk/store.py": "a file half written before",
    "proxy/server/neighbours.py": "memory of the workers",
    "proxy/server/turns.py": "somebody in a queue",
    "proxy/telemetry/metrics.py": "numbers of an earlier run",
}
"""Where, and what: none of it is an entry that is not somewhere else."""


@pytest.mark.requirement("G8")
def test_three_years_of_restarts_new_keys_erasures_and_shards_leave_every_entry(tmp_path):
    log, before, erased = RotatingLog(tmp_path / "years"), dict[int, bytes](), set[int]()
    for quarter in range(QUARTERS):
        log.clock.now_ms += QUARTER_MS
        if quarter % 4 == 0:
            prepare_successor(log.directory, "entry")
        log.once(40)
        if quarter % 5 == 1:
            erased |= erase_one(log, quarter)
        now = kept(log)
        assert before.items() <= now.items()
        before = now
    assert len(before) > 600  # past a full bundle, twice
    copy = tmp_path / "copy"
    back_up(log.root, copy, [key_of(log)])
    log.freeze("next.example/log")
    assert before.items() <= kept(log).items()
    report = log.verify()
    assert report.size == len(kept(log))
    assert report.payloads_erased_count == len(erased) == 3
    assert (report.payloads_absent_count, report.ended is None) == (0, False)
    assert kept_in(copy) == before


@pytest.mark.requirement("G8")
def test_nothing_else_in_the_product_removes_a_file():
    """Whoever adds a call has to say here what it is that it removes."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("ledger", "proxy")
        for path in (ROOT / folder).rglob("*.py")
        if removes(path)
    }
    assert found == MAY_REMOVE.keys()


def removes(path: Path) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in REMOVES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def erase_one(log: RotatingLog, quarter: int) -> set[int]:
    """The payload of one entry, by order: the entry stays."""
    index = next(i for i, _, payload in entries(DirectoryLog(log.root), quarter * 40) if payload)
    order = Order(f"2026-{quarter}", "people-procuratorate.example", "刑事诉讼法 286")
    try:
        erase(
            log.disk, DirectoryLog(log.root), log.keys, PROXY_ID, [index], order,
            clock_ms=log.clock, segment_bytes=SEGMENT_BYTES, reserve_bytes=0,
        )  # fmt: skip
    finally:
        log.disk.unlock()
    return {index}


def key_of(log: RotatingLog) -> VerifierKey:
    return VerifierKey.parse(log.vkey("log.vkey"))


def kept(log: RotatingLog) -> dict[int, bytes]:
    """Every entry, as it is published."""
    return kept_in(log.root)


def kept_in(root: Path) -> dict[int, bytes]:
    return {index: data for index, data, _ in entries(DirectoryLog(root))}
