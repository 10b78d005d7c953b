"""Tells each process up to where its outbox is in the stores that make a transfer `archived`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from globelet.archiver.progress import Progress
from globelet.client.wire import Wire, WireError

STORES = ("dynamodb", "mongodb")
_PAUSE_S, _AGAIN_S = 0.25, 30.0

log = logging.getLogger("globelet.archiver")


class Archived:
    """Says it when it changes, and now and then again: a process may have lost what it was told last."""

    def __init__(self, outboxes: Mapping[str, tuple[str, int]], progress: Progress) -> None:
        self._progress = progress
        self._wires = {process: Wire(*address, timeout=5) for process, address in outboxes.items()}
        self._told: dict[str, tuple[int, float]] = {}

    async def run(self) -> None:
        """Tells until it is cancelled; a process that is away holds up no other."""
        async with asyncio.TaskGroup() as group:
            for process in self._wires:
                group.create_task(self._follow(process))

    async def _follow(self, process: str) -> None:
        while True:
            await self.tell(process)
            await asyncio.sleep(_PAUSE_S)

    async def tell(self, process: str) -> None:
        """Tells one process, if there is something to tell."""
        upto = self._progress.archived(process, STORES)
        told, at = self._told.get(process, (0, 0.0))
        if upto == 0 or (upto == told and time.monotonic() < at + _AGAIN_S):
            return
        try:
            await self._wires[process].post("/v1/outbox/archived", {"upto": upto})
            self._told[process] = (upto, time.monotonic())
        except (OSError, WireError) as error:
            log.info("%s was not told that %d is archived: %s", process, upto, error)
