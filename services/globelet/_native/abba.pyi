from collections.abc import Sequence, Set
from typing import Literal, TypedDict, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["FIXED", "WINDOW", "Abba", "AbbaError", "Coin", "Subset", "aux", "bval", "conf", "message", "term"]

FIXED: tuple[bool, bool]
"""The coins of rounds 0 and 1, which everybody knows; from round 2 on they are drawn."""

WINDOW: int
"""How many rounds above its own a member keeps messages of."""

class _Message(TypedDict):
    kind: Literal["input", "bval", "aux", "conf", "coin", "term"]
    round: int
    values: list[bool]

class AbbaError(AlgorithmError):
    """A committee, a member or a message was refused; nothing changed.

    Codes: abba.committee (n < 3f + 1, or more than 256 members), abba.no-such-member, abba.malformed, abba.length (a
    seed has 32 bytes), abba.fixed-coin (rounds 0 and 1 have no drawn coin).
    """

def message(data: Buffer) -> _Message:
    """What a message says: kind, round, values. An `input` is a BVAL with which a member tells its input.

    Raises AbbaError abba.malformed.
    """

def bval(number: int, value: bool, own: bool = False) -> bytes:
    """The message "I support `value` in round `number`", with `own` as this member's input.

    Raises AbbaError abba.malformed for an input after round 0.
    """

def aux(number: int, value: bool) -> bytes:
    """The message "`value` was the first that 2f + 1 members supported"."""

def conf(number: int, values: Sequence[bool]) -> bytes:
    """The message "these values n - f members named in AUX".

    Raises AbbaError abba.malformed for none, and before round 2.
    """

def term(value: bool) -> bytes:
    """The message "I decided `value`"."""

@final
class Coin:
    """The threshold coin of a committee, with everybody's secrets: for networks that are played by hand.

    n members, at most 256, of whom at most f lie; any f + 1 shares show the coin. `seed` (32 bytes) determines it.
    Raises AbbaError abba.committee, abba.length.
    """

    def __new__(cls, n: int, f: int, seed: Buffer) -> Coin: ...
    @property
    def n(self) -> int:
        """Members."""
    @property
    def f(self) -> int:
        """Liars that are borne."""
    def draw(self, number: int, name: Buffer | None = None, instance: int = 0) -> bool:
        """What the coin of a round shows in the agreement called `name`: what f + 1 members together know."""
    def share(self, member: int, number: int, name: Buffer | None = None, instance: int = 0) -> bytes:
        """The message with a member's share of the coin of a round.

        Raises AbbaError abba.no-such-member, abba.fixed-coin.
        """

@final
class Abba:
    """One binary agreement at member `me`. Every call returns the messages to send to all others, in order.

    `name` tells agreements of one committee apart, so that each draws coins of its own. Raises AbbaError
    abba.no-such-member.
    """

    def __new__(cls, coin: Coin, me: int, name: Buffer | None = None) -> Abba: ...
    def propose(self, value: bool) -> list[bytes]:
        """Gives this member's input. Only the first call counts."""
    def handle(self, sender: int, message: Buffer) -> list[bytes]:
        """Takes a message of another member, who is known to be `sender`.

        What comes twice, contradicts itself or speaks of rounds beyond `WINDOW` changes nothing.
        Raises AbbaError abba.malformed, abba.no-such-member.
        """
    def hurry(self) -> list[bytes]:
        """Goes on without the inputs that have not come. To be called once a while has passed."""
    @property
    def decided(self) -> bool | None:
        """The decision, once there is one."""
    @property
    def round(self) -> int:
        """The round this member is in, from 0."""
    @property
    def proposed(self) -> bool:
        """Whether this member gave its input."""
    @property
    def quiet(self) -> bool:
        """Whether everybody is known to be able to decide without this member, which then ignores what comes."""
    @property
    def shares(self) -> int:
        """Coin shares this member released."""

@final
class Subset:
    """A common subset of `candidates` at member `me`, one agreement for each.

    The candidates are n proposals unless said otherwise; once `enough` are in, n - f by default, a member says no to
    the rest. Every call returns the messages to send to all others: the candidate whose instance they are about, and
    the bytes. Raises AbbaError abba.no-such-member.
    """

    def __new__(
        cls,
        coin: Coin,
        me: int,
        name: Buffer | None = None,
        candidates: int | None = None,
        enough: int | None = None,
    ) -> Subset: ...
    def deliver(self, proposer: int) -> list[tuple[int, bytes]]:
        """The value of a candidate is here, and will reach everybody. Raises AbbaError abba.no-such-member."""
    def propose(self, here: Set[int]) -> list[tuple[int, bytes]]:
        """Says yes to the candidates that are here and no to the rest, waiting for nothing more.

        Only the first input to each instance counts. Raises AbbaError abba.no-such-member.
        """
    def handle(self, sender: int, proposer: int, message: Buffer) -> list[tuple[int, bytes]]:
        """Takes a message of another member about the instance of a candidate.

        Raises AbbaError abba.malformed, abba.no-such-member.
        """
    def hurry(self) -> list[tuple[int, bytes]]:
        """Goes on without what has not come, in every instance. To be called once a while has passed, and again."""
    def decided(self, proposer: int) -> bool | None:
        """What the instance of a candidate decided. Raises AbbaError abba.no-such-member."""
    @property
    def chosen(self) -> list[int] | None:
        """The candidates that all take, ascending, once every instance has decided.

        At least `enough`, if that many come to all honest members and nobody calls `propose`.
        """
