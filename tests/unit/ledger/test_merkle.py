import hashlib
from base64 import b64encode
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    SubtreeHash,
    consistency_proof,
    edge_of,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    root_of,
)

KNOWN_ROOTS = {
    0: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    1: "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=",
    2: "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
    3: "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk=",
    7: "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=",
    256: "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=",
    257: "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34=",
    70000: "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=",
}
SIZES_AROUND_TILES = [1, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537]


@cache
def leaves(count: int) -> tuple[bytes, ...]:
    return tuple(leaf_hash(b"entry %d" % number) for number in range(count))


@cache
def naive_root(start: int, end: int) -> bytes:
    """RFC 6962 section 2.1, word by word."""
    if end == start:
        return hashlib.sha256(b"").digest()
    if end - start == 1:
        return leaves(70000)[start]
    k = 1
    while k * 2 < end - start:
        k *= 2
    return node_hash(naive_root(start, start + k), naive_root(start + k, end))


def naive_subtree() -> SubtreeHash:
    return lambda height, position: naive_root(position << height, position + 1 << height)


@pytest.mark.parametrize(("size", "root"), KNOWN_ROOTS.items())
def test_known_roots(size: int, root: str):
    assert b64encode(root_of(leaves(70000)[:size])).decode() == root


def test_every_root_up_to_600_is_that_of_the_definition():
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(leaves(70000)[:600], start=1):
        frontier.append(leaf)
        assert frontier.root() == naive_root(0, size)


@pytest.mark.parametrize("size", SIZES_AROUND_TILES)
def test_roots_around_powers_of_256(size: int):
    assert root_of(leaves(70000)[:size]) == naive_root(0, size)


@given(st.integers(0, 600))
def test_an_edge_read_from_subtrees_continues_the_tree(size: int):
    edge = edge_of(size, naive_subtree())
    edge.append(leaves(70000)[size])
    assert edge.root() == naive_root(0, size + 1)


def test_a_copy_is_independent():
    frontier = Frontier()
    frontier.append(leaves(70000)[0])
    copy = frontier.copy()
    copy.append(leaves(70000)[1])
    assert (frontier.size, copy.size) == (1, 2)
    assert frontier.root() != copy.root()


def test_a_frontier_of_another_size_is_refused():
    with pytest.raises(FormatError):
        Frontier(3, [bytes(32)])


@given(st.data())
def test_inclusion_proofs_lead_to_the_root_and_nowhere_else(data: st.DataObject):
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, naive_subtree())
    leaf = leaves(70000)[index]
    assert root_from_inclusion(leaf, index, size, path) == naive_root(0, size)
    for wrong in ([*path, bytes(32)], path[:-1] if path else [bytes(32)]):
        with pytest.raises(FormatError):
            root_from_inclusion(leaf, index, size, wrong)
    if path:
        forged = [bytes(32), *path[1:]]
        assert root_from_inclusion(leaf, index, size, forged) != naive_root(0, size)


@given(st.data())
def test_consistency_proofs_hold_for_the_tree_they_were_made_for(data: st.DataObject):
    size = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(0, size))
    path = consistency_proof(old, size, naive_subtree())
    old_root, root = naive_root(0, old), naive_root(0, size)
    assert is_consistent(old, old_root, size, root, path)
    assert not is_consistent(old, old_root, size, root, [*path, bytes(32)])
    if 0 < old < size:
        assert not is_consistent(old, bytes(32), size, root, path)
        assert not is_consistent(old, old_root, size, bytes(32), path)
        assert not is_consistent(old, old_root, size, root, path[:-1])


def test_every_pair_of_small_trees_is_consistent():
    for size in range(1, 70):
        for old in range(size + 1):
            path = consistency_proof(old, size, naive_subtree())
            assert is_consistent(old, naive_root(0, old), size, naive_root(0, size), path)


def test_a_larger_old_tree_is_never_consistent():
    assert not is_consistent(2, naive_root(0, 2), 1, naive_root(0, 1), [])
    with pytest.raises(FormatError):
        consistency_proof(2, 1, naive_subtree())


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1)])
def test_an_index_outside_the_tree_has_no_proof(index: int, size: int):
    with pytest.raises(FormatError):
        inclusion_proof(index, size, naive_subtree())
    with pytest.raises(FormatError):
        root_from_inclusion(bytes(32), index, size, [])


def test_roots_of_different_sizes_differ():
    roots = [naive_root(0, size) for size in range(1, 300)]
    assert all(left != right for left, right in pairwise(roots))
