"""What the holder of an account holds while it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.client.climb import Chains, Climb
from globelet.client.orders import Move

if TYPE_CHECKING:
    from globelet.client.account import Account


class MoveReceipt(Climb):
    """The move of an account and its finality so far: `credited` is when it can be used in its new municipality.

    From then on the account itself orders there. `refunded` says that it came back: an account of that key was open
    there already.
    """

    def __init__(
        self, order: Move, account: Account, destination: str, wire_ms: float, clicked_us: int, chains: Chains
    ) -> None:
        super().__init__(order.id, account.municipality, destination, wire_ms, clicked_us, chains)
        self.order, self.account = order, account
        self._arrived = False

    def absorb(self, state: dict[str, Any]) -> None:
        """Takes in a state; the account lives at the destination once it is credited there."""
        super().absorb(state)
        if "credited" in self.micros and not self._arrived:
            self._arrived = True
            self.account.municipality = self.destination

    def terms(self) -> dict[str, Any]:
        """Which account moves, from where and where to."""
        return {
            "account": self.account.id,
            "source": self.source,
            "destination": self.destination,
            "nonce": self.order.nonce,
        }
