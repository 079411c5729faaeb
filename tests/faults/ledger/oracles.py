"""Trees, tiles and proofs of ours beside those of two strangers: tlog-scales and pymerkle.

pymerkle is under the GPL: it is run here, and imported by nothing that is shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pymerkle import InmemoryTree, verify_inclusion
from pymerkle.core import _inclusion_path_layout  # what a proof's path is made of
from pymerkle.proof import InclusionProof as StrangeInclusion
from tlog_scales.reader import TilesReader
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from ledger.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_from_inclusion,
)
from ledger.tile import TileStack, subtree_reader


@dataclass
class Tree:
    """Entries 0 to `size`, as our tiles in memory, and the same tiles as tlog-scales reads them."""

    tiles: dict[str, bytes] = field(default_factory=dict)
    roots: list[bytes] = field(default_factory=lambda: [Frontier().root()])
    leaves: list[bytes] = field(default_factory=list)
    stack: TileStack = field(default_factory=TileStack)
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        return len(self.leaves)

    def grow(self, size: int, *, keep_from: int = 0) -> Tree:
        """To `size` entries, with the partial tiles of every size from `keep_from` on."""
        for number in range(self.size, size):
            leaf = leaf_hash(b"entry %d" % number)
            self.leaves.append(leaf)
            self.frontier.append(leaf)
            self.roots.append(self.frontier.root() if number + 1 >= keep_from else b"")
            written = self.stack.append(leaf)
            if number + 1 >= keep_from:
                written += self.stack.partial_tiles()
            self.tiles.update((slot.path, data) for slot, data in written)
        return self

    def get(self, *path: str) -> bytes | None:
        """What tlog-scales asks of a store."""
        return self.tiles.get("/".join(path))

    def stranger(self, size: int) -> TilesReader:
        reader = TilesReader(self)
        reader.set_size(size)
        return reader

    def subtree(self, size: int):
        return subtree_reader(size, lambda slot: self.tiles[slot.path])


def check_inclusion(tree: Tree, size: int, indices: Sequence[int]) -> int:
    """Each proof is what the stranger makes, and each accepts the other's. How many there were."""
    root, stranger, subtree = tree.roots[size], tree.stranger(size), tree.subtree(size)
    for index in indices:
        leaf, path = tree.leaves[index], inclusion_proof(index, size, subtree)
        theirs = stranger.get_inclusion_proof(index, size)
        assert path == theirs.node_hashes
        InclusionProof(index, size, path).check(leaf, root)
        assert root_from_inclusion(leaf, index, size, theirs.node_hashes) == root
        rule, _ = _inclusion_path_layout(index + 1, size)
        strange = StrangeInclusion("sha256", True, size, index + 1, rule, [leaf, *path])
        verify_inclusion(leaf, root, strange, index=index + 1, size=size)
    return len(indices)


def check_consistency(tree: Tree, size: int, older: Sequence[int]) -> int:
    root, stranger, subtree = tree.roots[size], tree.stranger(size), tree.subtree(size)
    for old in older:
        path = consistency_proof(old, size, subtree)
        theirs = stranger.get_consistency_proof(old, size).node_hashes if old else []
        assert path == theirs
        ConsistencyProof(old, size, path).check(tree.roots[old], root)
        assert is_consistent(old, tree.roots[old], size, root, theirs)
        if old and path:
            assert not is_consistent(old, tree.roots[old], size, root, theirs[:-1])
    return len(older)


def check_roots(tree: Tree, sizes: Sequence[int]) -> int:
    """pymerkle's tree is built from the entries themselves, and knows nothing of tiles."""
    strange = InmemoryTree(algorithm="sha256")
    strange.append_entries(b"entry %d" % number for number in range(tree.size))
    for size in sizes:
        assert strange.get_root(size) == tree.roots[size]
        assert tree.stranger(size).calculate_root_hash() == tree.roots[size]
    return len(sizes)


def telling(size: int) -> list[int]:
    """Indices at which a proof is likely to be wrong: ends, halves and edges of tiles."""
    half = 1 << (size - 1).bit_length() - 1 if size > 1 else 0
    near = {0, half - 1, half, size - 2, size - 1, 255, 256}
    return sorted(index for index in near if 0 <= index < size)


def every_pair(size_max: int, *, all_indices: bool) -> Iterator[tuple[str, int]]:
    """What was compared, and how often."""
    tree = Tree().grow(size_max)
    yield "roots", check_roots(tree, range(size_max + 1))
    inclusion = consistency = 0
    for size in range(1, size_max + 1):
        indices = list(range(size)) if all_indices else telling(size)
        inclusion += check_inclusion(tree, size, indices)
        consistency += check_consistency(tree, size, [*indices, size])
    yield "inclusion proofs", inclusion
    yield "consistency proofs", consistency
