import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.merkle import leaf_hash, root_of
from ledger.tile import (
    TILE_WIDTH,
    BrokenBundle,
    TileSlot,
    TileStack,
    bundle_path,
    bundle_slots,
    complete_root,
    decode_bundle,
    decode_payload_bundle,
    decode_tile,
    encode_bundle,
    encode_payload_bundle,
    level_count,
    payload_path,
    subtree_reader,
    tile_path,
    tile_width,
)

PATHS = [
    (tile_path(0, 1234067), "tile/0/x001/x234/067"),
    (tile_path(0, 5), "tile/0/005"),
    (tile_path(0, 1, 44), "tile/0/001.p/44"),
    (tile_path(2, 0, 1), "tile/2/000.p/1"),
    (tile_path(1, 1000), "tile/1/x001/000"),
    (bundle_path(273, 112), "tile/entries/273.p/112"),
    (payload_path(1234067), "payload/x001/x234/067"),
]


@pytest.mark.parametrize(("given_path", "expected"), PATHS)
def test_paths_are_those_of_the_specification(given_path: str, expected: str):
    assert given_path == expected


@pytest.mark.parametrize("width", [0, 257, -1])
def test_no_tile_is_empty_or_too_wide(width: int):
    with pytest.raises(FormatError):
        tile_path(0, 0, width)


def test_the_tiles_of_70000_entries_are_those_of_the_specification():
    stack = TileStack()
    full = [slot for number in range(70_000) for slot, _ in stack.append(leaf(number))]
    assert full.count(TileSlot(1, 0, 256)) == 1
    assert len([slot for slot in full if slot.level == 0]) == 273
    partial = [slot for slot, _ in stack.partial_tiles()]
    assert partial == [TileSlot(0, 273, 112), TileSlot(1, 1, 17), TileSlot(2, 0, 1)]
    assert [tile_width(slot.level, slot.number, 70_000) for slot in partial] == [112, 17, 1]
    assert level_count(70_000) == 3


def test_the_tiles_of_256_entries_are_one_full_and_one_above():
    stack = TileStack()
    full = [slot for number in range(256) for slot, _ in stack.append(leaf(number))]
    assert full == [TileSlot(0, 0, 256)]
    assert [slot for slot, _ in stack.partial_tiles()] == [TileSlot(1, 0, 1)]


def leaf(number: int) -> bytes:
    return leaf_hash(b"%d" % number)


@given(st.integers(1, 1500), st.data())
def test_subtrees_read_from_tiles_are_those_of_the_leaves(size: int, data: st.DataObject):
    stack, files = TileStack(), dict[TileSlot, bytes]()
    for number in range(size):
        files.update(stack.append(leaf(number)))
    files.update(stack.partial_tiles())
    subtree = subtree_reader(size, files.__getitem__)
    height = data.draw(st.integers(0, size.bit_length() - 1))
    position = data.draw(st.integers(0, (size >> height) - 1))
    span = range(position << height, position + 1 << height)
    assert subtree(height, position) == root_of(leaf(number) for number in span)
    with pytest.raises(FormatError):
        subtree(height, size >> height)


@given(st.lists(st.binary(max_size=300), max_size=TILE_WIDTH))
def test_bundles_survive_the_round_trip(items: list[bytes]):
    assert decode_bundle(encode_bundle(items)) == items
    assert decode_payload_bundle(encode_payload_bundle(items)) == items


@given(st.binary(max_size=600), st.integers(1, 256))
def test_any_bytes_are_a_bundle_or_are_refused(data: bytes, width: int):
    for decode, encode in (
        (decode_bundle, encode_bundle),
        (decode_payload_bundle, encode_payload_bundle),
    ):
        broken = False
        try:
            items = decode(data, width)
        except BrokenBundle as error:
            items, broken = error.items, True
        assert data.startswith(encode(items))
        assert len(items) <= width
        assert broken or encode(items) == data


def test_a_tile_of_another_length_is_refused():
    assert decode_tile(bytes(64), 2) == [bytes(32), bytes(32)]
    with pytest.raises(FormatError):
        decode_tile(bytes(63), 2)


def test_bundle_slots_cover_every_entry_once():
    assert list(bundle_slots(0)) == []
    assert list(bundle_slots(600)) == [(0, 256), (1, 256), (2, 88)]
    assert sum(width for _, width in bundle_slots(70_000)) == 70_000


def test_a_complete_root_is_the_root_of_its_leaves():
    hashes = [leaf(number) for number in range(256)]
    assert complete_root(hashes) == root_of(hashes)
