from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "MAX_STRIPE",
    "Codec",
    "Commitment",
    "Decoder",
    "Encoder",
    "ErasureError",
    "Manifest",
    "verify",
    "verify_many",
]

# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer
# Shards by their numbers, from 0: a dict, or pairs.
_Numbered: TypeAlias = Mapping[int, Buffer] | Sequence[tuple[int, Buffer]]

MAX_STRIPE: Final[int]
"""Most bytes of a stripe."""

class ErasureError(AlgorithmError):
    """A code, a shard, a proof or a manifest was refused.

    Codes: erasure.shape, erasure.too-few, erasure.no-such-shard, erasure.conflict, erasure.length, erasure.frame,
    erasure.inconsistent, erasure.wrong-shards, erasure.count, erasure.too-long, erasure.stripe, erasure.no-such-stripe,
    erasure.manifest, erasure.proof, erasure.root-length, erasure.one-proof-each.
    """

def verify(root: Buffer, proof: Buffer, shard: Buffer) -> bool:
    """Whether a shard stands where its proof says, under a root of 32 bytes.

    The root does not bind the number of shards: read it from the proof by `merkle.InclusionProof.from_bytes` and
    compare it, or use `Codec.decode_proven`, which does. Raises ErasureError erasure.root-length, erasure.proof.
    """

def verify_many(root: Buffer, proofs: _Rows, shards: _Rows) -> list[bool]:
    """Whether each shard stands where its proof says, under one root.

    Raises ErasureError erasure.root-length, erasure.one-proof-each, erasure.proof.
    """

@final
class Codec:
    """A Reed-Solomon code of n shards, any k of which rebuild: 1 <= k <= n <= 255, or k < n <= 65535.

    Up to 255 shards the parity is a Cauchy matrix over GF(2^8), polynomial 0x11d (Blömer et al. 1995); above it is that
    of reed-solomon-simd over GF(2^16), whose smaller part, rounded up to a power of two, must fit beside the other into
    65,536. Raises ErasureError erasure.shape.
    """

    def __new__(cls, k: int, n: int) -> Codec: ...
    @property
    def k(self) -> int:
        """Shards needed to rebuild."""
    @property
    def n(self) -> int:
        """Shards made."""
    def shard_len(self, payload_len: int) -> int:
        """Bytes in each shard of such a payload: (4 + payload_len) / k, rounded up, and even above 255 shards."""
    def encode(self, payload: Buffer) -> list[bytes]:
        """Cuts a payload of up to 2^32 - 1 bytes into n shards of equal length; the first k are its slices.

        Raises ErasureError erasure.too-long.
        """
    def encode_many(self, payloads: _Rows) -> list[list[bytes]]:
        """Cuts each payload into n shards. Raises ErasureError erasure.too-long."""
    def decode(self, shards: _Numbered) -> bytes:
        """Rebuilds the payload from any k distinct shards; with all data shards there is no arithmetic.

        Shards beyond the k used are not compared with them, and a wrong shard gives a wrong payload: check shards by
        their proofs, or use `decode_proven`. Raises ErasureError erasure.too-few, erasure.no-such-shard,
        erasure.conflict, erasure.length, erasure.frame.
        """
    def decode_committed(self, root: Buffer, shards: _Numbered) -> bytes:
        """Rebuilds the payload and checks that it encodes to the root.

        So everybody gets the same answer, even if the maker committed to shards that disagree.
        Raises ErasureError erasure.inconsistent, erasure.root-length, and what `decode` refuses.
        """
    def decode_proven(self, root: Buffer, shards: Sequence[tuple[Buffer, Buffer]]) -> tuple[bytes, list[int]]:
        """Rebuilds the payload from pairs of proof and shard; wrong shards are not used, and their numbers are given.

        Raises ErasureError erasure.wrong-shards if they leave fewer than k, erasure.root-length, erasure.proof, and
        what `decode` refuses.
        """
    def restore(self, shards: _Numbered, wanted: Sequence[int]) -> list[bytes]:
        """The wanted shards, data or parity, from any k distinct ones: to replace what was lost.

        Raises as `decode`, but not erasure.frame.
        """
    def parity(self, data: _Rows) -> list[bytes]:
        """The n - k parity shards of k data shards of equal length, without a frame.

        Raises ErasureError erasure.count, erasure.length.
        """

@final
class Commitment:
    """The Merkle commitment to an ordered list of shards (RFC 9162 section 2.1.1 over BLAKE3)."""

    def __new__(cls, shards: _Rows) -> Commitment: ...
    def __len__(self) -> int: ...
    @property
    def root(self) -> bytes:
        """The root over the shards in order, 32 bytes."""
    def prove(self, index: int) -> bytes:
        """The proof that a shard is under the root: the bytes of a `merkle.InclusionProof`.

        Raises ErasureError erasure.no-such-shard.
        """

@final
class Manifest:
    """What the receiver of a stream trusts: shape, stripe, length, the root of each stripe's shards."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> Manifest:
        """Reads a manifest from its only encoding.

        Raises ErasureError erasure.manifest, erasure.shape, erasure.stripe.
        """
    def to_bytes(self) -> bytes:
        """The only encoding: "gle1", k and n as 16 bits, stripe as 32, length as 64, little-endian; then the roots."""
    @property
    def id(self) -> bytes:
        """BLAKE3 of the encoding: 32 bytes that stand for the whole."""
    @property
    def k(self) -> int:
        """Shards needed to rebuild."""
    @property
    def n(self) -> int:
        """Shards made."""
    @property
    def stripe(self) -> int:
        """Bytes of the payload in each stripe but the last."""
    @property
    def length(self) -> int:
        """Bytes of the whole payload."""
    @property
    def roots(self) -> list[bytes]:
        """The root of each stripe's shards."""
    def __len__(self) -> int:
        """The number of stripes; an empty payload has one."""
    def payload_len(self, stripe: int) -> int:
        """Bytes of the payload in a stripe. Raises ErasureError erasure.no-such-stripe."""
    def piece_len(self, stripe: int, index: int) -> int:
        """Bytes of a shard's piece of a stripe: its Merkle path, then its part of the stripe.

        Raises ErasureError erasure.no-such-stripe, erasure.no-such-shard.
        """
    def verify(self, stripe: int, index: int, piece: Buffer) -> bool:
        """Whether a piece is what a shard has of a stripe.

        Raises ErasureError erasure.no-such-stripe, erasure.no-such-shard.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Encoder:
    """Encodes a payload that comes in parts of any size; keeps less than one stripe, and 32 bytes for each one done.

    Raises ErasureError erasure.shape, erasure.stripe.
    """

    def __new__(cls, k: int, n: int, stripe: int = 1 << 20) -> Encoder: ...
    def push(self, part: Buffer) -> list[list[bytes]]:
        """Takes the next part of the payload; gives the n pieces of each stripe that it completes.

        Raises ErasureError erasure.finished after `finish`.
        """
    def finish(self) -> tuple[list[list[bytes]], Manifest]:
        """Ends the payload; gives the pieces of the last stripe (none if it was given already) and the manifest.

        Raises ErasureError erasure.finished if called again.
        """

@final
class Decoder:
    """Opens stripes of a stream in any order; keeps the manifest alone.

    Unless `trusting`, it also checks that the shards of each stripe agree with each other, so that everybody gets the
    same answer from a maker that lies; that costs as much as encoding.
    """

    def __new__(cls, manifest: Manifest, trusting: bool = False) -> Decoder: ...
    def open(self, stripe: int, pieces: _Numbered) -> tuple[bytes, list[int]]:
        """The payload of a stripe from pieces of any k shards, and the numbers of those given that are wrong.

        Raises ErasureError erasure.wrong-shards if wrong ones leave fewer than k, erasure.too-few,
        erasure.no-such-stripe, erasure.no-such-shard; erasure.inconsistent, erasure.frame, erasure.length for a maker
        that lied.
        """
