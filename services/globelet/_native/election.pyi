from collections.abc import Sequence
from typing import final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "Candidate",
    "Committee",
    "ElectionError",
    "Evidence",
    "Handover",
    "Removals",
    "Vote",
    "Votes",
    "chances",
    "elect",
    "follow",
    "handover_bytes",
    "public_key",
    "vote_bytes",
]

class ElectionError(AlgorithmError):
    """A vote, a candidate, rules, evidence or a handover was refused.

    Codes: election.malformed, election.bad-signature, election.stale-vote, election.bad-rules, election.bad-candidate,
    election.unfillable, election.stake-overflow, election.no-evidence, election.broken-handover, election.length,
    election.two-choices.
    """

def public_key(seed: Buffer) -> bytes:
    """The Ed25519 public key, 32 bytes, of a seed of 32 bytes. Raises ElectionError election.length."""

def chances(candidates: Sequence[Candidate], seats: int, place_share_ppm: int = 1_000_000) -> list[tuple[bytes, float]]:
    """The chance of a seat of each candidate that has weight, by key; they add up to the seats.

    In proportion to weight, at most one seat each, and together at most `place_share_ppm` millionths of the seats for
    one place, rounded down. Raises ElectionError election.bad-rules, election.bad-candidate, election.unfillable.
    """

def elect(
    seed: Buffer,
    candidates: Sequence[Candidate],
    seats: int,
    place_share_ppm: int = 1_000_000,
    removals: Removals | None = None,
) -> list[bytes]:
    """The keys of an epoch's committee, ascending: each candidate with exactly its chance, no place above its share.

    Systematic sampling (Madow 1949) from a seed of 32 bytes that nobody could foresee. The order of candidates does not
    matter. Raises ElectionError as `chances`, and election.length.
    """

def follow(genesis: Committee, handovers: Sequence[Handover]) -> Committee:
    """The newest committee, from one that is trusted. Raises ElectionError election.broken-handover."""

def vote_bytes(chain: int, height: int, block: Buffer) -> bytes:
    """What a municipal replica signs as its vote on a block of this hash. Raises ElectionError election.length."""

def handover_bytes(chain: int, epoch: int, old: Buffer, new: Buffer) -> bytes:
    """What a member signs of the committee with hash `old`, for that with hash `new`.

    Raises ElectionError election.length.
    """

@final
class Candidate:
    """Someone who may be elected. Its weight is stake · holding record · bonus, in millionths, rounded down."""

    def __new__(
        cls, key: Buffer, place: int, stake: int, holding_ppm: int = 1_000_000, bonus_ppm: int = 1_000_000
    ) -> Candidate: ...
    @property
    def key(self) -> bytes:
        """Its identity and signing key, 32 bytes."""
    @property
    def place(self) -> int:
        """Where it is; the same number is the same place."""
    @property
    def stake(self) -> int:
        """Stake behind it."""
    @property
    def weight(self) -> int:
        """What its chance is in proportion to."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Vote:
    """A signed vote of a stakeholder; it stands until the same account signs one with a higher sequence."""

    @classmethod
    def sign(
        cls, seed: Buffer, chain: int, sequence: int, candidate: Buffer | None = None, delegate: Buffer | None = None
    ) -> Vote:
        """A vote for a candidate's key, or lent to another account, or for nobody.

        Raises ElectionError election.length, election.two-choices.
        """
    @classmethod
    def from_bytes(cls, data: Buffer) -> Vote:
        """Reads a vote from its only encoding; the signature is not checked.

        Raises ElectionError election.malformed.
        """
    def to_bytes(self) -> bytes:
        """The only encoding."""
    @property
    def voter(self) -> bytes:
        """Who votes: the account, an Ed25519 public key."""
    @property
    def sequence(self) -> int:
        """Number among the voter's votes."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Votes:
    """The votes that count for one chain, in whatever order they came."""

    def __new__(cls, chain: int) -> Votes: ...
    def __len__(self) -> int: ...
    def cast(self, vote: Vote) -> None:
        """Takes a vote in; two different ones under one sequence are a vote for nobody.

        Raises ElectionError election.malformed, election.stale-vote, election.bad-signature.
        """
    def tally(self, stakes: Sequence[tuple[Buffer, int]]) -> tuple[list[tuple[bytes, int]], int]:
        """Stake behind each candidate, by key, and stake behind nobody, from the stake of each account.

        Raises ElectionError election.stake-overflow, election.length.
        """

@final
class Committee:
    """The members of one chain in one epoch: key, place, and hash of the other public keys of each."""

    def __new__(cls, chain: int, epoch: int, members: Sequence[tuple[Buffer, int, Buffer]]) -> Committee: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Committee:
        """Reads a committee from its only encoding. Raises ElectionError election.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def hash(self) -> bytes:
        """BLAKE3 of its domain and its encoding, 32 bytes."""
    @property
    def chain(self) -> int:
        """Which chain."""
    @property
    def epoch(self) -> int:
        """Which epoch, from 0 at genesis."""
    @property
    def keys(self) -> list[bytes]:
        """Keys of the members, ascending; a member's index is its place in this list."""
    @property
    def quorum(self) -> int:
        """Signatures that bind the committee: n − f."""
    @property
    def faults(self) -> int:
        """Members that may be faulty: the largest f with 3f < n."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Handover:
    """A new committee under the old one's signatures.

    Raises ElectionError election.broken-handover if it can't follow.
    """

    def __new__(cls, old: Committee, new: Committee) -> Handover: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Handover:
        """Reads a handover from its only encoding; no signature is checked. Raises ElectionError election.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def sign(self, old: Committee, seed: Buffer) -> None:
        """Adds the signature of a member of the old committee. Raises ElectionError election.broken-handover."""
    def verify(self, old: Committee) -> None:
        """Checks that a quorum of the old committee signed. Raises ElectionError election.broken-handover."""
    @property
    def committee(self) -> Committee:
        """The new committee."""
    @property
    def signers(self) -> list[int]:
        """Members of the old committee that signed, by index."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Evidence:
    """Two signatures of one member that contradict each other; the two hashes in ascending order."""

    @classmethod
    def votes(
        cls,
        member: Buffer,
        chain: int,
        height: int,
        blocks: tuple[Buffer, Buffer],
        signatures: tuple[Buffer, Buffer],
    ) -> Evidence:
        """It voted for two blocks of one chain at one height: signatures over `vote_bytes`."""
    @classmethod
    def handovers(
        cls,
        member: Buffer,
        chain: int,
        epoch: int,
        old: Buffer,
        new: tuple[Buffer, Buffer],
        signatures: tuple[Buffer, Buffer],
    ) -> Evidence:
        """It signed two committees to follow one: signatures over `handover_bytes`."""
    @classmethod
    def from_bytes(cls, data: Buffer) -> Evidence:
        """Reads evidence from its only encoding; nothing is verified. Raises ElectionError election.malformed."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def verify(self) -> None:
        """Checks that the accused signed both. Raises ElectionError election.no-evidence, election.bad-signature."""
    @property
    def member(self) -> bytes:
        """Who is accused."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Removals:
    """Who was removed, with what proves it."""

    def __new__(cls) -> Removals: ...
    def remove(self, committee: Committee, evidence: Evidence) -> bool:
        """Removes a member for good; false if it was removed before.

        Raises ElectionError election.no-evidence, election.bad-signature.
        """
    def bars(self, key: Buffer) -> bool:
        """Whether this key was removed."""
    def evidence(self, key: Buffer) -> Evidence | None:
        """What proves a removal."""
