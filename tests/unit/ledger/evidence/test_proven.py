from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog, proven_entries
from ledger.fetch import DirectoryLog
from ledger.note import SigningKey, VerifierKey
from ledger.prepare import prepare_successor
from ledger.proof import check_proof, parse_proof, prove
from tests.unit.ledger.evidence.handmade import DECISION, ENTRY, LOG, HandmadeLog, genesis_line
from tests.unit.ledger.evidence.site import Site, make_site
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import SmallLog, log_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("proven"))


def test_every_entry_is_handed_out_with_the_proof_that_prove_makes(site: Site):
    log = site.proven
    found = list(proven_entries(log, 0, log.size))
    assert [each.index for each in found] == list(range(log.size))
    for each in found:
        proof = parse_proof(log.proof(each).to_bytes())
        assert proof.entry == each.data
        assert proof.path == prove(log.reader, each.index).path
        assert check_proof(each.data, proof, site.keys) == log.checkpoint


@pytest.mark.parametrize("index", [0, 255, 256, 260, 269])
def test_one_alone_is_the_same_as_in_its_bundle(site: Site, index: int):
    log = site.proven
    assert log.entry(index) == log.bundle(index // 256)[index % 256]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 252, 253, 254, 510])
def test_any_size_of_a_log_is_proved(tmp_path: Path, count: int):
    log = log_of(tmp_path / "log", count)
    proven = ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])
    assert len(list(proven_entries(proven, 0, proven.size))) == proven.size


def test_an_older_checkpoint_is_proved_from_the_grown_log(site: Site):
    old = ProvenLog(DirectoryLog(site.log.root), site.keys, site.seen)
    assert old.size < site.proven.size
    assert old.entry(old.size - 1).data == site.proven.entry(old.size - 1).data
    with pytest.raises(FormatError, match="not among"):
        old.entry(old.size)


def altered(tmp_path: Path, change) -> ProvenLog:
    log = log_of(tmp_path / "log", 20)
    change(log)
    return ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])


def edit(path: str, old: bytes, new: bytes):
    def change(log: SmallLog) -> None:
        file = log.root / path
        data = file.read_bytes()
        assert old in data
        file.write_bytes(data.replace(old, new, 1))

    return change


def test_an_altered_entry_is_refused_and_its_neighbours_are_not(tmp_path: Path):
    log = altered(tmp_path, edit("tile/entries/000.p/24", b"rewrite", b"rewrote"))
    with pytest.raises(FormatError, match="entry 3 is not in the log"):
        log.entry(3)
    assert log.entry(4).index == 4
    with pytest.raises(FormatError, match="entry 3 is not in the log"):
        log.bundle(0)


def test_a_changed_payload_is_refused(tmp_path: Path):
    def change(log: SmallLog) -> None:
        file = log.root / "payload/000.p/24"
        data = bytearray(file.read_bytes())
        data[-5] ^= 1  # the last entry has none: four zero bytes
        file.write_bytes(data)

    log = altered(tmp_path, change)
    with pytest.raises(FormatError, match="payload of entry 22"):
        log.entry(22)
    assert log.entry(21).ciphertext


def test_what_is_cut_or_gone_is_said(tmp_path: Path):
    def cut(log: SmallLog) -> None:
        file = log.root / "tile/entries/000.p/24"
        file.write_bytes(file.read_bytes()[:-1])
        (log.root / "payload/000.p/24").unlink()

    log = altered(tmp_path, cut)
    assert log.entry(21).ciphertext == b""
    with pytest.raises(FormatError, match="breaks off at entry 23"):
        log.entry(23)
    (tmp_path / "log/tile/entries/000.p/24").unlink()
    with pytest.raises(FormatError, match="gone"):
        log.entry(1)


def test_a_foreign_key_proves_nothing(site: Site):
    with pytest.raises(FormatError):
        ProvenLog(DirectoryLog(site.log.root), [site.log.keys.entry.verifier])


@pytest.mark.parametrize(
    ("genesis", "added", "said"),
    [
        ({}, {"signers": [ENTRY[1]]}, "entry 1: no trusted key"),
        ({}, {"sequence": 5}, "where entry 1 belongs stands entry 5"),
        ({"log": LOG[1]}, {}, "begun with another key"),
        (
            {"entry": SigningKey("other.example/proxy/p1", bytes(32))},
            {},
            "another name or algorithm",
        ),
    ],
    ids=["other signer", "other number", "other log key", "other proxy"],
)
def test_a_signed_root_does_not_excuse_an_entry(genesis, added, said):
    """The holder of the log's key alone put these into the tree."""
    key = genesis.get("entry", ENTRY[0])
    log = HandmadeLog().add(genesis_line(**genesis), key)
    log.add(DECISION, *added.pop("signers", [key]), **added)
    proven = ProvenLog(log, [LOG[0].verifier])
    for look in (lambda: proven.entry(1), lambda: proven.bundle(0)):
        with pytest.raises(FormatError, match=said):
            look()


def test_a_log_made_by_hand_as_it_should_be_is_proven():
    log = HandmadeLog().add(genesis_line()).add(DECISION)
    assert ProvenLog(log, [LOG[0].verifier]).entry(1).data == log.entries[1]


@pytest.mark.parametrize("lost", ["gone", "cut"])
def test_what_an_unseen_key_signed_is_refused_with_the_place_it_may_be_at(
    tmp_path: Path, lost: str
):
    """The entry that announced the key is in a bundle that cannot be read."""
    log = RotatingLog(tmp_path).once(260)
    prepare_successor(log.directory, "entry")
    log.once(260)
    at = log.key_entries()[0][0].sequence
    assert at // 256 == 1
    path = log.root / "tile/entries/001"
    raw = path.read_bytes()
    path.unlink() if lost == "gone" else path.write_bytes(raw[: raw.index(b'"purpose":"entry"')])
    proven = ProvenLog(DirectoryLog(log.root), [VerifierKey.parse(log.vkey("log.vkey"))])
    assert proven.entry(200).index == 200
    place = 256 if lost == "gone" else at
    with pytest.raises(FormatError, match=f"no trusted key .*; entry {place} cannot be read"):
        proven.entry(proven.size - 1)
