"""How much is taken off the bus at a time: little while little comes, a window where more waits.

A receipt comes up to three times: when it is complete, with its post-quantum signatures, with its checkpoint. Of those
within one window only the last is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

SPAN_S, MOST, MOST_BYTES = 1.0, 2_000, 6 * 1024 * 1024
"""Seconds, records and bytes of a window at most."""
_POLL_S, _BATCH = 0.2, 150


class Window(Generic[T]):
    """Polls batches until one comes that is not full, or until the window is. Light load waits for nothing."""

    def __init__(
        self,
        poll: Callable[[int, float], Sequence[T]],
        size: Callable[[T], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._poll, self._size, self._clock = poll, size, clock

    def take(self) -> list[T]:
        """What is there, in the order in which it came."""
        taken: list[T] = []
        room, until = MOST_BYTES, self._clock() + SPAN_S
        while True:
            batch = self._poll(min(_BATCH, MOST - len(taken)), _POLL_S)
            taken += batch
            room -= sum(map(self._size, batch))
            if len(batch) < _BATCH or len(taken) >= MOST or room <= 0 or self._clock() >= until:
                return taken
