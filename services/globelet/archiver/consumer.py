"""Feeds one store from the bus: a consumer group of its own, so that none waits for another that is away."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from threading import Event

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition

from globelet.archiver import bus, dead_letter
from globelet.archiver.bus import Position
from globelet.archiver.dead_letter import DeadLetter
from globelet.archiver.decoder import Decoder
from globelet.archiver.progress import Progress
from globelet.archiver.record import Place, Record
from globelet.archiver.refusal import Full, Poisoned, Transient
from globelet.archiver.settings import Settings
from globelet.archiver.sink import Refused, Sink
from globelet.archiver.window import Window
from globelet.engines.errors import EngineError

_COMMIT_S, _ENDS_S = 1.0, 2.0
_FIRST_PAUSE, _LONGEST_PAUSE, _DOOR_PAUSE = 0.1, 5.0, 15.0
_WAY_S, _GLANCE_S = 1.0, 0.02

log = logging.getLogger("globelet.archiver")


class Runner:
    """Takes batches off the bus, hands them to a sink until it has them, and keeps how far it is."""

    def __init__(self, settings: Settings, sink: Sink, progress: Progress, decoder: Decoder) -> None:
        self.sink, self.progress = sink, progress
        self._settings, self._decoder = settings, decoder
        self._topics = {settings.topic(p): p for p in progress.processes}
        self._client: Consumer = bus.consumer(settings, settings.group(sink.name))
        self._window = Window(self._client.consume, _bytes)
        self._producer: Producer | None = None
        self._consumed: dict[str, Position] = {}
        self._kept: dict[str, Position] = {}
        self._committed_at = self._looked_at = self._pause = 0.0
        self.stop = Event()

    def run(self) -> None:
        """Runs until `stop` is set. What fails for a while is tried again; nothing is skipped."""
        ready = False
        while not self.stop.is_set():
            try:
                if not ready:
                    self._begin()
                    ready, self._pause = True, 0.0
                    self.progress.troubles.pop(self.sink.name, None)
                self._give_way()
                self._step()
                self._pause = 0.0
            except (Transient, EngineError, KafkaException) as error:
                ready = False
                self._wait(error)
        self._end()

    def _wait(self, error: Exception) -> None:
        told = str(error)
        if self.progress.troubles.get(self.sink.name) != told:
            log.warning("%s: %s", self.sink.name, told)
        self.progress.troubles[self.sink.name] = told
        self._let_go()
        longest = _DOOR_PAUSE if isinstance(error, EngineError) else _LONGEST_PAUSE
        self._pause = min(longest, max(_FIRST_PAUSE, self._pause * 2))
        # Jitter, so that stores that went down together are not all asked at one moment.
        self.stop.wait(self._pause * random.uniform(0.5, 1.5))  # noqa: S311

    def _let_go(self) -> None:
        """Stops fetching: what was fetched and not stored comes again from the bus, not from memory."""
        try:
            self._client.unassign()
            self._look(ask=True)
        except KafkaException as error:
            log.debug("%s: %s", self.sink.name, error)

    def _begin(self) -> None:
        """Opens the store and begins where it was left, or anew if the store is empty."""
        at = bus.committed(self._client, self._settings, self.progress.processes)
        for process, position in at.items():
            self.progress.track(self.sink.name, process).settle(position)
        if self.sink.inspect():
            if any(position.bus for position in at.values()):
                log.warning("%s is empty: it is filled again from the bus", self.sink.name)
                at = self._back(at, self._reach())
            # Before the mark is made, so that a crash in between does not leave a hole.
            bus.commit(self._client, self._settings, at, wait=True)
        self.sink.prepare()
        if since := self.sink.damaged():
            at |= self._back({p: at[p] for p in since if p in at}, since)
        self._consumed, self._kept = dict(at), dict(at)
        self.progress.passed(self.sink.name, at)
        for process, position in at.items():
            self.progress.track(self.sink.name, process).rewind(position)
        self._client.assign([TopicPartition(t, 0, at[p].bus or OFFSET_BEGINNING) for t, p in self._topics.items()])

    def _reach(self) -> dict[str, int]:
        reach = self.sink.reach()
        since = 0 if reach is None else int(time.time() * 1000) - reach
        return dict.fromkeys(self.progress.processes, since)

    def _back(self, at: dict[str, Position], since: dict[str, int]) -> dict[str, Position]:
        """The positions of these times on the bus (milliseconds), but never later than `at`."""
        asked = [TopicPartition(self._settings.topic(p), 0, since[p]) for p in at]
        found = self._client.offsets_for_times(asked, timeout=10) if asked else []
        offsets = {self._topics[f.topic]: int(f.offset) for f in found}
        return {p: Position(offsets[p]) if 0 <= offsets[p] < at[p].bus else at[p] for p in at}

    def _give_way(self) -> None:
        """Where much waits, lets a store that is far behind go first, for a second at most: processors are few."""
        until = time.monotonic() + _WAY_S
        while self.progress.ahead(self.sink.name) and time.monotonic() < until:
            if self.stop.wait(_GLANCE_S):
                return

    def _step(self) -> None:
        messages = self._window.take()
        taken = [(bus.place(self._topics[str(m.topic())], m), m) for m in messages if not _failed(m)]
        records, letters = self._decoded(taken)
        for process, first in {r.place.process: r.place for r in reversed(records)}.items():
            self.progress.track(self.sink.name, process).taken(first.bus, first.at_ms)
        refused = self._write(records) if records else self.sink.pause()
        here = {(place.process, place.bus): m for place, m in taken}
        for record, why in refused:
            message = here.get((record.place.process, record.place.bus)) or self._again(record)
            letters.append(self._letter(record.place, message, why))
        self._bury(letters)
        self._advance([place for place, _ in taken])
        self.progress.count(self.sink.name, len(records))
        self._keep()

    def _write(self, records: list[Record]) -> Refused:
        """Hands records over. While the store has enough for now, nothing more is fetched for it."""
        pause = 0.0
        while True:
            try:
                refused = self.sink.write(records)
                break
            except Full as error:
                if pause == 0.0:
                    log.info("%s: %s", self.sink.name, error)
                    self._client.pause(self._client.assignment())
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
                if self.stop.wait(pause * random.uniform(0.5, 1.5)):  # noqa: S311
                    raise
        if pause:
            self._client.resume(self._client.assignment())
        return refused

    def _decoded(self, taken: list[tuple[Place, Message]]) -> tuple[list[Record], list[DeadLetter]]:
        records: list[Record] = []
        letters: list[DeadLetter] = []
        for place, message in taken:
            if place.store not in (None, self.sink.name):
                continue
            try:
                records.append(self._decoder.decode(place, message))
            except Poisoned as why:
                letters.append(self._letter(place, message, why))
        return records, letters

    def _letter(self, place: Place, message: Message, why: Poisoned) -> DeadLetter:
        return dead_letter.letter(self.sink.name, place, message.key(), message.value(), why)

    def _bury(self, letters: list[DeadLetter]) -> None:
        """Writes dead letters, before anything is kept of having passed them."""
        if not letters:
            return
        if self._producer is None:
            self._producer = bus.producer(self._settings)
        dead_letter.put(self._producer, self._settings, letters)
        for one in letters:
            self.progress.died(self.sink.name, one.process)
            log.warning("%s refuses a record of %s [%s]: %s", self.sink.name, one.process, one.code, one.reason)

    def _again(self, record: Record) -> Message:
        """The message of a record that was put off and refused later."""
        client = bus.consumer(self._settings, self._settings.group("reader"))
        try:
            at = record.place.bus
            return bus.read(client, self._settings.topic(record.place.process), at, at + 1)[0]
        finally:
            client.close()

    def _advance(self, places: Sequence[Place]) -> None:
        last = {place.process: place for place in places}
        known = {place.process: place for place in places if place.known}
        for process, place in last.items():
            source = known.get(process, self._consumed[process])
            self._consumed[process] = Position(place.bus + 1, source.generation, source.outbox)
        self.progress.passed(self.sink.name, self._consumed)
        for process, position in self.sink.settled(self._consumed).items():
            self.progress.track(self.sink.name, process).settle(position)

    def _keep(self) -> None:
        self._look()
        now = time.monotonic()
        if now >= self._committed_at + _COMMIT_S:
            self._committed_at = now
            settled = self.sink.settled(self._consumed)
            changed = {p: at for p, at in settled.items() if at != self._kept.get(p)}
            bus.commit(self._client, self._settings, changed)
            self._kept |= changed

    def _look(self, *, ask: bool = False) -> None:
        """Notes where the topics end; asks the bus where nothing is fetched."""
        now = time.monotonic()
        if now < self._looked_at + _ENDS_S:
            return
        self._looked_at = now
        for topic, process in self._topics.items():
            partition = TopicPartition(topic, 0)
            _, high = self._client.get_watermark_offsets(partition, timeout=3, cached=not ask)
            track = self.progress.track(self.sink.name, process)
            track.end = max(int(high), track.settled.bus, track.end if ask else 0)

    def _end(self) -> None:
        try:
            bus.commit(self._client, self._settings, self.sink.settled(self._consumed), wait=True)
        except (KafkaException, EngineError) as error:
            log.warning("%s: its checkpoint was not kept: %s", self.sink.name, error)
        self._let_go()
        self._client.close()
        self.sink.close()


def _bytes(message: Message) -> int:
    return len(message.value() or b"")


def _failed(message: Message) -> bool:
    """False for a message that is one; raises `KafkaException` for news of a failure."""
    if error := message.error():
        raise KafkaException(error)
    return False
