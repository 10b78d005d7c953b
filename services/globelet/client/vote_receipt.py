"""What the holder of an account holds of its vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.client.climb import Chains, Climb
from globelet.client.orders import Vote

if TYPE_CHECKING:
    from globelet.client.account import Account


class VoteReceipt(Climb):
    """A vote and its finality so far: it counts in every election that opens after it is `committed`."""

    def __init__(
        self,
        order: Vote,
        account: Account,
        choice: str | Account | None,
        wire_ms: float,
        clicked_us: int,
        chains: Chains,
    ) -> None:
        home = account.municipality
        super().__init__(order.id, home, home, wire_ms, clicked_us, chains)
        self.order, self.account, self.choice = order, account, choice

    def terms(self) -> dict[str, Any]:
        """Which account votes, where, and for whom."""
        delegate = self.order.delegate
        return {
            "account": self.account.id,
            "municipality": self.source,
            "candidate": self.choice if isinstance(self.choice, str) else None,
            "delegate": None if delegate is None else delegate.hex(),
            "nonce": self.order.nonce,
        }
