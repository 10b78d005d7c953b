"""Sessions and money for the people of the load: tokens from the identity service, balances from the treasuries."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from seats import Seat
from testbed import Testbed

from globelet._native.signatures import public_key, sign
from globelet.client.city_hall import CityHall
from globelet.client.orders import Opening, Transfer
from globelet.client.problem import Problem
from globelet.identity.tokens import login_bytes

LIFE_US = 600_000_000
OPEN_WITHIN = 60.0
_AT_ONCE, _LOOK, _TRIES = 8, 0.05, 20
_RENEW = 120.0


class Sessions:
    """Tokens, kept until shortly before they expire."""

    def __init__(self, testbed: Testbed) -> None:
        self._world, self._null = testbed.world.name, testbed.null
        self._identity = CityHall("identity", testbed.identity)
        self._tokens: dict[bytes, tuple[str, float]] = {}

    def token(self, seed: bytes, public: bytes) -> str | None:
        """A token that an account has proved its key for. Raises `Problem` or `Unreachable`."""
        if self._null:
            return "none"
        token, expires = self._tokens.get(public, ("", 0.0))
        if time.time() > expires - _RENEW:
            at_us = time.time_ns() // 1000
            proof = sign(seed, login_bytes(self._world, public, at_us)).hex()
            body = {"account": public.hex(), "at_us": at_us, "signature": proof}
            answer = self._identity.call("POST", "/v1/tokens", body)
            token, expires = str(answer["token"]), float(answer["expires"])
            self._tokens[public] = (token, expires)
        return token

    def of(self, seat: Seat) -> Callable[[], str | None]:
        """The token of one person, asked for whenever it is needed."""
        return lambda: self.token(seat.seed, seat.public)


def provide(testbed: Testbed, sessions: Sessions, people: Sequence[Seat], needs: Mapping[str, int]) -> None:
    """Opens every person's account and gives each what they will pay, from the treasury of their municipality.

    Raises `Missing`, `Problem`, `Unreachable` or `TimeoutError`.
    """
    if testbed.null:
        return
    homes: dict[str, list[Seat]] = defaultdict(list)
    for seat in people:
        homes[seat.municipality].append(seat)
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="purse") as pool:
        list(pool.map(lambda place: _Purse(testbed, sessions, place).fill(homes[place], needs), homes))


class _Purse:
    """The treasury of one municipality."""

    def __init__(self, testbed: Testbed, sessions: Sessions, municipality: str) -> None:
        self._hall = CityHall(municipality, testbed.endpoints[municipality], timeout=30.0)
        self._tag, self._sessions, self._seed = testbed.tag, sessions, testbed.seed(municipality)
        self._public = public_key(self._seed)

    def fill(self, people: Iterable[Seat], needs: Mapping[str, int]) -> None:
        people = list(people)
        for seat in people:
            self._open(seat)
        self._await(people, dict.fromkeys((s.account for s in people), 0))
        needy = [seat for seat in people if needs.get(seat.account)]
        # Another process may use the same treasury: a nonce that came too late is taken anew.
        for _ in range(_TRIES):
            if not (needy := self._give(needy, needs)):
                break
        else:
            raise TimeoutError(f"the treasury of {self._hall.name} is busy; try again when no other load begins")
        self._await(people, needs)
        self._hall.close()

    def _open(self, seat: Seat) -> None:
        order = Opening(self._tag, seat.number, seat.public, _expires())
        body = {
            "account": seat.account,
            "municipality": seat.municipality,
            "expires_us": order.expires_us,
            "signature": sign(seat.seed, order.signing_bytes()).hex(),
        }
        self._hall.call("POST", "/v1/accounts", body)

    def _give(self, people: list[Seat], needs: Mapping[str, int]) -> list[Seat]:
        """Pays each; returns those whose order came too late."""
        if not people:
            return []
        token = self._sessions.token(self._seed, self._public)
        body = [self._gift(seat, needs[seat.account], number) for number, seat in enumerate(people)]
        answer = self._hall.call("POST", "/v1/transfers", body, token)
        late = []
        for seat, result in zip(people, answer.get("results", []), strict=False):
            if problem := result.get("problem"):
                if problem["code"] != "replayed":
                    raise Problem.of(int(problem["status"]), problem)
                late.append(seat)
        return late

    def _gift(self, seat: Seat, amount: int, number: int) -> dict[str, Any]:
        nonce = time.time_ns() // 1000 + number
        order = Transfer(self._tag, seat.number, seat.number, self._public, seat.public, amount, nonce, _expires())
        return {
            "from": self._public.hex(),
            "source": seat.municipality,
            "to": seat.account,
            "destination": seat.municipality,
            "amount": amount,
            "nonce": nonce,
            "expires_us": order.expires_us,
            "signature": sign(self._seed, order.signing_bytes()).hex(),
        }

    def _await(self, people: Iterable[Seat], needs: Mapping[str, int]) -> None:
        end = time.monotonic() + OPEN_WITHIN
        for seat in people:
            while not self._has(seat, needs.get(seat.account, 0)):
                if time.monotonic() > end:
                    raise TimeoutError(
                        f"the accounts in {self._hall.name} were not ready after {OPEN_WITHIN:g} s; "
                        "`globelet status` shows what runs"
                    )
                time.sleep(_LOOK)

    def _has(self, seat: Seat, amount: int) -> bool:
        state = self._hall.account(seat.account)
        return state is not None and int(state["balance"]) >= amount


def _expires() -> int:
    return time.time_ns() // 1000 + LIFE_US
