"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1) over SHA-256. Pure.

leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right), the empty tree SHA-256("").
An odd node is promoted, never duplicated. Hashes are 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from ledger.errors import FormatError

EMPTY_ROOT: Final = sha256(b"").digest()

SubtreeHash: TypeAlias = Callable[[int, int], bytes]
"""(height, position) -> hash of the complete subtree over leaves [position << height, ...)."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each bit set in `size`, largest first."""

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        if len(edge) != size.bit_count():
            raise FormatError("a frontier has one hash for each bit of its size")
        self.size = size
        self._edge = list(edge)

    @property
    def edge(self) -> tuple[bytes, ...]:
        """What makes the same frontier again, with its size."""
        return tuple(self._edge)

    def append(self, leaf: bytes) -> None:
        self.append_subtree(leaf, 0)

    def append_subtree(self, root: bytes, height: int) -> None:
        """The root over the next 2**height leaves; `size` is a multiple of that."""
        bits = self.size >> height
        assert bits << height == self.size
        while bits & 1:
            root = node_hash(self._edge.pop(), root)
            bits >>= 1
        self._edge.append(root)
        self.size += 1 << height

    def root(self) -> bytes:
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            root = node_hash(left, root)
        return root

    def copy(self) -> Frontier:
        return Frontier(self.size, self._edge)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def edge_of(size: int, subtree: SubtreeHash) -> Frontier:
    """The frontier of a tree whose complete subtrees can be looked up."""
    edge, start = [], 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            edge.append(subtree(height, start >> height))
            start += 1 << height
    return Frontier(size, edge)


def _range_root(start: int, end: int, subtree: SubtreeHash) -> bytes:
    """MTH(D[start:end]) where `start` is a multiple of the size of every subtree used."""
    width = end - start
    if width & (width - 1) == 0:
        height = width.bit_length() - 1
        return subtree(height, start >> height)
    middle = start + _split(width)
    return node_hash(_range_root(start, middle, subtree), _range_root(middle, end, subtree))


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, subtree: SubtreeHash) -> list[bytes]:
    """RFC 9162 section 2.1.3.1: the path from leaf `index` to the root of the first `size`."""
    if not 0 <= index < size:
        raise FormatError(f"entry {index} is not among the first {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, subtree))
            end = middle
        else:
            path.append(_range_root(start, middle, subtree))
            start = middle
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2: the root that `path` leads to. Raises `FormatError`."""
    if not 0 <= index < size:
        raise FormatError("the index of the proof is outside its tree")
    position, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise FormatError("the inclusion proof is too long")
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise FormatError("the inclusion proof is too short")
    return root


def consistency_proof(old: int, size: int, subtree: SubtreeHash) -> list[bytes]:
    """RFC 9162 section 2.1.4.1; empty where `old` is 0 or `size`."""
    if not 0 <= old <= size:
        raise FormatError("the older tree is the larger one")
    if old in (0, size):
        return []
    start, end, path, complete = 0, size, list[bytes](), True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(middle, end, subtree))
            end = middle
        else:
            path.append(_range_root(start, middle, subtree))
            start, complete = middle, False
    if not complete:
        path.append(_range_root(start, end, subtree))
    return path[::-1]


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2: does the tree of `size` begin with the tree of `old`?"""
    if old > size:
        return False
    if old in (0, size):
        return not path and (old_root == root if old else old_root == EMPTY_ROOT)
    if not path:
        return False
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    position, last = old - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_computed = computed = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_computed = node_hash(sibling, old_computed)
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_computed == old_root and computed == root
