"""What the ledger says of permits, from a real log, whole and tampered with."""

import json

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.client import EntryKind
from ledger.fetch import DirectoryLog
from ledger.keys import load_verifier_keys
from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.record.history import PermitHistory
from proxy.record.line import connect_ledger
from proxy.record.permits import PermitEvent, permit_header
from proxy.server.notary_process import start_notary
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_ledger

OTHERS = 300  # entries of other kinds before and behind: more than one bundle


class Log:
    def __init__(self, directory):
        self.settings = make_ledger(directory)
        self.file = directory / "read.json"

    async def write(self, *steps, others=0):
        """Steps as (number, event), each its own entry, and then so many that are none."""
        notary = await start_notary(self.settings, *NOTARY_ARGUMENTS)
        line = await connect_ledger(self.settings.socket_path, self.settings.keys)
        for number, event in steps:
            given = PermitEvent(
                number, event, b"{}", "p", "u", "h", "o", (), "case", "none", "full", "x"
            )
            header = permit_header(given, Pseudonyms(b"k" * 32))
            await line.entry(EntryKind.PERMIT, header, b"{}")
        header = {"policy": "a" * 64, "event": "in-force"}
        for _ in range(others):
            last = line.entry(EntryKind.POLICY, header)
            await last
        await line.close()
        await notary.stop()

    def history(self):
        return PermitHistory(self.settings.directory, self.settings.keys, self.file)

    def read(self):
        history = self.history()
        history.begin()
        return {number: each.event for number, each in history.latest.items()}

    def size(self):
        note = DirectoryLog(self.settings.directory).read("checkpoint")
        keys = load_verifier_keys([self.settings.keys / "log.vkey"])
        return open_checkpoint(note, keys).size

    def bundles(self):
        folder = self.settings.directory / "tile" / "entries"
        return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


async def test_the_last_step_of_each_is_what_counts(log):
    await log.write(
        *(("a", "received"), ("b", "received"), ("a", "granted"), ("c", "received")),
        *(("a", "revoked"), ("c", "refused"), ("b", "granted"), ("b", "used")),
    )
    assert log.read() == {"a": "revoked", "b": "granted", "c": "refused"}


@pytest.mark.requirement("D9", "D11")
async def test_what_was_answered_under_each_is_known_in_order_and_after_a_restart(log):
    await log.write(("a", "received"), ("a", "granted"), ("a", "used"), ("b", "used"))
    first = log.history()
    first.begin()
    digest = Pseudonyms(b"k" * 32).of("dossier", b"{}")
    assert first.used == {"a": (digest,), "b": (digest,)}
    await log.write(("a", "used"), ("a", "revoked"))
    again = log.history()
    again.begin()
    assert again.used == {"a": (digest, digest), "b": (digest,)}
    assert again.latest["a"].event == "revoked"
    # What was remembered before there was any of it: the log is read from its beginning.
    body = log.file.read_bytes().partition(b"\n")[2]
    older = json.loads(body)
    del older["used"]
    body = json.dumps(older).encode()
    log.file.write_bytes(log.history()._tag(body) + b"\n" + body)
    anew = log.history()
    anew.begin()
    assert anew.used == again.used


async def test_nothing_comes_after_an_end_and_nothing_begins_in_the_middle(log):
    await log.write(
        *(("a", "received"), ("a", "revoked"), ("a", "granted"), ("a", "received")),
        *(("b", "granted"), ("c", "revoked"), ("c", "received"), ("c", "granted")),
        *(("d", "received"), ("d", "granted"), ("d", "received"), ("d", "granted")),
        *(("a", "expired"), ("a", "refused")),
    )
    assert log.read() == {"a": "revoked", "c": "revoked", "d": "granted"}
    # The first grant is the one that counts.
    history = log.history()
    history.begin()
    assert history.latest["d"].index == history.latest["a"].index + 8


async def test_it_goes_on_from_where_it_was_and_reads_no_older_bundle(log):
    await log.write(("a", "received"), others=OTHERS)
    assert log.read() == {"a": "received"}
    await log.write(("a", "granted"), ("b", "received"))
    first = log.bundles()[0]
    whole = first.read_bytes()
    first.write_bytes(b"gone")
    assert log.read() == {"a": "granted", "b": "received"}
    first.write_bytes(whole)
    log.file.unlink()
    assert log.read() == {"a": "granted", "b": "received"}


async def test_following_reads_on_while_others_write(log):
    await log.write(("a", "received"))
    history = log.history()
    history.begin()
    size = history.size
    history.follow()
    assert history.size == size
    await log.write(("a", "granted"), others=5)
    history.follow()
    assert (history.latest["a"].event, history.size) == ("granted", log.size())
    assert json.loads(log.file.read_bytes().partition(b"\n")[2])["size"] == log.size()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"event":"revoked"', b'"event":"expired"'), (b'"permit":"b"', b'"permit":"c"')],
)
async def test_a_changed_entry_is_not_believed(log, old, new):
    await log.write(("b", "received"), ("b", "granted"), ("b", "revoked"))
    changed = 0
    for bundle in log.bundles():
        data = bundle.read_bytes()
        bundle.write_bytes(data.replace(old, new))
        changed += old in data
    assert changed
    with pytest.raises(RecordUnavailable, match="not what was signed"):
        log.read()
    assert not log.file.exists()


async def test_a_revocation_that_is_hidden_among_others_is_missed(log):
    """Left out of a full bundle that a scan would pass over for holding no permit."""
    await log.write(("a", "received"), ("a", "granted"))
    assert log.read() == {"a": "granted"}
    await log.write(("a", "revoked"), others=OTHERS)
    for bundle in log.bundles():
        data = bundle.read_bytes()
        bundle.write_bytes(data.replace(b'"kind":"permit"', b'"kind":"policy"'))
    with pytest.raises(RecordUnavailable):
        log.read()


async def test_a_checkpoint_that_nobody_signed_is_not_believed(log):
    await log.write(("a", "received"))
    path = log.settings.directory / "checkpoint"
    lines = path.read_bytes().split(b"\n")
    lines[1] = b"2"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(RecordUnavailable, match="checkpoint"):
        log.read()


async def test_a_bundle_that_is_gone_is_not_passed_over(log):
    await log.write(("a", "received"), ("a", "granted"))
    for bundle in log.bundles():
        bundle.unlink()
    with pytest.raises(RecordUnavailable):
        log.read()


def tampered(body, **changes):
    return json.dumps({**json.loads(body), **changes}).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda tag, body: b"",
        lambda tag, body: b"\xff\x00",
        lambda tag, body: tag + b"\n" + tampered(body, latest=[]),
        lambda tag, body: tag + b"\n" + body[:-1],
        lambda tag, body: b"0" * 64 + b"\n" + body,
        lambda tag, body: tag + b"\n" + b"[" * 100_000,
    ],
    ids=["empty", "rubbish", "a revocation left out", "torn", "another tag", "nested"],
)
async def test_what_was_remembered_and_changed_is_read_again(log, change, caplog):
    await log.write(("a", "received"), ("a", "granted"), ("a", "revoked"))
    assert log.read() == {"a": "revoked"}
    tag, _, body = log.file.read_bytes().partition(b"\n")
    log.file.write_bytes(change(tag, body))
    assert log.read() == {"a": "revoked"}
    assert "cannot be used" in caplog.text


@pytest.mark.parametrize("changes", [{"size": 1, "edge": ["00" * 32]}, {"origin": "other"}])
async def test_what_was_remembered_of_another_log_is_read_again(log, changes):
    """Authentic, as in a copy of the directory that belongs to something else."""
    await log.write(("a", "received"), ("a", "granted"))
    history = log.history()
    history.begin()
    body = tampered(log.file.read_bytes().partition(b"\n")[2], **{"latest": [], **changes})
    log.file.write_bytes(history._tag(body) + b"\n" + body)
    assert log.read() == {"a": "granted"}


async def test_an_older_memory_costs_time_and_nothing_else(log):
    await log.write(("a", "received"), ("a", "granted"))
    log.read()
    older = log.file.read_bytes()
    await log.write(("a", "revoked"))
    log.read()
    log.file.write_bytes(older)
    assert log.read() == {"a": "revoked"}


async def test_a_place_that_cannot_be_written_to_only_makes_the_next_start_slower(log, caplog):
    await log.write(("a", "received"))
    log.file = log.file.parent / "nowhere" / "read.json"
    assert log.read() == {"a": "received"}
    assert "cannot remember" in caplog.text


async def test_without_keys_nothing_is_read(log):
    (log.settings.keys / "log.vkey").unlink()
    with pytest.raises(ConfigurationError):
        log.history()
