"""Presence in Redis: filled at login, read at lookups, and left aside while it is away.

Several presence services can share one Redis, and one that has just started finds there what it never heard itself.
What is read back is checked as a login is, so who can write to Redis can hide a node but invent none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from globelet.presence.record import Genesis, Record, RecordRefused

WITHIN = 0.25
"""Seconds that Redis may take for an answer."""
AGAIN = 1.0
"""Seconds for which it is left alone after it failed."""
LARGEST = 2_048
"""Bytes of a record: about 400 are usual."""
TOGETHER, CONNECTIONS = 512, 4


class BadRedis(ValueError):  # noqa: N818
    """GLOBELET_REDIS_URL cannot be used; the sentence names the mend."""


@dataclass
class Tally:
    """How often Redis did and did not answer, for /metrics."""

    answered: int = 0
    away: int = 0
    refused: int = 0


class Shared:
    """The records that all presence services of one world share in one Redis."""

    def __init__(self, url: str, genesis: Genesis) -> None:
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise BadRedis(
                "GLOBELET_REDIS_URL is set, but the package redis is missing; install globelet[stores]"
            ) from error
        try:
            # A failed try is not tried again while somebody waits: the store answers instead.
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=WITHIN,
                socket_timeout=WITHIN,
                socket_connect_timeout=WITHIN,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError) as error:
            raise BadRedis(f"GLOBELET_REDIS_URL is not a Redis address: {error}; write redis://HOST:PORT/0") from error
        self._redis = Redis.from_pool(pool)
        self._genesis, self._away_until = genesis, 0.0
        # Checked before: the same bytes need no second check of their signature. One entry per node at most.
        self._known: dict[int, tuple[bytes, Record]] = {}
        self.tally = Tally()

    @classmethod
    def of_environment(cls, genesis: Genesis) -> Shared | None:
        """By GLOBELET_REDIS_URL; None where it is not set. Raises `BadRedis`."""
        url = os.environ.get("GLOBELET_REDIS_URL", "").strip()
        return cls(url, genesis) if url else None

    @property
    def away(self) -> bool:
        """Whether it failed a moment ago and is left alone."""
        return time.monotonic() < self._away_until

    def _key(self, node: int) -> str:
        return f"globelet:presence:{self._genesis.tag:016x}:{node}"

    async def put(self, records: Sequence[Record], now: float) -> bool:
        """Keeps records until their time is over; whether Redis took them."""
        for some in _parts(records):
            pipe = self._redis.pipeline(transaction=False)
            for record in some:
                if (left := int((record.until - now) * 1000)) > 0:
                    pipe.set(self._key(record.node), json.dumps(record.as_json()), px=left)
            if await self._answer(pipe.execute) is None:
                return False
        return True

    async def get(self, nodes: Sequence[int], now: float) -> list[Record] | None:
        """The valid records of some nodes; None while Redis is away."""
        found: list[Record] = []
        for some in _parts(nodes):
            values = await self._answer(partial(self._redis.mget, [self._key(node) for node in some]))
            if values is None:
                return None
            read = (self._read(node, value, now) for node, value in zip(some, values, strict=True) if value)
            found.extend(record for record in read if record is not None)
        return found

    def _read(self, node: int, value: bytes, now: float) -> Record | None:
        known = self._known.get(node)
        if known is not None and known[0] == value:
            return known[1] if known[1].until > now else None
        try:
            if len(value) > LARGEST:
                raise RecordRefused("malformed", "the record is too large")
            record = Record.parse(json.loads(value))
            if record.node != node:
                raise RecordRefused("malformed", "the record is another node's")
            record.check(self._genesis, now)
        except (RecordRefused, ValueError, RecursionError):
            self.tally.refused += 1
            return None
        if known is not None and known[1].at > record.at and known[1].until > now:
            return known[1]  # somebody wrote an older one over it
        self._known[node] = value, record
        return record

    async def _answer(self, ask: Callable[[], Awaitable[Any]]) -> list[Any] | None:
        """What Redis answers; None where it does not, and then it is left alone for a while."""
        from redis.exceptions import RedisError

        if self.away:
            self.tally.away += 1
            return None
        try:
            answer = cast("list[Any]", await ask())
        except (RedisError, OSError, TimeoutError):
            self._away_until = time.monotonic() + AGAIN
            self.tally.away += 1
            return None
        self.tally.answered += 1
        return answer

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()


_T = TypeVar("_T")


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for begin in range(0, len(items), TOGETHER):
        yield items[begin : begin + TOGETHER]
