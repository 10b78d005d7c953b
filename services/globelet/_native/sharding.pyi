from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["Books", "Map", "ShardingError", "audit", "parcel"]

# "send", municipality, parcel · "settled", transfer, None or the code of its refusal · "settler", account, version ·
# "returned", account, code.
_Effect: TypeAlias = (
    tuple[Literal["send"], int, bytes]
    | tuple[Literal["settled"], bytes, str | None]
    | tuple[Literal["settler"], bytes, int]
    | tuple[Literal["returned"], bytes, str]
)

class _Audit(TypedDict):
    balances: int
    parked: int
    departing: int
    in_transit: int
    returning: int
    total: int

class _Parcel(TypedDict):
    source: int
    destination: int
    number: int
    cursor: int
    amount: int
    remittances: int
    relocations: int
    settlements: int
    digest: bytes

class ShardingError(AlgorithmError):
    """An order, a parcel or a map was refused; nothing moved.

    Codes: sharding.unknown-account, sharding.unknown-recipient, sharding.moved, sharding.already-open,
    sharding.zero-amount, sharding.overdrawn, sharding.replayed, sharding.overflow, sharding.nothing-to-move,
    sharding.malformed, sharding.wrong-lane, sharding.out-of-window, sharding.doubled, sharding.broken-map,
    sharding.length.
    """

def audit(books: Sequence[Books]) -> _Audit:
    """Where all the money of these municipalities is; `total` is the supply. Raises ShardingError sharding.doubled."""

def parcel(data: Buffer) -> _Parcel:
    """What a parcel holds, for people. Raises ShardingError sharding.malformed."""

@final
class Books:
    """The books of one municipality: a function of the calls made. Every call returns the effects that follow."""

    def __new__(cls, chain: int, accounts: Sequence[tuple[Buffer, int]]) -> Books: ...
    @property
    def chain(self) -> int:
        """The municipality's number."""
    def open(self, account: Buffer) -> list[_Effect]:
        """Opens an account with balance zero. Raises ShardingError sharding.already-open, sharding.moved."""
    def transfer(
        self, order: Buffer, payer: Buffer, payee: Buffer, destination: int, amount: int, nonce: int
    ) -> list[_Effect]:
        """Applies a transfer, the order of this id, whose signature holds.

        Raises ShardingError sharding.unknown-account, sharding.moved, sharding.replayed, sharding.zero-amount,
        sharding.overdrawn, sharding.unknown-recipient.
        """
    def relocate(self, account: Buffer, destination: int, nonce: int, order: Buffer | None = None) -> list[_Effect]:
        """Moves an account, with all that belongs to it, to another municipality, by the order of this id.

        Raises ShardingError sharding.unknown-account, sharding.moved, sharding.replayed, sharding.nothing-to-move.
        """
    def order(self, account: Buffer, nonce: int) -> list[_Effect]:
        """Uses the nonce of an order that moves nothing, such as a vote.

        Raises ShardingError sharding.unknown-account, sharding.moved, sharding.replayed.
        """
    def close(self) -> list[_Effect]:
        """Closes the block: what departs is numbered, one parcel for each lane."""
    def receive(self, parcel: Buffer) -> list[_Effect]:
        """Takes a parcel in, once; its source's certificate was checked.

        Raises ShardingError sharding.malformed, sharding.wrong-lane, sharding.out-of-window.
        """
    def heads(self) -> list[tuple[int, bytes]]:
        """What to tell other municipalities until every lane is at rest: whom, and the bytes."""
    def told(self, head: Buffer) -> list[_Effect]:
        """Another municipality tells how far it is: what it lacks is sent again.

        Raises ShardingError sharding.malformed, sharding.wrong-lane.
        """
    def balance(self, account: Buffer) -> int | None:
        """The balance of an account that lives here."""
    def version(self, account: Buffer) -> int | None:
        """How often an account that lives here has moved."""
    def moved(self, account: Buffer) -> int | None:
        """Where an account went from here."""
    def cursor(self, other: int) -> int:
        """Every parcel from another municipality up to this number is in."""
    def missing(self, other: int) -> list[int]:
        """Parcels from another municipality that are known of and not in."""
    @property
    def parked(self) -> int:
        """Sum of what waits for accounts on their way here."""
    @property
    def at_rest(self) -> bool:
        """Whether all that was sent is acknowledged and settled, nothing known of is missing, and nothing waits."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Map:
    """The map of accounts to municipalities. What is learnt becomes visible when the epoch is closed."""

    def __new__(cls) -> Map: ...
    def __len__(self) -> int: ...
    def learn(self, account: Buffer, municipality: int, version: int = 0) -> bool:
        """Learns where an account lives, for the next epoch; the highest version counts. False if nothing was new."""
    def home(self, account: Buffer) -> tuple[int, int] | None:
        """Where an account lives in this epoch, and how often it has moved."""
    def close(self) -> bytes:
        """Closes the epoch; what others need to follow."""
    def follow(self, changes: Buffer) -> None:
        """Follows one epoch that somebody closed. Raises ShardingError sharding.broken-map, sharding.malformed."""
    @property
    def epoch(self) -> int:
        """The epoch."""
    @property
    def digest(self) -> bytes:
        """Digest of the newest epoch's changes, 32 bytes; zero in epoch 0."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
