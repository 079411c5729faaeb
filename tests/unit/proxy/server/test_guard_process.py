"""What the notary is told of the witness, and when it is not started at all."""

from pathlib import Path

import pytest

from proxy.errors import ConfigurationError, WitnessUnavailable
from proxy.server import guard_process
from proxy.server.guard_process import ask_witness
from tests.unit.ledger.watched_log import answering, elsewhere, endless, hanging, saying
from tests.unit.proxy.server.site import make_ledger
from tests.unit.proxy.server.witnessed_site import Supervised

LIARS = {
    "nobody": None,
    "404": saying(404),
    "500": saying(500),
    "garbage": saying(200, b"garbage"),
    "redirects": elsewhere,
    "endless": endless,
    "hangs": hanging,
}


async def heard(site: Supervised) -> tuple[str, bool]:
    """The answer that will be recorded, and whether a checkpoint comes with it."""
    async with ask_witness(site.ledger) as arguments:
        said = dict(zip(arguments[::2], arguments[1::2], strict=False))
        seen = Path(said["--seen"]) if "--seen" in said else None
        assert seen is None or seen.read_bytes()
    assert seen is None or not seen.exists()
    return said["--witness-answer"], seen is not None


async def test_without_a_witness_nobody_is_asked(tmp_path):
    async with ask_witness(make_ledger(tmp_path)) as arguments:
        assert arguments == ()


async def test_over_an_air_gap_what_is_kept_has_to_do(tmp_path):
    site = Supervised(tmp_path)
    site.say(url=None)
    assert await heard(site) == ("kept", False)


async def test_a_witness_agrees_once_it_has_seen_the_log(tmp_path):
    site = Supervised(tmp_path)
    async with site.answered():
        assert await heard(site) == ("unknown", False)
        await submitted(site)
        assert await heard(site) == ("agreed", True)
        site.say(required=True)
        async with ask_witness(site.ledger) as arguments:
            assert "--withhold" in arguments


async def submitted(site: Supervised) -> None:
    """As an operator does it, once."""
    from ledger.asking import witness_at
    from ledger.fetch import DirectoryLog
    from ledger.keys import load_witness_key
    from ledger.witnessed import have_cosigned

    table = site.ledger.witness
    assert table is not None
    assert table.url is not None
    async with witness_at(table.url) as witness:
        key = load_witness_key(table.key_file)
        await have_cosigned(DirectoryLog(site.ledger.directory), key, witness.ask)


@pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS)
async def test_a_liar_achieves_what_a_broken_network_does(tmp_path, monkeypatch, liar):
    monkeypatch.setattr(guard_process, "_ANSWER_SECONDS_MAX", 3.0 if liar is hanging else 60.0)
    site = Supervised(tmp_path)
    async with site.answered(answering(liar or saying(404))):
        if liar is None:
            site.say(url="http://127.0.0.1:1")
        answer = "unknown" if liar is LIARS["404"] else "unreachable"
        assert await heard(site) == (answer, False)
        site.say(required=True)
        with pytest.raises(WitnessUnavailable, match="nothing was signed"):
            await heard(site)


@pytest.mark.parametrize("name", ["nowhere.vkey", "keys/log.vkey"])
async def test_a_key_that_cannot_be_used_is_a_mistake_in_the_configuration(tmp_path, name):
    site = Supervised(tmp_path)
    site.say(key_file=tmp_path / name)
    with pytest.raises(ConfigurationError):
        await heard(site)
