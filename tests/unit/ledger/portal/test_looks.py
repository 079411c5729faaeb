"""The portal's own log: real, verifiable, and before anything is shown."""

import pytest

from ledger.errors import ConfigurationError, LedgerError
from ledger.evidence.proven import ProvenLog
from ledger.fetch import DirectoryLog
from ledger.fields import EntryKind
from ledger.portal.looks import Look, Looks, NotRecorded, create_looks, listed, moment
from ledger.verify import verify_log
from tests.unit.ledger.small_log import SEGMENT_BYTES, identities

ORIGIN = "procuratorate.example/portal"


def created(state):
    return create_looks(
        state, ORIGIN, [each.recipient for each in identities()], force_filesystem=True,
        reserve_bytes=0, segment_bytes=SEGMENT_BYTES,
    )  # fmt: skip


def opened(state):
    return Looks(state, reserve_bytes=0, segment_bytes=SEGMENT_BYTES)


async def test_what_is_written_is_there_and_verifies(tmp_path):
    key = created(tmp_path)
    looks = opened(tmp_path)
    first = await looks.write(Look.SIGN_IN, {"role": "chief"}, {"supervisor": "qin"})
    # Durable when it returns: a reader of the files finds it.
    assert verify_log(DirectoryLog(looks.directory), [key]).size == first + 1
    second = await looks.append(EntryKind.OPINION, {"opinion": "2026-1"}, b"draft")
    assert second == first + 1
    await looks.heartbeat()
    await looks.close()
    report = verify_log(DirectoryLog(looks.directory), [key])
    assert report.kinds["look"] == report.kinds["opinion"] == 1
    assert report.kinds["heartbeat"] == 2
    again = opened(tmp_path)
    assert await again.write(Look.SIGN_OUT, {}, {}) > second
    await again.close()


async def test_what_was_just_written_can_be_proved_after_a_moment(tmp_path, monkeypatch):
    # Publication would come every ten minutes by itself: it is waited for, and hurried.
    monkeypatch.setattr("ledger.publication.INTERVAL_S", 600.0)
    key = created(tmp_path)
    looks = opened(tmp_path)
    for _ in range(3):
        index = await looks.append(EntryKind.OPINION, {"opinion": "2026-1"}, b"draft")
        assert await looks.until_public(index)
        assert ProvenLog(DirectoryLog(looks.directory), [key]).entry(index).index == index
    monkeypatch.setattr("ledger.portal.looks.PUBLIC_AFTER_SECONDS_MAX", 0.1)
    assert not await looks.until_public(index + 1)
    await looks.close()


async def test_after_a_failure_nothing_is_recorded_and_all_are_told(tmp_path):
    created(tmp_path)
    looks = opened(tmp_path)
    looks._sequencer.fail(OSError("no disk"))
    assert looks.failed
    for attempt in (
        looks.write(Look.ENTRY, {}, {}), looks.append(EntryKind.LOOK, {"event": "x"}, None),
        looks.heartbeat(),
    ):  # fmt: skip
        with pytest.raises(NotRecorded):
            await attempt
    await looks.close()


async def test_what_no_header_may_hold_is_not_recorded_and_not_half(tmp_path):
    created(tmp_path)
    looks = opened(tmp_path)
    with pytest.raises(NotRecorded):
        await looks.write(Look.ENTRY, {"log": "a b"}, {})
    assert not looks.failed
    await looks.write(Look.ENTRY, {"log": "court.example/log"}, {})
    await looks.close()


def test_it_is_made_once_and_has_to_be_made(tmp_path):
    with pytest.raises(ConfigurationError, match="fengcun portal create"):
        opened(tmp_path)
    created(tmp_path)
    with pytest.raises(ConfigurationError, match="created once"):
        created(tmp_path)


def test_there_is_one_portal_at_a_time(tmp_path):
    created(tmp_path)
    looks = opened(tmp_path)
    with pytest.raises(LedgerError, match="another notary"):
        opened(tmp_path)
    looks._sequencer.stop()


def test_one_recipient_is_not_enough(tmp_path):
    with pytest.raises(ConfigurationError, match="two different recipients"):
        create_looks(tmp_path, ORIGIN, [identities()[0].recipient], force_filesystem=True)


def test_indices_and_times_are_as_headers_have_them():
    assert listed(range(300))[-1] == "255"
    assert moment(1_767_225_600.5) == "2026-01-01T00:00:00.500Z"
