"""The notary serves before anything else does, and says why when it does not."""

import os
import shutil
import signal

import pytest

from ledger.keyfile import protect
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.record.line import connect_ledger
from proxy.server.notary_process import start_notary
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_ledger


async def test_a_started_notary_takes_entries_and_stops_when_asked(tmp_path):
    settings = make_ledger(tmp_path)
    notary = await start_notary(settings, *NOTARY_ARGUMENTS)
    ledger = await connect_ledger(settings.socket_path, settings.keys)
    await ledger.policy_in_force("a" * 64, relations_count=1, principals_count=1)
    await ledger.close()
    await notary.stop()
    assert await notary.exited == 0


async def test_a_killed_notary_is_noticed_by_its_clients(tmp_path):
    settings = make_ledger(tmp_path)
    notary = await start_notary(settings, *NOTARY_ARGUMENTS)
    ledger = await connect_ledger(settings.socket_path, settings.keys)
    lost = []
    ledger.on_failure = lambda: lost.append(True)
    os.kill(notary.process_id, signal.SIGKILL)
    assert await notary.exited == -signal.SIGKILL
    with pytest.raises(RecordUnavailable):
        await ledger.policy_in_force("a" * 64, relations_count=1, principals_count=1)
    assert lost == [True]


async def test_a_ledger_that_was_never_created_is_a_mistake_in_the_configuration(tmp_path):
    settings = make_ledger(tmp_path).model_copy(update={"directory": tmp_path / "nowhere"})
    with pytest.raises(ConfigurationError):
        await start_notary(settings, *NOTARY_ARGUMENTS)


async def test_a_damaged_ledger_is_not_served(tmp_path):
    settings = make_ledger(tmp_path)
    hashes = settings.directory / "tile" / "0" / "000.p" / "1"
    hashes.write_bytes(bytes(len(hashes.read_bytes())))
    with pytest.raises(RecordUnavailable):
        await start_notary(settings, *NOTARY_ARGUMENTS)


async def test_an_older_copy_of_the_ledger_is_not_served(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    head = tmp_path / "elsewhere/head"
    settings = make_ledger(tmp_path).model_copy(update={"head_file": head})
    shutil.copytree(settings.directory, tmp_path / "older")
    notary = await start_notary(settings, *NOTARY_ARGUMENTS)
    await notary.stop()
    assert head.read_bytes() == (settings.directory / "checkpoint").read_bytes()
    shutil.rmtree(settings.directory)
    (tmp_path / "older").rename(settings.directory)
    with pytest.raises(RecordUnavailable):
        await start_notary(settings, *NOTARY_ARGUMENTS)


async def test_the_passphrase_of_the_keys_is_a_credential_of_the_service(tmp_path, monkeypatch):
    settings = make_ledger(tmp_path)
    for name in ("log.key", "entry.key", "pseudonym.key"):
        protect(settings.keys / name, b"five words are much better")
    with pytest.raises(ConfigurationError):
        await start_notary(settings, *NOTARY_ARGUMENTS)
    with pytest.raises(ConfigurationError, match="has a passphrase"):
        await connect_ledger(settings.socket_path, settings.keys)
    credential = tmp_path / "credentials/fengcun.passphrase"
    credential.parent.mkdir(mode=0o700)
    credential.write_text("five words are much better")
    credential.chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credential.parent))
    notary = await start_notary(settings, *NOTARY_ARGUMENTS)
    ledger = await connect_ledger(settings.socket_path, settings.keys)
    await ledger.policy_in_force("a" * 64, relations_count=1, principals_count=1)
    await ledger.close()
    await notary.stop()
