from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "Answer",
    "Challenge",
    "Commitment",
    "Extension",
    "Holder",
    "HoldingError",
    "HoldingProof",
    "Records",
    "Request",
    "Shard",
    "caught",
    "ranges_needed",
]

_Outcome: TypeAlias = Literal["acknowledged", "passed", "missed", "wrong"]

class HoldingError(AlgorithmError):
    """A shard, a request, a proof or an answer was refused.

    Codes: holding.malformed, holding.bad-signature, holding.wrong-shard, holding.conflict, holding.no-room,
    holding.not-held, holding.out-of-time, holding.late, holding.wrong-answer, holding.length, holding.unknown-outcome.
    """

def caught(pieces: int, lost: int, ranges: int, width: int = 1) -> float:
    """The probability that so many different ranges meet one of `lost` pieces of `pieces`.

    Exact if the lost pieces stand in one run, a lower bound otherwise (Ateniese and others, CCS 2007, section 5.1).
    """

def ranges_needed(pieces: int, lost: int, at_least: float, width: int = 1) -> int | None:
    """The fewest ranges that catch who lost so many pieces with this probability; None if 4,096 pieces do not."""

@final
class Commitment:
    """What a shard is, for those who do not have it."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> Commitment:
        """Reads it from its only encoding. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding, 44 bytes."""
    @property
    def root(self) -> bytes:
        """Root of the Merkle tree over the pieces (RFC 9162 section 2.1 with BLAKE3)."""
    @property
    def length(self) -> int:
        """Bytes of the shard."""
    @property
    def pieces(self) -> int:
        """The number of pieces."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Shard:
    """A shard (copied once) and the tree over its pieces. Raises HoldingError holding.malformed for a bad length."""

    def __new__(cls, data: Buffer, piece: int = 256) -> Shard: ...
    def __len__(self) -> int: ...
    @property
    def commitment(self) -> Commitment:
        """What others need to know of it."""
    def piece(self, index: int) -> bytes:
        """One piece; empty beyond the end."""
    def answer(self, seed: Buffer, challenge: Challenge) -> Answer:
        """The answer of one who has the shard, signed with its seed. Raises HoldingError holding.malformed."""

@final
class Request:
    """PoH_REQUEST: keep this shard."""

    @classmethod
    def sign(cls, seed: Buffer, vertex: Buffer, shard: int, commitment: Commitment, ttl_us: int) -> Request:
        """A request for so many microseconds, signed with the asker's seed. Raises HoldingError holding.length."""
    @classmethod
    def from_bytes(cls, data: Buffer) -> Request:
        """Reads it from its only encoding; nothing is verified. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def verify(self) -> None:
        """Checks signature and lengths. Raises HoldingError holding.bad-signature, holding.malformed."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Extension:
    """Please keep it longer: signed by the one who asked first."""

    @classmethod
    def sign(cls, seed: Buffer, vertex: Buffer, shard: int, until_us: int) -> Extension:
        """An extension until a time, in microseconds, signed with the asker's seed.

        Raises HoldingError holding.length.
        """
    @classmethod
    def from_bytes(cls, data: Buffer) -> Extension:
        """Reads it from its only encoding; nothing is verified. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class HoldingProof:
    """PoH_ACK: a holder's signed word that it keeps a shard durably, since when and until when."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> HoldingProof:
        """Reads it from its only encoding; nothing is verified. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding, 88 bytes."""
    def verify(self, key: Buffer, vertex: Buffer, now_us: int, longest_us: int) -> None:
        """Checks that the holder promises to keep the shard now, and for no more than `longest_us` from now.

        Raises HoldingError holding.out-of-time, holding.bad-signature.
        """
    @property
    def holder(self) -> int:
        """Index of the holder in the chain's table of nodes."""
    @property
    def shard(self) -> int:
        """Which shard."""
    @property
    def since_us(self) -> int:
        """Kept durably since."""
    @property
    def until_us(self) -> int:
        """Kept until, and not at, this time."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Challenge:
    """Show these pieces of a shard: so many different ranges of so many pieces, drawn from a seed of 32 bytes."""

    def __new__(
        cls,
        vertex: Buffer,
        shard: int,
        holder: int,
        seed: Buffer,
        ranges: int,
        width: int = 1,
        due_us: int = 2**64 - 1,
    ) -> Challenge: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Challenge:
        """Reads it from its only encoding. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding, 80 bytes."""
    def pieces(self, commitment: Commitment) -> list[int]:
        """The pieces to show, rising. Raises HoldingError holding.malformed for none, or more than 4,096."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Answer:
    """The pieces asked for and their one Merkle proof, under the holder's signature."""

    @classmethod
    def from_bytes(cls, data: Buffer) -> Answer:
        """Reads it from its only encoding; nothing is verified. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    @property
    def pieces(self) -> list[bytes]:
        """The pieces, in the order of `Challenge.pieces`."""
    def verify(self, commitment: Commitment, challenge: Challenge, key: Buffer, now_us: int) -> None:
        """Checks an answer that came at `now_us`.

        Raises HoldingError holding.late; holding.bad-signature, where the messenger may be to blame;
        holding.wrong-answer, for which the holder is.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Holder:
    """A node that holds for others: `room` bytes and `shards` at most, and nothing beyond `longest_us` from now."""

    def __new__(cls, place: int, seed: Buffer, room: int, shards: int, longest_us: int) -> Holder: ...
    def __len__(self) -> int: ...
    @property
    def public(self) -> bytes:
        """The key that its proofs and answers verify by."""
    @property
    def bytes_held(self) -> int:
        """Bytes of all shards kept."""
    def hold(self, now_us: int, request: Request, data: Buffer) -> HoldingProof:
        """Takes a shard in (it is copied) and acknowledges it; asked again, it gives the same proof.

        Raises HoldingError holding.bad-signature, holding.wrong-shard, holding.out-of-time, holding.conflict,
        holding.no-room.
        """
    def extend(self, now_us: int, extension: Extension) -> HoldingProof:
        """Promises to keep a shard longer.

        Raises HoldingError holding.not-held, holding.bad-signature, holding.out-of-time.
        """
    def expire(self, now_us: int) -> list[tuple[bytes, int]]:
        """Forgets every shard whose time is over; says which, the earliest first: vertex and shard."""
    def answer(self, now_us: int, challenge: Challenge) -> Answer:
        """Answers a challenge. Raises HoldingError holding.not-held, holding.late, holding.malformed."""

@final
class Records:
    """What each node has held, for elections."""

    def __new__(cls) -> Records: ...
    def __len__(self) -> int: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Records:
        """Reads them from their only encoding. Raises HoldingError holding.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def note(self, key: Buffer, outcome: _Outcome) -> None:
        """Notes what came of asking a node.

        Raises HoldingError holding.unknown-outcome, holding.length, holding.no-room.
        """
    def close_epoch(self) -> None:
        """Closes an epoch: all counts are halved."""
    def score_ppm(self, key: Buffer) -> int:
        """How much of a node's stake counts, in millionths.

        (s + 1) / (s + 2 + 4 · missed + 64 · wrong) with s = passed + acknowledged / 16.
        """
