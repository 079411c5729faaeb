import json
from pathlib import Path

import pytest

from ledger.chain import JudgedDraft
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.keys import write_identity
from tests.unit.ledger.evidence.site import Site, identity_of, log_of, make_site, run
from tests.unit.ledger.small_log import PAYLOAD, decision_header

HOSTILE = '{"sql":"\\u001b[2J\u202eSELECT \u009b1"}'


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site", 5)


def opened(site: Site, *arguments: str):
    return run(site, "open", *log_of(site), *identity_of(site), *arguments)


def test_payloads_are_read_by_a_recipient(site: Site):
    shown = opened(site, "3", "4")
    assert shown.exit_code == 0
    assert "第 3 号记录 / entry 3 of 17, proved" in shown.stdout
    assert '      "sql": "SELECT 1",\n' in shown.stdout
    lines = opened(site, "3", "4", "--json").stdout.splitlines()
    assert [json.loads(line)["payload"] for line in lines] == [PAYLOAD.decode()] * 2


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [("tile/entries/000.p/17", b"rewrite", b"allowed"), ("payload/000.p/17", None, None)],
)
def test_nothing_is_opened_that_is_not_as_it_was_signed(site: Site, path, old, new):
    file = site.log.root / path
    data = file.read_bytes()
    file.write_bytes(data.replace(old, new, 1) if old else data[:40] + b"xxxx" + data[44:])
    refused = opened(site, "3")
    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)


def test_it_is_said_why_there_is_nothing_to_read(site: Site, tmp_path: Path):
    assert "without a payload" in opened(site, "0").stderr
    _, private, _ = write_identity(tmp_path, "stranger")
    stranger = run(site, "open", *log_of(site), "--identity", str(private), "3")
    assert stranger.exit_code == 1
    assert "not among the recipients" in stranger.stderr
    (site.log.root / "payload/000.p/17").unlink()
    assert "not in this copy" in opened(site, "3").stderr
    assert opened(site, "99").exit_code == 1


def test_someone_elses_text_steers_no_terminal(site: Site):
    sequencer = site.log.open().sequencer
    assert sequencer is not None
    line = encode_header(EntryKind.DECISION, decision_header())
    sequencer.commit([[JudgedDraft(EntryKind.DECISION, line, HOSTILE.encode())]])
    site.log.close()
    index = str(site.proven.size - 2)
    for arguments in ((index,), (index, "--json")):
        text = opened(site, *arguments).stdout
        assert "SELECT" in text
        assert not {"\x1b", "\u202e", "\x9b"} & set(text)
    assert json.loads(opened(site, index, "--json").stdout)["payload"] == HOSTILE
