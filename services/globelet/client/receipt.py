"""What the sender holds: a transfer and the ladder it has climbed."""

from __future__ import annotations

from typing import Any

from globelet.client.climb import LADDER, OTHER_ENDS, Chains, Climb
from globelet.client.orders import Transfer

__all__ = ["LADDER", "OTHER_ENDS", "Chains", "Receipt"]


class Receipt(Climb):
    """A transfer and its finality so far. Times are milliseconds since the click."""

    def __init__(
        self, order: Transfer, source: str, destination: str, wire_ms: float, clicked_us: int, chains: Chains
    ) -> None:
        super().__init__(order.id, source, destination, wire_ms, clicked_us, chains)
        self.order = order

    def terms(self) -> dict[str, Any]:
        """Who pays whom, where, and how much."""
        return {
            "from": self.order.payer.hex(),
            "to": self.order.payee.hex(),
            "source": self.source,
            "destination": self.destination,
            "amount": self.order.amount,
            "nonce": self.order.nonce,
        }
