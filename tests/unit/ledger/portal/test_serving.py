"""Serving: the logs that were named, and until the signal."""

import asyncio
import signal
import sys

import aiohttp
import pytest

from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.keys import load_verifier_keys
from ledger.portal.accounts import ACCOUNTS_FILE, write_accounts
from ledger.portal.serving import sources_given, witnesses_given
from ledger.verify import verify_log
from tests.unit.ledger.portal.house import PEOPLE, court
from tests.unit.ledger.portal.test_cli import made
from tests.unit.ledger.small_log import notary_keys
from tests.world import free_port


@pytest.fixture
def keys(tmp_path):
    file = tmp_path / "log.vkey"
    file.write_text(f"{notary_keys().log.verifier}\n")
    return file


def test_logs_are_named_and_each_has_its_key(keys, tmp_path):
    found = sources_given([f"公安={tmp_path}"], [f"公安={keys}"], None)
    assert found["公安"].keys == (notary_keys().log.verifier,)


@pytest.mark.parametrize(
    ("logs", "given", "says"),
    [(["a"], ["a=K"], "NAME="), (["a="], [], "NAME="), (["a=/x"], [], "--key a=FILE is missing"),
     (["a=/x", "a=/y"], ["a=K"], "two logs are named a"), ([], ["b=K"], "no --log has that name"),
     (["a=/x", "b=/y"], ["a=K", "b=K"], "given twice"), (["a=ftp://x"], ["a=K"], "http")],
)  # fmt: skip
def test_what_does_not_fit_is_said(keys, logs, given, says):
    with pytest.raises(ConfigurationError, match=says):
        sources_given(logs, [each.replace("K", str(keys)) for each in given], None)


def test_a_witness_is_one_of_a_log_that_is_there(keys, tmp_path):
    sources = sources_given([f"a={tmp_path}"], [f"a={keys}"], None)
    with pytest.raises(ConfigurationError, match="no --log"):
        witnesses_given(["b=x"], sources)
    with pytest.raises(ConfigurationError, match="not the public key of a witness"):
        witnesses_given([f"a={keys}"], sources)
    assert witnesses_given([], sources) == {}


async def test_it_serves_until_it_is_told_to_stop(tmp_path, keys):
    log, _ = court(tmp_path / "court")
    state, port = tmp_path / "state", free_port()
    assert made(state, tmp_path).exit_code == 0
    write_accounts(state / ACCOUNTS_FILE, PEOPLE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from proxy.cli import main; main()", "portal",
        "--log", f"法院={tmp_path / 'court'}", "--key", f"法院={keys}", "--state", str(state),
        "--listen", f"127.0.0.1:{port}", stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(60):
        said = (await process.stderr.readline()).decode()
        assert f"http://127.0.0.1:{port}" in said
        url = f"http://127.0.0.1:{port}/"
        async with aiohttp.ClientSession() as session, session.get(url) as page:
            assert "登录" in await page.text()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    log.close()
    report = verify_log(DirectoryLog(state / "log"), load_verifier_keys([state / "keys/log.vkey"]))
    assert report.kinds["heartbeat"] == 1
