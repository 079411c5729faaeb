import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.evidence.archive import open_archive
from ledger.evidence.pack import Order, write_pack
from ledger.evidence.pack_check import check_pack
from ledger.evidence.selection import select
from ledger.proof import check_proof, parse_proof
from ledger.witnessed import keep
from tests.unit.ledger.evidence.site import WITNESS, Site, make_site, rows
from tests.unit.ledger.small_log import PAYLOAD, identities


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site", 20)


def test_each_line_is_an_entry_with_its_own_proof(site: Site, tmp_path: Path):
    manifest = site.write(tmp_path / "pack", opened=True)
    assert sha256((tmp_path / "pack/manifest.json").read_bytes()).hexdigest() == manifest
    entries = rows(tmp_path / "pack", "entries/000000000000.jsonl")
    assert [row["index"] for row in entries] == list(range(32))
    for row in entries:
        proof = parse_proof(row["proof"].encode())
        assert check_proof(row["entry"].encode(), proof, site.keys).size == 32
    opened = rows(tmp_path / "pack", "opened/000000000000.jsonl")
    assert {row["payload"] for row in opened} == {PAYLOAD.decode()}
    ciphertexts = rows(tmp_path / "pack", "payloads/000000000000.jsonl")
    assert [row["index"] for row in ciphertexts] == [row["index"] for row in opened]
    assert b64decode(ciphertexts[0]["ciphertext"]) == site.proven.entry(3).ciphertext
    assert "某某（虚构）" in (tmp_path / "pack/report.html").read_text()


def test_without_an_identity_nothing_is_in_plain_text(site: Site, tmp_path: Path):
    site.write(tmp_path / "pack")
    text = b"".join(path.read_bytes() for path in (tmp_path / "pack").rglob("*") if path.is_file())
    assert "某某".encode() not in text
    assert b"SELECT 1" not in text
    assert not (tmp_path / "pack/opened").exists()


def test_a_damaged_log_makes_no_pack(site: Site, tmp_path: Path):
    bundle = site.log.root / "tile/entries/000.p/32"
    bundle.write_bytes(bundle.read_bytes().replace(b"rewrite", b"allowed", 1))
    for name in ("pack", "pack.zip"):
        with pytest.raises(FormatError, match="entry 3"):
            site.write(tmp_path / name)
        assert not list(tmp_path.rglob("manifest.json"))
    assert not list(tmp_path.glob("*pack.zip*"))


def test_a_witness_that_saw_more_stops_the_export(site: Site, tmp_path: Path):
    keep(site.log.root, WITNESS.verifier, site.cosigned.note)
    rolled_back = site.cosigned
    (site.log.root / "checkpoint").write_bytes(site.seen)
    selection = select(site.proven, since="0")
    bigger = rolled_back.__class__(
        rolled_back.note,
        rolled_back.checkpoint.__class__(rolled_back.checkpoint.origin, 99, bytes(32)),
        rolled_back.cosigned,
    )
    with pytest.raises(FormatError, match="a rollback"):
        write_pack(site.proven, selection, open_archive(tmp_path / "p"), Order(cosigned=[bigger]))


def test_a_stranger_opens_nothing_and_leaves_no_pack(site: Site, tmp_path: Path):
    stranger = identities()[0].generate("stranger")
    selection = select(site.proven, indices=[3])
    with pytest.raises(FormatError, match="not among the recipients"):
        write_pack(site.proven, selection, open_archive(tmp_path / "p"), Order(identity=stranger))
    assert not (tmp_path / "p/manifest.json").exists()


def test_progress_reaches_the_end(site: Site, tmp_path: Path):
    heard: list[tuple[int, int]] = []
    selection = select(site.proven, indices=[5])
    write_pack(
        site.proven,
        selection,
        open_archive(tmp_path / "p"),
        Order(),
        lambda done, total: heard.append((done, total)),
    )
    assert heard[-1] == (3, 3)
    assert check_pack(tmp_path / "p", site.pack_keys, []).faults == []


def test_payloads_that_this_copy_lacks_are_marked(site: Site, tmp_path: Path):
    (site.log.root / "payload/000.p/32").unlink()
    site.write(tmp_path / "pack", opened=True)
    result = check_pack(tmp_path / "pack", site.pack_keys, [])
    assert (result.faults, result.here_count, result.absent_count) == ([], 0, 25)
    manifest = json.loads((tmp_path / "pack/manifest.json").read_text())
    assert not [each for each in manifest["files"] if each["name"].startswith("payloads/")]
