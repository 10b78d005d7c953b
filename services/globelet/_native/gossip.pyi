from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "Arrivals", "GossipError", "Member", "Network", "Settings",
    "message_id", "open_signed", "packets", "sign", "verify_many",
]  # fmt: skip

# "send", peer, bytes · "deliver", neighbour it came from, links it crossed, payload · "timer", after so many
# microseconds, bytes to hand back.
_Output: TypeAlias = (
    tuple[Literal["send"], int, bytes]
    | tuple[Literal["deliver"], int, int, bytes]
    | tuple[Literal["timer"], int, bytes]
)

class GossipError(AlgorithmError):
    """Packets, a payload, a setting or a call was refused; nothing changed.

    Codes: gossip.too-large, gossip.malformed, gossip.too-many, gossip.payload-too-large, gossip.setting,
    gossip.forged, gossip.unknown-author, gossip.no-such-member, gossip.members, gossip.too-long, gossip.from-itself,
    gossip.length, gossip.unknown-distances, gossip.no-share.
    """

def message_id(payload: Buffer) -> bytes:
    """The id of a payload: the first 16 bytes of its BLAKE3 hash."""

def packets(data: Buffer) -> list[str]:
    """What packets say, a line each, for people.

    Raises GossipError gossip.too-large above 262,144 bytes, gossip.malformed, gossip.too-many.
    """

def sign(seed: Buffer, number: int, body: Buffer) -> bytes:
    """A payload with its author's Ed25519 signature; `seed` is the secret key of 32 bytes, `number` tells old from new.

    Raises GossipError gossip.length, gossip.payload-too-large above 32,660 bytes.
    """

def open_signed(payload: Buffer) -> tuple[bytes, int, bytes]:
    """Author (public key, 32 bytes), number and body of a signed payload.

    Raises GossipError gossip.payload-too-large, gossip.malformed, gossip.forged.
    """

def verify_many(payloads: Sequence[Buffer] | Buffer) -> list[bool]:
    """Whether each payload is signed by the author that it names."""

@final
class Settings:
    """The sizes and times of an overlay; all members use the same. Times are microseconds.

    `active`: most neighbours; `passive`: most peers in reserve; `walk`, `passive_walk`: steps of random walks;
    `shuffle_active`, `shuffle_passive`: peers that a shuffle offers; `unbiased`: farthest neighbours that are never
    traded for nearer ones; `shuffle_us`: between two shuffles; `announce_us`: how long announcements are gathered;
    `graft_us`, `graft_again_us`: wait before a payload is asked for; `ids`, `payloads`: messages remembered and kept;
    `recent`: newest messages announced to a new neighbour. Raises GossipError gossip.setting.
    """

    def __new__(
        cls,
        *,
        active: int = 5,
        passive: int = 30,
        walk: int = 6,
        passive_walk: int = 3,
        shuffle_active: int = 3,
        shuffle_passive: int = 4,
        unbiased: int = 2,
        shuffle_us: int = 30_000_000,
        announce_us: int = 2_000_000,
        graft_us: int = 500_000,
        graft_again_us: int = 1_000_000,
        ids: int = 4_096,
        payloads: int = 256,
        recent: int = 8,
    ) -> Settings: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Member:
    """A member of an overlay, by its number below 65,536; it knows nobody yet. The seed decides all its choices.

    Every call says what happened and returns what is to be done, in order. With `authors`, public keys of 32 bytes, it
    delivers and passes on only what one of them signed, and drops the neighbour that sent anything else.
    """

    def __new__(
        cls, me: int, seed: int, settings: Settings | None = None, authors: Sequence[Buffer] | Buffer | None = None
    ) -> Member: ...
    def start(self) -> list[_Output]:
        """The member begins."""
    def join(self, contact: int) -> list[_Output]:
        """Enters the overlay by a peer; said again, it also joins two overlays into one."""
    def receive(self, sender: int, data: Buffer) -> list[_Output]:
        """Hears what a peer sent.

        Raises GossipError gossip.too-large, gossip.malformed, gossip.too-many, gossip.from-itself.
        """
    def down(self, peer: int) -> list[_Output]:
        """A peer cannot be reached, or the link to it broke."""
    def round_trip(self, peer: int, micros: int) -> list[_Output]:
        """The round trip to a peer, measured or declared, microseconds."""
    def broadcast(self, payload: Buffer) -> list[_Output]:
        """Tells every member; a payload that was broadcast before changes nothing.

        Raises GossipError gossip.payload-too-large above 32,768 bytes; with authors gossip.malformed, gossip.forged,
        gossip.unknown-author.
        """
    def expired(self, timer: Buffer) -> list[_Output]:
        """A timer ran out. Raises GossipError gossip.malformed."""
    @property
    def me(self) -> int:
        """Its own number."""
    @property
    def active(self) -> list[int]:
        """Its neighbours."""
    @property
    def passive(self) -> list[int]:
        """Its reserve."""
    @property
    def eager(self) -> list[int]:
        """Neighbours that get payloads at once."""
    @property
    def refused(self) -> int:
        """Payloads that none of the authors has signed."""

@final
class Arrivals:
    """How one broadcast went. Its length is the number of members it was delivered to."""

    def __len__(self) -> int: ...
    @property
    def at(self) -> list[int]:
        """Members that it was delivered to; the sender is none of them."""
    @property
    def last_hop(self) -> int:
        """Most links that it crossed on its way to one of them."""
    @property
    def copies(self) -> int:
        """Times that the payload arrived anywhere."""
    @property
    def announcements(self) -> int:
        """Times that its id was announced to somebody."""
    @property
    def redundancy(self) -> float:
        """Copies per receiver beyond the one it needs; 0 is a perfect tree."""
    @property
    def took_us(self) -> int:
        """Virtual time from the broadcast to the last delivery, microseconds."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Network:
    """A whole overlay of 1 to 20,000 members in virtual time: the same arguments and calls give the same network.

    Distances are "even" (40 ms between any two) or "cities" (six of them; 2 ms within one, 30 to 150 ms between two).
    With `joined`, all have joined by member 0 and ten periods have gone by. Raises GossipError gossip.members,
    gossip.unknown-distances.
    """

    def __new__(
        cls,
        nodes: int,
        seed: int = 1,
        distances: Literal["even", "cities"] = "cities",
        settings: Settings | None = None,
        joined: bool = True,
    ) -> Network: ...
    def join(self, peer: int, contact: int) -> None:
        """A member enters by another. Raises GossipError gossip.no-such-member."""
    def run_for(self, micros: int) -> None:
        """Runs for so many microseconds of virtual time. Raises GossipError gossip.too-long above a day."""
    def broadcast(self, sender: int, payload: Buffer, wait_us: int = 60_000_000) -> Arrivals:
        """Broadcasts from a member, runs for `wait_us`, and gives what became of it.

        Raises GossipError gossip.no-such-member, gossip.payload-too-large, gossip.too-long.
        """
    def stop(self, peer: int) -> None:
        """Stops a member without a word. Raises GossipError gossip.no-such-member."""
    def fail(self, share: float, spare: int = 0) -> list[int]:
        """Stops a share of the members at once, drawn at random, never `spare`; who was stopped.

        Raises GossipError gossip.no-share if `share` is not from 0 to 1.
        """
    def cut(self, apart: bool) -> None:
        """Cuts the links between the two halves of the cities, or mends them."""
    def views(self, peer: int) -> tuple[list[int], list[int], list[int]]:
        """Neighbours, reserve and eager neighbours of a member. Raises GossipError gossip.no-such-member."""
    def reachable(self, peer: int) -> list[int]:
        """Members that can be reached from one along links that both ends have, itself among them.

        Raises GossipError gossip.no-such-member.
        """
    def clustering(self) -> float:
        """Mean clustering coefficient: of the pairs of a member's neighbours, the share that are neighbours."""
    def mean_path(self, samples: int = 100) -> float:
        """Mean shortest path, in links, from at most `samples` members to all others."""
    def mean_round_trip_us(self) -> int:
        """Mean round trip of all links, microseconds."""
    @property
    def alive(self) -> list[int]:
        """The members that run."""
    @property
    def now_us(self) -> int:
        """Virtual time since the beginning, microseconds."""
    @property
    def handled(self) -> int:
        """Packets that members have handled."""
