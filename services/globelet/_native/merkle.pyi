from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["ConsistencyProof", "InclusionProof", "MerkleError", "MultiProof", "Tree", "root", "verify_many"]

_Hash: TypeAlias = Literal["blake3", "sha256"]
# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

class MerkleError(AlgorithmError):
    """A tree or a proof was refused.

    Codes: merkle.no-such-leaf, merkle.no-such-size, merkle.full, merkle.not-rising, merkle.length, merkle.unknown-hash,
    merkle.root-length, merkle.one-proof-each.
    """

def root(leaves: _Rows, hash_name: _Hash = "blake3") -> bytes:
    """The root, 32 bytes, over leaves in order; `H("")` of none (RFC 9162 section 2.1.1)."""

def verify_many(
    root: Buffer, proofs: Sequence[InclusionProof], leaves: _Rows, hash_name: _Hash = "blake3"
) -> list[bool]:
    """Whether each leaf stands where its proof says, under one root.

    Raises MerkleError merkle.root-length, merkle.one-proof-each.
    """

@final
class Tree:
    """A Merkle tree over an ordered list of leaves that grows at its end; 64 bytes of memory a leaf."""

    def __new__(cls, leaves: _Rows | None = None, hash_name: _Hash = "blake3") -> Tree: ...
    def __len__(self) -> int: ...
    @property
    def hash_name(self) -> _Hash:
        """The name of the hash."""
    def push(self, leaf: Buffer) -> int:
        """Adds a leaf at the end and gives its number; log n hashes. Raises MerkleError merkle.full."""
    def extend(self, leaves: _Rows) -> None:
        """Adds leaves at the end. Raises MerkleError merkle.full."""
    def root(self, size: int | None = None) -> bytes:
        """The root, of the tree as it is or as it was with `size` leaves. Raises MerkleError merkle.no-such-size."""
    def prove(self, index: int, size: int | None = None) -> InclusionProof:
        """The proof that a leaf stands in the tree, as it is or as it was (RFC 9162 section 2.1.3.1).

        Raises MerkleError merkle.no-such-leaf, merkle.no-such-size.
        """
    def prove_many(self, indices: Sequence[int]) -> MultiProof:
        """One proof for many leaves, named in rising order.

        Raises MerkleError merkle.not-rising, merkle.no-such-leaf.
        """
    def prove_consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """The proof that the tree of `new` leaves, or as it is, begins with that of `old` (RFC 9162 section 2.1.4.1).

        Raises MerkleError merkle.no-such-size.
        """

@final
class InclusionProof:
    """Proof that one leaf stands at one place in a tree of a given size.

    The root does not bind `count`: who relies on `index` compares `count` with the size it expects.
    """

    @classmethod
    def from_bytes(cls, data: Buffer) -> InclusionProof:
        """Reads a proof from its only encoding. Raises MerkleError merkle.length, merkle.no-such-leaf."""
    def to_bytes(self) -> bytes:
        """The only encoding: index, count, number of hashes as 32 bits little-endian, then the hashes."""
    @property
    def index(self) -> int:
        """The leaf's number, from 0."""
    @property
    def count(self) -> int:
        """Leaves in the tree."""
    @property
    def path(self) -> list[bytes]:
        """Sibling hashes from the leaf upwards."""
    def verify(self, root: Buffer, leaf: Buffer, hash_name: _Hash = "blake3") -> bool:
        """Whether `leaf` stands at this place under `root` (RFC 9162 section 2.1.3.2).

        Raises MerkleError merkle.root-length, merkle.unknown-hash.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ConsistencyProof:
    """Proof that a tree of `new` leaves begins with a tree of `old` leaves."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> ConsistencyProof:
        """Reads a proof from its only encoding. Raises MerkleError merkle.length, merkle.no-such-size."""
    def to_bytes(self) -> bytes:
        """The only encoding: old, new, number of hashes as 32 bits little-endian, then the hashes."""
    @property
    def old(self) -> int:
        """Leaves in the earlier tree."""
    @property
    def new(self) -> int:
        """Leaves in the later tree."""
    @property
    def path(self) -> list[bytes]:
        """Hashes from which both roots follow."""
    def verify(self, old_root: Buffer, new_root: Buffer, hash_name: _Hash = "blake3") -> bool:
        """Whether the tree under `new_root` begins with the one under `old_root` (RFC 9162 section 2.1.4.2).

        Raises MerkleError merkle.root-length, merkle.unknown-hash.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class MultiProof:
    """Proof that some leaves stand at their places in a tree of a given size."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> MultiProof:
        """Reads a proof from its only encoding.

        Raises MerkleError merkle.length, merkle.not-rising, merkle.no-such-leaf.
        """
    def to_bytes(self) -> bytes:
        """The only encoding: count, number of leaves, their numbers, number of hashes; then the hashes."""
    @property
    def count(self) -> int:
        """Leaves in the tree."""
    @property
    def indices(self) -> list[int]:
        """The leaves' numbers, rising."""
    @property
    def path(self) -> list[bytes]:
        """The hashes that don't follow from the leaves, level by level from the leaves upwards, left to right."""
    def verify(self, root: Buffer, leaves: _Rows, hash_name: _Hash = "blake3") -> bool:
        """Whether these leaves, in the order of `indices`, stand at their places under `root`.

        Raises MerkleError merkle.root-length, merkle.unknown-hash.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
