"""Plays a plan of signed orders against live municipalities in open loop, and reads many states back, cheaply."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from globelet.client.problem import Problem
from globelet.client.wire import Wire, WireError

TICK = 0.001
# A process that does not answer is asked again, this often and for this long.
RETRY, PATIENCE = 0.1, 60.0
# Statuses by which a process says that it cannot tell: it begins, stops, or its replica is silent; 0 is no answer.
CANNOT_TELL = (0, 502, 503, 504)
MOST_AT_ONCE = 200
READERS = 4


@dataclass(frozen=True)
class Planned:
    """A signed order and when it is due, microseconds after the start."""

    due_us: int
    municipality: str
    account: str
    token: str | None
    id: str
    body: dict[str, Any]


def _wire(url: str) -> Wire:
    parts = urlsplit(url)
    return Wire(parts.hostname or "127.0.0.1", parts.port or 80)


class _Sender:
    """One account's connection: what fell due while a request was under way leaves together in the next."""

    def __init__(self, url: str, refused: dict[str, Problem]) -> None:
        self._wire, self._refused = _wire(url), refused
        self._waiting: deque[Planned] = deque()
        self._work, self._closed = asyncio.Event(), False
        self._doubtful: set[str] = set()

    def push(self, order: Planned) -> None:
        self._waiting.append(order)
        self._work.set()

    def close(self) -> None:
        self._closed = True
        self._work.set()

    async def run(self) -> None:
        while self._waiting or not self._closed:
            if not self._waiting:
                self._work.clear()
                await self._work.wait()
                continue
            batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
            await self._send(batch)
        self._wire.close()

    async def _send(self, batch: list[Planned]) -> None:
        try:
            answer = await self._ask(batch)
        except WireError as error:
            self._refuse(batch, Problem.of(error.status, error.body or str(error)))
        except OSError as error:
            self._refuse(batch, Problem(0, "unreachable", str(error)))
        else:
            for order, result in zip(batch, (answer or {}).get("results", []), strict=False):
                if found := result.get("problem"):
                    problem = Problem.of(int(found.get("status", 400)), found)
                    if problem.status in CANNOT_TELL:
                        await self._send([order])
                    else:
                        self._refuse([order], problem)

    async def _ask(self, batch: list[Planned]) -> Any:
        """Posts the batch until there is an answer; what was posted in vain may have been admitted all the same."""
        headers = {"Authorization": f"Bearer {batch[0].token}"} if batch[0].token else None
        body: Any = batch[0].body if len(batch) == 1 else [order.body for order in batch]
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return (await self._wire.post("/v1/transfers", body, headers)).json()
            except (OSError, WireError) as error:
                told = isinstance(error, WireError) and error.status not in CANNOT_TELL
                if told or time.monotonic() > end:
                    raise
                self._doubtful |= {order.id for order in batch}
                await asyncio.sleep(RETRY)

    def _refuse(self, batch: list[Planned], problem: Problem) -> None:
        admitted_before = self._doubtful if problem.code == "replayed" else set[str]()
        self._refused.update((order.id, problem) for order in batch if order.id not in admitted_before)


async def play(orders: Sequence[Planned], urls: Mapping[str, str]) -> tuple[int, dict[str, Problem]]:
    """Sends every order at its time, whatever became of the ones before; returns the start and the refusals."""
    refused: dict[str, Problem] = {}
    senders = {
        account: _Sender(urls[place], refused) for account, place in {o.account: o.municipality for o in orders}.items()
    }
    async with asyncio.TaskGroup() as group:
        for sender in senders.values():
            group.create_task(sender.run())
        start_ns = time.time_ns()
        begin = time.monotonic()
        for order in sorted(orders, key=lambda o: o.due_us):
            ahead = order.due_us / 1e6 - (time.monotonic() - begin)
            if ahead > TICK:
                await asyncio.sleep(ahead)
            senders[order.account].push(order)
        for sender in senders.values():
            sender.close()
    return start_ns // 1000, refused


async def read(orders: Mapping[str, str], urls: Mapping[str, str], path: str) -> dict[str, bytes]:
    """Reads `path` + id of each transfer at its source, over a few connections per municipality."""
    waiting: dict[str, deque[str]] = defaultdict(deque)
    for order, place in orders.items():
        waiting[place].append(order)
    found: dict[str, bytes] = {}

    async def reader(place: str) -> None:
        wire = _wire(urls[place])
        while waiting[place]:
            order = waiting[place].popleft()
            try:
                found[order] = (await wire.get(path + order)).body
            except (WireError, OSError):
                continue  # not known, or the process is away: it is missing from the answer
        wire.close()

    async with asyncio.TaskGroup() as group:
        for place in waiting:
            for _ in range(READERS):
                group.create_task(reader(place))
    return found
