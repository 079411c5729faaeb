"""What the standalone verifier knows of the formats, against the package's own."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entry import parse_entry as parse_entry_of_the_package
from ledger.evidence.pack_formats import (
    Checkpoint,
    Wrong,
    inclusion_root,
    is_consistent,
    open_checkpoint,
    parse_entry,
    parse_keys,
    parse_note,
    strict_json,
    unbase64,
)
from ledger.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from ledger.note import Algorithm, VerifierKey
from tests.unit.ledger.evidence.site import WITNESS, make_site

LEAVES = [b"entry %d" % number for number in range(70)]
HASHES = [leaf_hash(each) for each in LEAVES]


def subtree(height: int, position: int) -> bytes:
    return root_of(HASHES[position << height : (position + 1) << height])


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_inclusion_agrees_with_the_package(size: int, data: st.DataObject):
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, subtree)
    root = root_of(HASHES[:size])
    assert inclusion_root(LEAVES[index], index, size, path) == root
    assert inclusion_root(LEAVES[index], index + size, size, path) is None
    for wrong in (path[:-1], [*path, bytes(32)]):
        if wrong != path:
            assert inclusion_root(LEAVES[index], index, size, wrong) != root


@settings(deadline=None)
@given(st.integers(0, 70), st.integers(1, 70), st.data())
def test_consistency_agrees_with_the_package(old: int, size: int, data: st.DataObject):
    first = Checkpoint("o", old, root_of(HASHES[:old]) if old else Frontier().root())
    second = Checkpoint("o", size, root_of(HASHES[:size]))
    if old > size:
        assert not is_consistent(first, second, [])
        return
    path = consistency_proof(old, size, subtree)
    assert is_consistent(first, second, path)
    assert not is_consistent(first, second, [*path, bytes(32)])
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not is_consistent(first, second, [*path[:at], bytes(32), *path[at + 1 :]])
    assert not is_consistent(first._replace(root=b"x" * 32), second, path)


def test_entries_and_keys_are_read_as_the_package_reads_them(tmp_path):
    site = make_site(tmp_path, 3)
    for proven in site.proven.bundle(0):
        entry = parse_entry(proven.index, proven.data)
        ours, _ = parse_entry_of_the_package(proven.data)
        assert (entry.number, entry.origin, entry.time) == (ours.sequence, ours.origin, ours.time)
        assert entry.previous == ours.previous
        assert (entry.payload is None) == (ours.payload is None)
        assert entry.header == {"kind": ours.kind.value, **ours.header}
    (key,) = parse_keys(f"# a comment\n\n{WITNESS.verifier}\n")
    assert (key.name, key.id, key.algorithm) == (WITNESS.name, WITNESS.verifier.id, 4)
    assert open_checkpoint(site.seen, site.pack_keys).size == site.seen_checkpoint.size
    with pytest.raises(Wrong, match="log itself did not sign"):
        open_checkpoint(site.cosigned.note, parse_keys(str(WITNESS.verifier)))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes):
    for judge in (parse_note, strict_json, lambda each: parse_entry(0, each)):
        with suppress(Wrong):
            judge(data)


@settings(deadline=None)
@given(st.text(max_size=100))
def test_any_text_is_no_key(text: str):
    try:
        assert parse_keys("x+" + text) == []
    except Wrong:
        return


def test_the_name_of_a_key_steers_no_terminal():
    key = VerifierKey("a\x9bb", Algorithm.ED25519, bytes(32))
    with pytest.raises(Wrong, match="not printable"):
        parse_keys(str(key))


@pytest.mark.parametrize("text", [b"AA", b"AAB=", b"A A=", b"AA==\n"])
def test_base64_has_one_spelling(text: bytes):
    with pytest.raises(Wrong):
        unbase64(text)


def test_a_field_stands_once():
    with pytest.raises(Wrong, match="twice"):
        strict_json(b'{"a":1,"a":2}')
