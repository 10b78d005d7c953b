from typing import Literal, TypeAlias, TypedDict, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["HISTORY", "Hotstuff", "HotstuffError", "Keys", "Watch", "certificate", "message"]

HISTORY: int
"""Committed blocks that a member keeps, to help those who lag."""

# "send", member, message · "broadcast", message to all others · "timer", view, microseconds from now · "commit",
# height, payload, view voted in, proposer, certificate · "need payload": this member leads and may propose ·
# "equivocation", member, view: a leader proposed two blocks to this member.
_Action: TypeAlias = (
    tuple[Literal["send"], int, bytes]
    | tuple[Literal["broadcast"], bytes]
    | tuple[Literal["timer"], int, int]
    | tuple[Literal["commit"], int, bytes, int, int, bytes]
    | tuple[Literal["need payload"]]
    | tuple[Literal["equivocation"], int, int]
)

class _Message(TypedDict):
    kind: str
    view: int | None
    height: int | None
    block: bytes | None

class _Certificate(TypedDict):
    phase: Literal["prepare", "commit"]
    view: int
    height: int
    block: bytes
    members: list[int]

class HotstuffError(AlgorithmError):
    """A committee, a member or bytes were refused; nothing changed.

    Codes: hotstuff.committee (no members), hotstuff.no-such-member, hotstuff.malformed, hotstuff.length (a seed has 32
    bytes).
    """

def message(data: Buffer) -> _Message:
    """What a message says: its kind, and the view, height and block that it names.

    Raises HotstuffError hotstuff.malformed.
    """

def certificate(data: Buffer) -> _Certificate:
    """What a certificate says. Whether it holds, `Keys.verify` tells. Raises HotstuffError hotstuff.malformed."""

@final
class Keys:
    """The committee of one chain with everybody's Ed25519 keys, for networks that are played by hand.

    `seed` (32 bytes) determines them. Raises HotstuffError hotstuff.committee, hotstuff.length.
    """

    def __new__(cls, n: int, seed: Buffer, chain: int = 0) -> Keys: ...
    @property
    def n(self) -> int:
        """Members."""
    @property
    def chain(self) -> int:
        """The chain's number, which every signature covers."""
    @property
    def quorum(self) -> int:
        """Signatures in a certificate: n - f, where f = (n - 1) // 3 members may lie."""
    def public(self, member: int) -> bytes:
        """A member's public key, 32 bytes. Raises HotstuffError hotstuff.no-such-member."""
    def verify(self, certificate: Buffer) -> bool:
        """Whether a quorum of distinct members signed a certificate. Raises HotstuffError hotstuff.malformed."""
    def convicts(self, evidence: Buffer) -> int | None:
        """The member that a piece of evidence convicts, None if it does not hold.

        Raises HotstuffError hotstuff.malformed.
        """

@final
class Hotstuff:
    """Member `me` of a chain, at genesis. Every call returns the actions to carry out, in order.

    `timeout_us`: how long a view may take without a commit before it is given up, in microseconds; it doubles with each
    view that fails, up to 64 times, and starts again after a commit. A payload is any bytes; its root is their BLAKE3
    hash. Raises HotstuffError hotstuff.no-such-member.
    """

    def __new__(cls, keys: Keys, me: int, timeout_us: int = 1_000_000) -> Hotstuff: ...
    def handle(self, now_us: int, sender: int, message: Buffer) -> list[_Action]:
        """Takes a message of another member, who is known to be `sender`.

        What is stale, unjustified or wrongly signed is ignored. `now_us`: the member's own clock, microseconds.
        Raises HotstuffError hotstuff.malformed, hotstuff.no-such-member.
        """
    def propose(self, now_us: int, payload: Buffer) -> list[_Action]:
        """Proposes a block; does nothing unless `ready`."""
    def timer(self, now_us: int, view: int) -> list[_Action]:
        """The timer that an action asked for ran out. Stale ones are harmless."""
    def expect_progress(self, now_us: int) -> list[_Action]:
        """There is work that only a commit can finish: the view must make progress. An idle chain runs no timers."""
    def catch_up(self, now_us: int) -> list[_Action]:
        """To call after a restart or a long absence: asks for blocks, and starts the timers anew."""
    @property
    def view(self) -> int:
        """The current view."""
    @property
    def height(self) -> int:
        """The last committed height, 0 at genesis."""
    @property
    def head(self) -> bytes:
        """Hash of the last committed block, 32 bytes; zero at genesis."""
    @property
    def leader(self) -> int:
        """Who leads the current view."""
    @property
    def ready(self) -> bool:
        """Whether this member may propose a block of its own now."""
    @property
    def expecting(self) -> bool:
        """Whether somebody waits for a commit: a leader should then propose even an empty payload."""

@final
class Watch:
    """Listens to messages and finds members that signed what no honest member signs.

    That is votes for two blocks, or a time-out that denies a lock. Each member is reported once.
    """

    def __new__(cls, keys: Keys) -> Watch: ...
    def observe(self, sender: int, message: Buffer) -> list[bytes]:
        """Takes a message that came from `sender`; returns the evidence that it completes, for `Keys.convicts`.

        Raises HotstuffError hotstuff.malformed, hotstuff.no-such-member.
        """
    @property
    def accused(self) -> list[int]:
        """Members that contradicted themselves so far."""
