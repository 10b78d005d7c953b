"""Follows the outbox of each process by HTTP and puts what it finds on the bus, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from globelet.archiver import bus, dead_letter
from globelet.archiver.bus import Position
from globelet.archiver.carried import carried_page
from globelet.archiver.follower import BUSY_PAUSE, IDLE_PAUSE, LOST_PAUSE, PAGE
from globelet.archiver.progress import BUS, Progress
from globelet.archiver.record import Place
from globelet.archiver.refusal import BusAway, Poisoned
from globelet.archiver.settings import Settings
from globelet.client.wire import Wire, WireError

_FULL_PAUSE, _AGAIN_PAUSE = 0.02, 2.0

log = logging.getLogger("globelet.archiver")


class ProducerFailed(Exception):  # noqa: N818
    """The producer can send nothing more; another one begins where the bus ends."""


class Publisher:
    """One task per process. Where it is, the bus says: the last record of the topic names its place in the outbox."""

    def __init__(self, settings: Settings, outboxes: Mapping[str, tuple[str, int]], progress: Progress) -> None:
        self._settings, self._outboxes, self._progress = settings, outboxes, progress
        self._producer: Producer | None = None
        self._failed: str | None = None

    async def run(self) -> None:
        """Publishes until it is cancelled."""
        while True:
            try:
                await asyncio.to_thread(bus.make_topics, self._settings, self._outboxes)
                self._producer, self._failed = bus.producer(self._settings), None
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._serve())
                    for process in self._outboxes:
                        group.create_task(self._follow(process))
            except* (ProducerFailed, BusAway, KafkaException) as errors:
                self._trouble(str(errors.exceptions[0]))
            finally:
                await self._drop()
            await asyncio.sleep(_AGAIN_PAUSE)

    def _trouble(self, told: str) -> None:
        if self._progress.troubles.get(BUS) != told:
            log.warning("bus: %s", told)
        self._progress.troubles[BUS] = told

    async def _drop(self) -> None:
        """Lets a producer go with all it holds: its successor reads the outboxes again from where the bus ends."""
        if self._producer is not None:
            self._producer.purge()
            await asyncio.to_thread(self._producer.flush, 2)
            self._producer = None

    async def _serve(self) -> None:
        """Hears what became of what was sent."""
        while True:
            if self._producer is not None:
                self._producer.poll(0)
            if self._failed is not None:
                raise ProducerFailed(self._failed)
            await asyncio.sleep(_FULL_PAUSE)

    async def _follow(self, process: str) -> None:
        at = await asyncio.to_thread(bus.last_published, self._settings, process)
        self._progress.troubles.pop(BUS, None)
        self._progress.generations[process] = at.generation
        track = self._progress.track(BUS, process)
        track.rewind(Position(at.outbox))
        wire = Wire(*self._outboxes[process])
        try:
            while True:
                try:
                    at, newest, found = await self._page(process, wire, at)
                    track.end = newest
                    track.notice()
                    pause = 0.0 if newest > at.outbox else BUSY_PAUSE if found else IDLE_PAUSE
                except (OSError, WireError, ValueError) as error:
                    log.info("outbox of %s: %s", process, error)
                    pause = LOST_PAUSE
                await asyncio.sleep(pause)
        finally:
            wire.close()

    async def _page(self, process: str, wire: Wire, at: Position) -> tuple[Position, int, int]:
        """Publishes one page; returns where it ends, the outbox' newest offset and how many records there were."""
        answer = await wire.get(f"/v1/outbox?after={at.outbox}&limit={PAGE}")
        records, upto, newest = carried_page(process, answer.body, at.outbox)
        if newest < at.outbox:
            # A power cut took the end of the outbox; what comes in its place has numbers that were given before.
            log.warning("the outbox of %s ends at %d, before %d: it is read again", process, newest, at.outbox)
            self._progress.generations[process] = at.generation + 1
            self._progress.track(BUS, process).rewind(Position(0))
            return Position(at.bus, at.generation + 1, 0), newest, 0
        await self._publish(process, records, at.generation)
        return Position(at.bus, at.generation, upto), newest, len(records)

    async def _publish(self, process: str, records: Sequence[tuple[int, bytes, bytes]], generation: int) -> None:
        """Hands records to the producer; waits while its memory is full, so that an outage fills none."""
        topic, noted = self._settings.topic(process), str(generation)
        for offset, key, value in records:
            if len(value) > bus.LARGEST - 1024:
                await self._bury(process, Place(process, -1, 0, generation, offset), key, len(value))
                continue
            headers: dict[str, str | bytes | None] = {bus.GENERATION: noted, bus.OUTBOX: str(offset)}
            told = partial(self._told, process, generation, offset)
            while True:
                assert self._producer is not None
                try:
                    self._producer.produce(topic, value, key, headers=headers, on_delivery=told)
                    break
                except BufferError:
                    await asyncio.sleep(_FULL_PAUSE)

    def _told(self, process: str, generation: int, offset: int, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed = str(error)
        elif generation == self._progress.generations.get(process):
            self._progress.track(BUS, process).settle(Position(offset))

    async def _bury(self, process: str, place: Place, key: bytes, size: int) -> None:
        why = Poisoned(
            "oversized",
            f"the record is {size} bytes, the bus takes {bus.LARGEST - 1024}",
            f"the outbox of {process} keeps it: GET /v1/outbox?after={place.outbox - 1}&limit=1",
        )
        letter = dead_letter.letter(BUS, place, key, None, why)
        assert self._producer is not None
        await asyncio.to_thread(dead_letter.put, self._producer, self._settings, [letter])
        self._progress.died(BUS, process)
