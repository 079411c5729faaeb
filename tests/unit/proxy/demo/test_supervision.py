from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.demo import supervision
from proxy.demo.agency import Agency, Ports
from proxy.demo.cast import Cast, Figure, Stranger
from proxy.demo.register import Register
from proxy.demo.scene import ClaimFailed, Entry
from proxy.demo.steps import Stage
from proxy.demo.supervision import (
    ledger_in_numbers,
    scan_finds_who_is_not_sealed,
    supervisor_reads_the_ledger,
    tampering_is_found,
)

HMAC = "0123456789abcdef" * 2
ENTRY = Entry(3, "decision", {"verdict": "refuse", "statement_hmac": HMAC})
LINE = f'{{"verdict":"refuse","rule":"r","statement_hmac":"{HMAC}"}}'.encode()


@given(before=st.binary(max_size=200), after=st.binary(max_size=200))
def test_exactly_one_byte_of_the_entry_is_changed(before, after):
    data = before + LINE + after
    changed = supervision._with_one_byte_changed(data, ENTRY)
    differing = [at for at, pair in enumerate(zip(data, changed, strict=True)) if len({*pair}) > 1]
    assert len(differing) == 1
    assert len(before) <= differing[0] < len(before) + len(LINE)


def test_published_bundles_are_what_is_changed_where_there_are_any(tmp_path):
    for name in ("tile/entries/000", ".state/wal/1.seg", "tile/0/000"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE if name != "tile/0/000" else b"hashes")
    assert list(supervision._copies_of(ENTRY, tmp_path)) == [tmp_path / "tile/entries/000"]
    (tmp_path / "tile/entries/000").unlink()
    assert list(supervision._copies_of(ENTRY, tmp_path)) == [tmp_path / ".state/wal/1.seg"]


def test_an_entry_that_is_nowhere_is_no_proof(tmp_path):
    with pytest.raises(ClaimFailed):
        supervision._copies_of(ENTRY, tmp_path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Stage:
    """A ledger in which nothing was recorded yet."""
    agency = Agency(tmp_path_factory.mktemp("agency"))
    agency.create_keys_and_ledger()
    agency.configure(Ports(1, 2, 3, 4))
    figure = Figure("张示例", "999999200405100013", 1, "j")
    stranger = Stranger("张例示", "9" * 18)
    return Stage(agency, Register(), Cast("c", figure, figure, stranger, 1), 0, 0, 0)


@pytest.mark.parametrize(
    "step", [scan_finds_who_is_not_sealed, supervisor_reads_the_ledger, tampering_is_found]
)
def test_a_ledger_that_recorded_nothing_proves_nothing(fresh, step, monkeypatch):
    monkeypatch.setattr(supervision, "_SCANNED_SECONDS_MAX", 0.0)
    with pytest.raises(ClaimFailed):
        step(fresh)


def test_the_end_counts_what_there_is():
    class Log:
        def entries(self, *kinds):
            assert set(kinds) == supervision.KINDS.keys()
            return (
                Entry(1, "decision", {"verdict": "strip"}),
                Entry(2, "decision", {"verdict": "refuse"}),
                Entry(3, "decision", {"verdict": "strip"}),
                Entry(4, "finding", {"severity": "alarm"}),
                Entry(5, "permit", {"event": "of some other kind"}),
            )

    held = ledger_in_numbers(Log())
    assert [row[1] for row in held.rows] == ["3", "1", "0", "1"]
    assert held.rows[0][2] == "去除封存 2 · 拒绝 1"
    assert held.rows[1][2] == "of some other kind 1"


def test_a_name_in_clear_is_noticed(fresh):
    leak = fresh.agency.log / "notes.txt"
    leak.write_text(f"about {fresh.cast.minor.name}", encoding="utf-8")
    try:
        with pytest.raises(ClaimFailed, match="in clear"):
            supervisor_reads_the_ledger(fresh)
    finally:
        leak.unlink()


def test_a_verification_that_finds_nothing_is_no_proof(fresh):
    with pytest.raises(ClaimFailed, match="changed byte"):
        supervision._failure(fresh.agency, fresh.agency.log)
