"""What an account needs of an engine: orders made, handed in, followed."""

from __future__ import annotations

import re
from typing import Any

from globelet.client.account import Account, Key
from globelet.client.move_receipt import MoveReceipt
from globelet.client.orders import Move, Opening, Transfer, Vote
from globelet.client.problem import Problem
from globelet.client.receipt import Receipt
from globelet.client.vote_receipt import VoteReceipt
from globelet.engines.engine import Engine
from globelet.engines.errors import UnknownProcess

LIFE_US = 600_000_000


class Bank:
    """Opens accounts, sends transfers, moves and votes in one world."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._numbers = {c.name: i for i, c in enumerate(engine.world.chains) if c.kind == "municipal"}
        self._treasuries: dict[str, Account] = {}

    def municipality(self, name: str) -> str:
        """The municipality's own name; raises `UnknownProcess` with those there are."""
        slug = re.sub(r"\s+", "-", name.strip().lower())
        if slug not in self._numbers:
            raise UnknownProcess(name, list(self._numbers))
        return slug

    def now_us(self) -> int:
        """The engine's time."""
        return self.engine.now_us()

    def wire_ms(self, source: str, destination: str) -> float:
        """Declared one-way delay between the regions of two municipalities' first replicas."""
        world = self.engine.world
        first = [world.members(self._numbers[name], "replica")[0].region for name in (source, destination)]
        return world.link(first[0], first[1]).delay_us / 1000

    def balance(self, account: Account) -> int:
        """Spendable now; raises `LookupError` where the account is not open."""
        state = self.engine.account(account.municipality, account.id)
        if state is None:
            raise LookupError(f"account {account.id[:12]}… is not open in {account.municipality}")
        return int(state["balance"])

    def home(self, account: Account) -> str:
        """Where an account lives, by the maps of the municipalities it went through."""
        home, seen = account.municipality, set[str]()
        while (there := self.engine.home(home, account.id)) is not None and home not in seen:
            seen.add(home)
            home = there
        return home

    def account(self, key: Key, municipality: str) -> Account:
        """The account of a key, opened or not."""
        return Account(key, self.municipality(municipality), self)

    def treasury(self, municipality: str) -> Account:
        """The municipality's treasury account."""
        if municipality not in self._treasuries:
            key = Key(self.engine.treasury_seed(municipality))
            self._treasuries[municipality] = self.account(key, municipality)
        return self._treasuries[municipality]

    def open(self, account: Account, timeout: float = 30.0) -> None:
        """Opens an account unless it is open, and waits until it is. Raises `TimeoutError` or `Problem`."""
        if self.engine.account(account.municipality, account.id) is not None:
            return
        order = self.opening(account)
        body = {
            "account": account.id,
            "municipality": account.municipality,
            "expires_us": order.expires_us,
            "signature": account.sign(order).hex(),
        }
        try:
            self.engine.submit(account.municipality, "/v1/accounts", body, self._token(account))
        except Problem as problem:
            if problem.code != "already_open":
                raise
        known = self.engine.wait_until(
            lambda: self.engine.account(account.municipality, account.id) is not None, timeout
        )
        if not known:
            raise TimeoutError(f"account {account.id[:12]}… was not open in {account.municipality} after {timeout:g} s")

    def opening(self, account: Account) -> Opening:
        """The order that opens an account."""
        return Opening(
            self.engine.tag, self._numbers[account.municipality], account.key.public, self.now_us() + LIFE_US
        )

    def transfer_order(self, payer: Account, payee: Account, amount: int) -> Transfer:
        """An order with the payer's next nonce."""
        return Transfer(
            self.engine.tag,
            self._numbers[payer.municipality],
            self._numbers[payee.municipality],
            payer.key.public,
            payee.key.public,
            amount,
            payer.next_nonce(),
            self.now_us() + LIFE_US,
        )

    def body(self, payer: Account, payee: Account, order: Transfer) -> dict[str, Any]:
        """A signed order as `POST /v1/transfers` takes it."""
        return {
            "from": payer.id,
            "source": payer.municipality,
            "to": payee.id,
            "destination": payee.municipality,
            "amount": order.amount,
            "nonce": order.nonce,
            "expires_us": order.expires_us,
            "signature": payer.sign(order).hex(),
        }

    def receipt(self, order: Transfer, payer: Account, payee: Account, clicked_us: int) -> Receipt:
        """The receipt of an order that was sent at `clicked_us`."""
        wire = self.wire_ms(payer.municipality, payee.municipality)
        return Receipt(order, payer.municipality, payee.municipality, wire, clicked_us, self.engine)

    def send(self, payer: Account, payee: Account, amount: int) -> Receipt:
        """Hands a transfer in; the click is just before it is signed. Raises `Problem`."""
        token = self._token(payer)
        clicked = self.now_us()
        order = self.transfer_order(payer, payee, amount)
        self.engine.submit(payer.municipality, "/v1/transfers", self.body(payer, payee, order), token)
        return self.receipt(order, payer, payee, clicked)

    def move_order(self, account: Account, to: str) -> Move:
        """An order with the account's next nonce. Raises `UnknownProcess` for no municipality."""
        source, destination = self._numbers[account.municipality], self._numbers[self.municipality(to)]
        expires = self.now_us() + LIFE_US
        return Move(self.engine.tag, source, destination, account.key.public, account.next_nonce(), expires)

    def move_body(self, account: Account, to: str, order: Move) -> dict[str, Any]:
        """A signed order as `POST /v1/moves` takes it."""
        return {
            "account": account.id,
            "source": account.municipality,
            "destination": self.municipality(to),
            "nonce": order.nonce,
            "expires_us": order.expires_us,
            "signature": account.sign(order).hex(),
        }

    def move(self, account: Account, to: str) -> MoveReceipt:
        """Hands a move in; the click is just before it is signed. Raises `Problem`."""
        token, there = self._token(account), self.municipality(to)
        wire = self.wire_ms(account.municipality, there)
        clicked = self.now_us()
        order = self.move_order(account, there)
        receipt = MoveReceipt(order, account, there, wire, clicked, self.engine)
        self.engine.submit(account.municipality, "/v1/moves", self.move_body(account, there, order), token)
        return receipt

    def vote_order(self, account: Account, choice: str | Account | None) -> Vote:
        """An order with the account's next nonce. Raises `LookupError` for the name of no node."""
        delegate = choice.key.public if isinstance(choice, Account) else None
        return Vote(
            self.engine.tag,
            self._numbers[account.municipality],
            account.key.public,
            self._node(choice) if isinstance(choice, str) else None,
            delegate,
            account.next_nonce(),
            self.now_us() + LIFE_US,
        )

    def _node(self, name: str) -> int:
        for number, node in enumerate(self.engine.world.nodes):
            if node.name == name:
                return number
        raise LookupError(f"this world has no node {name!r}; `globelet world show` lists them")

    def vote_body(self, account: Account, choice: str | Account | None, order: Vote) -> dict[str, Any]:
        """A signed order as `POST /v1/votes` takes it."""
        return {
            "account": account.id,
            "municipality": account.municipality,
            "candidate": choice if isinstance(choice, str) else None,
            "delegate": choice.id if isinstance(choice, Account) else None,
            "nonce": order.nonce,
            "expires_us": order.expires_us,
            "signature": account.sign(order).hex(),
        }

    def vote(self, account: Account, choice: str | Account | None) -> VoteReceipt:
        """Hands a vote in; the click is just before it is signed. Raises `Problem`."""
        token, home = self._token(account), account.municipality
        wire = self.wire_ms(home, home)
        clicked = self.now_us()
        order = self.vote_order(account, choice)
        receipt = VoteReceipt(order, account, choice, wire, clicked, self.engine)
        self.engine.submit(home, "/v1/votes", self.vote_body(account, choice, order), token)
        return receipt

    def token(self, account: Account) -> str | None:
        """A token for the account, where the engine asks for one."""
        return self._token(account)

    def _token(self, account: Account) -> str | None:
        return self.engine.token(account.id, account.key.sign)
