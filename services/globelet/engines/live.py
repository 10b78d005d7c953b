"""What all live engines share: real time, and the chains' HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from globelet.client.city_hall import CityHall
from globelet.client.problem import Problem, Unreachable
from globelet.engines.engine import Finding, Playing
from globelet.engines.errors import UnknownProcess
from globelet.engines.play import Planned, play, read
from globelet.engines.route_metrics import measured

_POLL = 0.02


class _Playing:
    """A plan played on a thread."""

    def __init__(self, orders: Sequence[Planned], urls: Mapping[str, str]) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load")
        self._played = self._pool.submit(lambda: asyncio.run(play(orders, urls)))

    def finish(self) -> tuple[int, dict[str, Problem]]:
        """Waits for the end of the plan; raises what went wrong in it."""
        try:
            return self._played.result()
        finally:
            self._pool.shutdown()


class LiveChains:
    """Orders, states, ledgers and time of a world that runs on real sockets.

    A chain is reached at the processes of its replicas: one where it is packed, several where it is spread.
    """

    real_time = True

    def __init__(
        self, world: str, processes: dict[str, str], chains: dict[str, list[str]], identity: str | None
    ) -> None:
        self._world, self._processes_urls = world, processes
        halls = {url: CityHall(name, url) for name, url in processes.items()}
        self._doors = {name: [halls[url] for url in urls] for name, urls in chains.items()}
        self._halls = {name: doors[0] for name, doors in self._doors.items()}
        self._halls |= {name: halls[url] for name, url in processes.items()}
        self._identity = CityHall("identity", identity) if identity else None
        self._tokens: dict[str, tuple[str, float]] = {}

    def hall(self, name: str) -> CityHall:
        """The client of a process, or of a chain's first replica."""
        if name not in self._halls:
            raise UnknownProcess(name, list(self._halls))
        return self._halls[name]

    def _all(self, chain: str) -> list[CityHall]:
        return self._doors.get(chain) or [self.hall(chain)]

    def _open(self, chain: str) -> CityHall:
        """Where new orders go: the first replica's process while it serves, else the next one that does.

        It is asked beforehand: an order that was handed in without an answer must not go to a second replica.
        """
        first, *others = self._all(chain)
        if not others or first.ready():
            return first
        return next((hall for hall in others if hall.ready()), first)

    def _knowing(self, chain: str, order: str) -> CityHall:
        """The process whose replica admitted an order; else the first whose blocks tell of it, else the first."""
        first, *others = self._all(chain)
        told: CityHall | None = None
        for hall in [first, *others] if others else []:
            try:
                state = hall.transfer(order)
            except Unreachable:
                continue
            if state is not None and "told_by" not in state:
                return hall
            if state is not None and told is None:
                told = hall
        return told or first

    def now_us(self) -> int:
        """Microseconds of the epoch."""
        return time.time_ns() // 1000

    def run_for(self, seconds: float) -> None:
        """Lets real time pass."""
        time.sleep(seconds)

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Asks again every 20 ms; False when the time is over."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL)
        return True

    def submit(self, municipality: str, path: str, body: Any, token: str | None) -> Any:
        """POSTs orders; raises `Problem` or `Unreachable`."""
        return self._open(municipality).call("POST", path, body, token)

    def token(self, account: str, sign: Callable[[bytes], bytes]) -> str | None:
        """A token of the identity service, kept until a minute before it expires."""
        from globelet.identity.tokens import login_bytes

        if self._identity is None:
            return None
        token, expires = self._tokens.get(account, ("", 0.0))
        if time.time() > expires - 60:
            at_us = self.now_us()
            proof = sign(login_bytes(self._world, bytes.fromhex(account), at_us)).hex()
            body = {"account": account, "at_us": at_us, "signature": proof}
            answer = self._identity.call("POST", "/v1/tokens", body)
            token, expires = str(answer["token"]), float(answer["expires"])
            self._tokens[account] = (token, expires)
        return token

    def transfer(self, municipality: str, order: str) -> dict[str, Any] | None:
        """State of a transfer at its source."""
        return self._knowing(municipality, order).transfer(order)

    def follow(self, municipality: str, order: str, seen: Callable[[dict[str, Any]], bool], timeout: float) -> None:
        """Reads the event stream; opens it again while the process is away."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                if _followed(self._knowing(municipality, order), order, seen, left):
                    return
            except Unreachable:
                pass
            time.sleep(min(5 * _POLL, max(0.0, end - time.monotonic())))

    def account(self, municipality: str, account: str) -> dict[str, Any] | None:
        """State of an account; None where it is not open."""
        return self._open(municipality).account(account)

    def home(self, municipality: str, account: str) -> str | None:
        """Where an account lives that went from a municipality, by its chain's map."""
        return self._open(municipality).home(account)

    def ledgers(self) -> list[dict[str, Any]]:
        """The ledger of every process, one entry per chain."""
        found: list[dict[str, Any]] = []
        for answer in self._everywhere(lambda hall: hall.ledger()):
            found.extend(answer if isinstance(answer, list) else [answer])
        return found

    def measured_links(self, samples: int, spacing_ms: float = 25.0) -> list[dict[str, Any]]:
        """All processes measure at once, over the connections that messages use."""
        return [row for rows in self._everywhere(lambda hall: hall.links(samples, spacing_ms)) for row in rows]

    def routes(self) -> list[dict[str, Any]]:
        """From the metrics of every process that serves."""
        names = list(self._processes_urls)
        texts = self._everywhere(lambda hall: hall.metrics() if hall.ready() else "")
        return [{"process": name, **row} for name, text in zip(names, texts, strict=True) for row in measured(text)]

    def _everywhere(self, ask: Callable[[CityHall], Any]) -> list[Any]:
        with ThreadPoolExecutor(max_workers=len(self._processes_urls)) as pool:
            return list(pool.map(lambda name: ask(self._halls[name]), self._processes_urls))

    def play(self, orders: Sequence[Planned]) -> Playing:
        """Hands orders in at their times, come what may, on a thread of its own; see `globelet.engines.play`."""
        return _Playing(orders, {m: self._open(m).url for m in {o.municipality for o in orders}})

    def states(self, orders: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """State of many transfers, given {id: source}."""
        return {order: json.loads(body) for order, body in self._read(orders, "/v1/transfers/").items()}

    def documents(self, orders: Mapping[str, str]) -> dict[str, str | bytes]:
        """The receipts as their municipalities give them to anyone."""
        return dict(self._read(orders, "/v1/receipts/"))

    def _read(self, orders: Mapping[str, str], path: str) -> dict[str, bytes]:
        """From every replica that may have admitted them, one rank after the other until none is missing.

        What a replica tells by its blocks counts where the one that admitted an order does not answer.
        """
        found: dict[str, bytes] = {}
        told: dict[str, bytes] = {}
        doors = {m: self._all(m) for m in set(orders.values())}
        for rank in range(max(map(len, doors.values()), default=0)):
            left = {o: m for o, m in orders.items() if o not in found and rank < len(doors[m])}
            if left:
                urls = {m: doors[m][rank].url for m in set(left.values())}
                # On a thread of its own: a notebook's kernel has a loop that runs already.
                with ThreadPoolExecutor(max_workers=1) as pool:
                    answers = pool.submit(asyncio.run, read(left, urls, path)).result()
                for order, body in answers.items():
                    (told if b'"told_by"' in body else found).setdefault(order, body)
        return told | found

    def certified(self, chain: str, height: int) -> set[str] | None:
        """What the chain's first process was told by its replicas and, after a start, by their logs."""
        rows = self.hall(chain).call("GET", f"/v1/blocks?chain={chain}&after={height - 1}&limit=2")
        return {str(row["hash"]) for row in rows if row["height"] == height}

    def figures(self) -> dict[str, Any]:
        """Nothing: everything is measured from receipts."""
        return {}

    def findings(self) -> list[Finding]:
        """Nothing: everything is checked from ledgers and receipts."""
        return []


def _followed(hall: CityHall, order: str, seen: Callable[[dict[str, Any]], bool], timeout: float) -> bool:
    """Whether `seen` had enough: of the events of the ingress, or of the state, where its blocks alone tell that."""
    try:
        for event in hall.events(order, timeout):
            if seen(event):
                return True
    except Problem as problem:
        if problem.status != 404:
            raise
    state = hall.transfer(order)
    return state is not None and seen(state)
