from collections.abc import Sequence
from typing import final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["RendezvousError", "Sites", "settle"]

class RendezvousError(AlgorithmError):
    """Sites or rules were refused.

    Codes: rendezvous.same-id, rendezvous.too-many, rendezvous.no-room, rendezvous.too-few, rendezvous.unequal.
    """

def settle(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """The members of `after`, each that was in `before` where it stood there: a shard whose site stays does not move.

    Raises RendezvousError rendezvous.unequal, rendezvous.same-id.
    """

@final
class Sites:
    """A set of sites, at most 1,048,576: (id, weight, city, building) each.

    An id is unique, below 2^64. A weight is a capacity, an integer below 2^64 in any unit that all share; weight 0 is
    chosen only when all others are. A building is a number within its city. Raises RendezvousError rendezvous.same-id,
    rendezvous.too-many.
    """

    def __new__(cls, sites: Sequence[tuple[int, int, int, int]]) -> Sites: ...
    def __len__(self) -> int: ...
    @property
    def sites(self) -> list[tuple[int, int, int, int]]:
        """The sites, in the order they were given."""
    def rank(self, key: Buffer) -> list[int]:
        """The ids of all sites, the first choice for `key` first. O(n log n)."""
    def top(self, key: Buffer, count: int) -> list[int]:
        """The ids of the first `count` sites for `key`, without rules; fewer if there are not as many."""
    def place(self, key: Buffer, count: int, per_building: int = 1, per_city: int | None = None) -> list[int]:
        """The ids of `count` sites for `key`: the first in its order that keep the rules.

        At most `per_building` in one building and `per_city` in one city; without it as few in a city as can be, so
        that the choice is spread over the cities. Raises RendezvousError rendezvous.too-few if no choice of as many
        keeps the rules, rendezvous.no-room for a rule of 0.
        """
    def place_many(
        self, keys: Sequence[Buffer] | Buffer, count: int, per_building: int = 1, per_city: int | None = None
    ) -> list[list[int]]:
        """`place` for many keys: a list of them, or the rows of a two-dimensional array of bytes."""
    def evenest(self, count: int, per_building: int = 1) -> int:
        """The smallest `per_city` under which `count` sites can be chosen.

        Raises RendezvousError rendezvous.too-few, rendezvous.no-room.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
