"""Accounts: an Ed25519 key, the municipality that holds it, and what it can sign."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from globelet.client.orders import Opening, Order, Transfer

if TYPE_CHECKING:
    from globelet.client.bank import Bank
    from globelet.client.move_receipt import MoveReceipt
    from globelet.client.receipt import Receipt
    from globelet.client.vote_receipt import VoteReceipt


class Key:
    """An account's key; its public half is the account."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    @classmethod
    def derive(cls, *parts: object) -> Key:
        """The key that these parts always give: scenarios repeat exactly from their seed."""
        return cls(hashlib.sha256("\x1f".join(map(str, ("globelet account 1", *parts))).encode()).digest())

    def sign(self, message: bytes) -> bytes:
        """Ed25519 (RFC 8032) over the message."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"Key({self.public.hex()[:12]}…)"


class Account:
    """An account of one municipality of a running world, and its key."""

    def __init__(self, key: Key, municipality: str, bank: Bank) -> None:
        self.key, self.municipality, self._bank = key, municipality, bank
        self._nonce = 0

    @property
    def id(self) -> str:
        """The account, hexadecimal."""
        return self.key.public.hex()

    @property
    def balance(self) -> int:
        """Spendable now. Raises `LookupError` where the account is not open."""
        return self._bank.balance(self)

    def next_nonce(self) -> int:
        """Above every one used before, also by earlier runs: never below the engine's clock in microseconds."""
        self._nonce = max(self._nonce + 1, self._bank.now_us())
        return self._nonce

    def opening(self) -> Opening:
        """The order that opens this account."""
        return self._bank.opening(self)

    def transfer(self, to: Account, amount: int) -> Transfer:
        """The order that pays `amount` to an account, not sent yet."""
        return self._bank.transfer_order(self, to, amount)

    def sign(self, order: Order) -> bytes:
        """The signature that goes with an order."""
        return self.key.sign(order.signing_bytes())

    def send(self, to: Account, amount: int) -> Receipt:
        """Pays `amount` to an account; returns at once with the receipt. Raises `Problem` if it isn't admitted."""
        return self._bank.send(self, to, amount)

    def move(self, to: str) -> MoveReceipt:
        """Moves, with balance and nonces, to another municipality; returns at once. Raises `Problem`.

        It can be used again once the receipt is `credited`; until then it orders nothing. What comes for it to its old
        municipality follows it.
        """
        return self._bank.move(self, to)

    def vote(self, choice: str | Account | None) -> VoteReceipt:
        """Puts its balance behind a candidate, by name, behind whoever another account is behind, or behind nobody.

        It stands until the account votes again, and counts while it lives here. Returns at once. Raises
        `Problem`, and `LookupError` for the name of no node.
        """
        return self._bank.vote(self, choice)

    def locate(self) -> str:
        """Where it lives now, looked up from where it was last known to; it orders there from now on."""
        self.municipality = self._bank.home(self)
        return self.municipality

    def __repr__(self) -> str:
        return f"Account({self.municipality}, {self.id[:12]}…)"
