"""A forger changes a pack, and the manifest with it; each time it is noticed, and where."""

import json
import os
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cosignature import CosigningKey
from ledger.evidence.pack_check import Result, check_pack
from ledger.evidence.pack_formats import parse_keys
from tests.unit.ledger.evidence.handmade import DECISION, LOG, HandmadeLog, genesis_line
from tests.unit.ledger.evidence.site import WITNESS, Site, make_site, rows
from tests.unit.ledger.small_log import notary_keys


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("verifier"))


@pytest.fixture(scope="module")
def whole(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "pack"
    site.write(folder, opened=True)
    return folder


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "pack"))


def check(site: Site, pack: Path) -> Result:
    return check_pack(pack, site.pack_keys, parse_keys(str(WITNESS.verifier)))


def edit(pack: Path, name: str, change) -> None:
    """Change one file, and the manifest so that it agrees with it, as a forger would."""
    file = pack / name
    data = change(file.read_bytes())
    file.write_bytes(data)
    redo_manifest(pack, name, data)


def redo_manifest(pack: Path, name: str, data: bytes | None) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["files"] = [each for each in manifest["files"] if each["name"] != name]
    if data is not None:
        digest = sha256(data).hexdigest()
        manifest["files"].append({"name": name, "bytes": len(data), "sha256": digest})
    (pack / "manifest.json").write_text(json.dumps(manifest))


def edit_row(pack: Path, name: str, at: int, **changes: object) -> None:
    def change(_: bytes) -> bytes:
        lines = rows(pack, name)
        lines[at] |= changes
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines).encode()

    edit(pack, name, change)


def test_everything_of_a_whole_pack_is_counted(site: Site, pack: Path):
    result = check(site, pack)
    assert result.faults == []
    assert (result.here_count, result.absent_count, result.opened_count) == (265, 0, 265)
    assert result.since_size == 264
    assert [each[:2] for each in result.witnesses] == [(WITNESS.name, 264)]


def test_a_zip_file_says_the_same_as_a_folder(site: Site, pack: Path, tmp_path: Path):
    site.write(tmp_path / "pack.zip", opened=True)
    zipped, folder = check(site, tmp_path / "pack.zip"), check(site, pack)
    assert zipped == folder


def test_a_pack_of_what_is_new_continues_what_was_seen(site: Site, tmp_path: Path):
    site.write(tmp_path / "new", whole=False)
    result = check(site, tmp_path / "new")
    assert (result.faults, result.ranges, result.context_count) == ([], [(264, 271)], 1)


ENTRIES = "entries/000000000000.jsonl"
PAYLOADS = "payloads/000000000000.jsonl"


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "since.checkpoint", "since.consistency", ENTRIES, PAYLOADS, "report.html",
     "report.txt", "verify.py", "opened/000000000000.jsonl", "keys/log.vkey"],
)  # fmt: skip
def test_every_file_is_held_to_the_manifest(site: Site, pack: Path, name: str):
    (pack / name).write_bytes(flip((pack / name).read_bytes()))
    assert any(f"{name} was altered" in str(fault) for fault in check(site, pack).faults)
    (pack / name).unlink()
    assert any(f"{name} is missing" in str(fault) for fault in check(site, pack).faults)


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "since.checkpoint", "since.consistency", "keys/log.vkey",
     f"cosigned/{WITNESS.verifier.id.hex()}.checkpoint",
     f"cosigned/{WITNESS.verifier.id.hex()}.consistency"],
)  # fmt: skip
def test_a_manifest_that_agrees_saves_no_signed_file(site: Site, pack: Path, name: str):
    edit(pack, name, flip)
    if name != "keys/log.vkey":  # the one given counts
        assert check(site, pack).faults


def test_the_first_altered_entry_is_named(site: Site, pack: Path):
    text = rows(pack, ENTRIES)[9]["entry"]
    edit_row(pack, ENTRIES, 9, entry=text.replace("rewrite", "allowed"))
    assert [fault.index for fault in check(site, pack).faults] == [9]


def test_a_hash_of_a_proof_is_held_to_the_root(site: Site, pack: Path):
    lines = rows(pack, ENTRIES)[9]["proof"].split("\n")
    lines[2], lines[3] = lines[3], lines[2]
    edit_row(pack, ENTRIES, 9, proof="\n".join(lines))
    assert [fault.index for fault in check(site, pack).faults] == [9]


def test_a_payload_is_not_exchanged_for_another_one(site: Site, pack: Path):
    other = rows(pack, PAYLOADS)[5]["ciphertext"]
    edit_row(pack, PAYLOADS, 4, ciphertext=other)
    (fault,) = check(site, pack).faults
    assert fault.index == rows(pack, PAYLOADS)[4]["index"]
    edit_row(pack, PAYLOADS, 4, index=3)
    assert check(site, pack).faults


def drop_row(name: str, at: int):
    def change(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        del lines[at]
        return b"".join(lines)

    return name, change


def swap_rows(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    lines[4], lines[5] = lines[5], lines[4]
    return b"".join(lines)


@pytest.mark.parametrize(
    ("name", "change", "index"),
    [
        (*drop_row(ENTRIES, 0), 0),
        (*drop_row(ENTRIES, 9), 9),
        (*drop_row("entries/000000000256.jsonl", -1), 271),
        (ENTRIES, swap_rows, 4),
        (*drop_row(PAYLOADS, 0), 3),
        (PAYLOADS, lambda data: data + data.splitlines(keepends=True)[0], None),
        (PAYLOADS, lambda data: b"", 3),
        (ENTRIES, lambda data: data[:-1], None),
        (ENTRIES, lambda data: b"\xff" + data, None),
    ],
)
def test_nothing_is_left_out_repeated_or_reordered(site, pack, name, change, index):
    edit(pack, name, change)
    faults = check(site, pack).faults
    assert faults
    assert index in [None, faults[0].index]


def test_a_removed_file_of_entries_leaves_its_first_entry_missing(site: Site, pack: Path):
    (pack / "entries/000000000256.jsonl").unlink()
    redo_manifest(pack, "entries/000000000256.jsonl", None)
    assert check(site, pack).faults[0].index == 256


def test_a_payload_called_absent_is_counted_and_one_never_signed_is_refused(site, pack):
    edit_row(pack, ENTRIES, 3, payload="absent")
    edit(pack, *drop_row(PAYLOADS, 0))
    result = check(site, pack)
    assert (result.faults, result.absent_count) == ([], 1)
    edit_row(pack, ENTRIES, 3, payload="none")
    assert check(site, pack).faults[0].index == 3


def test_a_file_beside_the_manifest_is_refused(site: Site, pack: Path):
    (pack / "entries" / "000000000999.jsonl").write_text("")
    assert "not in the manifest" in str(check(site, pack).faults[0])
    (pack / "entries" / "000000000999.jsonl").unlink()
    (pack / "link").symlink_to("/etc/passwd")
    assert "symbolic link" in str(check(site, pack).faults[0])


def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(site: Site, pack: Path):
    (pack / "report.txt").unlink()
    os.mkfifo(pack / "report.txt")
    assert "device" in str(check(site, pack).faults[0])


@pytest.mark.parametrize("name", ["../checkpoint", "/etc/passwd", "entries/../x", "a\\b", ""])
def test_no_name_leads_out_of_the_pack(site: Site, pack: Path, name: str):
    redo_manifest(pack, name, b"x")
    assert "malformed manifest" in str(check(site, pack).faults[0])


def test_the_log_of_another_key_convinces_nobody(site: Site, pack: Path):
    other = parse_keys(str(notary_keys(b"x" * 32).log.verifier))
    assert check_pack(pack, other, []).faults
    assert check_pack(pack, [], []).faults


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (HandmadeLog().add(genesis_line()).add(DECISION), None),
        (HandmadeLog().add(genesis_line()).add(DECISION, previous=bytes(32)), "does not follow"),
        (HandmadeLog().add(genesis_line()).add(DECISION, sequence=2), "calls itself 2"),
        (HandmadeLog().add(genesis_line(LOG[1])), "begun with another key"),
        (HandmadeLog().add(genesis_line()).add(genesis_line()), "does not suit"),
        (HandmadeLog().add(DECISION), "does not suit"),
    ],
    ids=["as it should be", "unlinked", "misnumbered", "other key", "genesis twice", "no genesis"],
)
def test_a_signed_root_does_not_excuse_an_entry(tmp_path, log: HandmadeLog, said: str | None):
    """The holder of both keys put these into the tree."""
    faults = check_pack(log.pack(tmp_path / "p"), parse_keys(str(LOG[0].verifier)), []).faults
    if said is None:
        assert faults == []
    else:
        assert said in str(faults[0])
        assert faults[0].index == len(log.entries) - 1


def test_a_cosignature_of_an_unknown_witness_is_said_to_be_unchecked(site: Site, pack: Path):
    silent = parse_keys(str(CosigningKey("w2", b"2" * 32).verifier))
    assert "w2 cosigned nothing" in str(check_pack(pack, site.pack_keys, silent).faults[0])
    result = check_pack(pack, site.pack_keys, [])
    assert (result.faults, result.witnesses) == ([], [])
    assert result.unknown_cosigners == [WITNESS.name]


def test_a_broken_zip_file_is_a_fault_and_no_traceback(site: Site, tmp_path: Path):
    path = tmp_path / "pack.zip"
    site.write(path, whole=False)
    data = path.read_bytes()
    for cut in (data[:100], data[: len(data) // 2], b"", data[:2000] + flip(data[2000:])):
        path.write_bytes(cut)
        assert check(site, path).faults
    with zipfile.ZipFile(path, "w") as twice:
        twice.writestr("manifest.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            twice.writestr("manifest.json", "{}")
    assert "twice" in str(check(site, path).faults[0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_of_the_signed_files_is_a_fault(site, whole, tmp_path_factory, data):
    pack = Path(shutil.copytree(whole, tmp_path_factory.mktemp("any") / "pack"))
    name = data.draw(st.sampled_from([ENTRIES, PAYLOADS, "checkpoint", "since.consistency"]))

    def change(text: bytes) -> bytes:
        changed = bytearray(text)
        changed[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
        return bytes(changed)

    edit(pack, name, change)
    assert check(site, pack).faults
    shutil.rmtree(pack)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each),
    max_leaves=8,
)


FIELDS = dict.fromkeys(("origin", "selected", "context", "files"), JSON)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=FIELDS) | JSON)
def test_any_manifest_is_judged(site, tmp_path_factory, value):
    pack = tmp_path_factory.mktemp("manifest")
    text = value | {"format": "fengcun-evidence/v1"} if isinstance(value, dict) else value
    (pack / "manifest.json").write_text(json.dumps(text))
    assert check(site, pack).faults
