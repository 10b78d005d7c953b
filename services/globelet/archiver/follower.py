"""Follows the outbox of each process by HTTP and archives what it finds."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from globelet.archiver import document, parquet
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store
from globelet.client.wire import Wire, WireError

PAGE = 500
BUSY_PAUSE, IDLE_PAUSE, LOST_PAUSE = 0.2, 1.0, 2.0

log = logging.getLogger("globelet.archiver")


class Follower:
    """One follower per process: page by page, write, checkpoint, report back. Never in the critical path."""

    def __init__(self, outboxes: Mapping[str, tuple[str, int]], store: Store, files: MinuteFiles) -> None:
        self._outboxes, self._store, self._files = outboxes, store, files
        self.lag: dict[str, int] = {}

    async def page(self, process: str, wire: Wire) -> int:
        """Archives one page of one outbox; returns how many records it held. Raises `WireError`, `OSError`."""
        after = self._store.checkpoint(process)
        answer = await wire.get(f"/v1/outbox?after={after}&limit={PAGE}")
        records, upto, newest = read_page(document.read(answer.body), after)
        if newest < after:
            # A power cut took the end of the outbox; what comes in its place has numbers that were given before.
            log.warning("the outbox of %s ends at %d, before %d: it is read again", process, newest, after)
            self._store.rewind(process)
            return await self.page(process, wire)
        if records:
            receipts = self._store.write(process, records, upto)
            self._files.add(process, receipts, time.time())
            await wire.post("/v1/outbox/archived", {"upto": upto})
        self.lag[process] = newest - upto
        return len(records)

    async def follow(self, process: str) -> None:
        """Follows one process for ever; a process that is away is asked again later."""
        host, port = self._outboxes[process]
        wire = Wire(host, port)
        while True:
            try:
                found = await self.page(process, wire)
                pause = 0.0 if self.lag[process] else BUSY_PAUSE if found else IDLE_PAUSE
            except (OSError, WireError, ValueError) as error:
                log.info("outbox of %s: %s", process, error)
                pause = LOST_PAUSE
            await asyncio.sleep(pause)

    async def fold(self) -> None:
        """Folds the minute files as minutes end, in a process of its own: pyarrow's memory goes when it has done."""
        while True:
            if parquet.available() and self._files.waiting(time.time()):
                command = [sys.executable, "-m", "globelet.archiver.parquet", str(self._files.folder)]
                child = await asyncio.create_subprocess_exec(*command)
                if await child.wait() != 0:
                    log.warning("the minute files could not be folded; they are tried again next minute")
            await asyncio.sleep(60 - time.time() % 60 + 1)

    async def run(self) -> None:
        """Follows all processes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.fold())
            for process in self._outboxes:
                group.create_task(self.follow(process))


def read_page(answer: Any, after: int) -> tuple[list[dict[str, Any]], int, int]:
    """The records of an outbox page, its last offset and the outbox' newest; raises `ValueError` for anything else."""
    if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
        raise ValueError("the outbox answered something that is not a page")
    upto = answer.get("next", after)
    if not isinstance(upto, int) or upto < after:
        raise ValueError(f"the outbox went backwards, from {after} to {upto}")
    newest = answer.get("newest", upto)
    if not isinstance(newest, int):
        raise ValueError(f"the outbox says its newest record is {newest!r}")
    return answer["records"], upto, newest
