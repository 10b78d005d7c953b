"""The bus: one topic per chain process with one partition each, so that the order of an outbox is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from globelet.archiver.record import Place
from globelet.archiver.refusal import BusAway
from globelet.archiver.settings import Settings

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest record the bus takes."""
GENERATION, OUTBOX, REPLAY, STORE = "generation", "outbox", "replay", "store"
_OWN = (GENERATION, OUTBOX)
_TOPIC = {
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(LARGEST),
    "retention.ms": str(24 * 3600 * 1000),
    "segment.bytes": str(64 * 1024 * 1024),
}
_DEAD = {"cleanup.policy": "compact", "max.message.bytes": str(2 * LARGEST + 65536)}
_WAIT = 10.0
_BACK = 256

Told = Callable[[KafkaError | None, Message], None]


@dataclass(frozen=True, slots=True)
class Position:
    """How far something is: the next offset on the bus, and the outbox' generation and last offset before it."""

    bus: int
    generation: int = 0
    outbox: int = 0

    @property
    def note(self) -> str:
        """As it is kept with a consumer group's offset."""
        return f"{self.generation}:{self.outbox}"

    @classmethod
    def noted(cls, bus: int, note: str | None) -> Position:
        """Back from the note."""
        generation, _, outbox = (note or "").partition(":")
        known = generation.isdigit() and outbox.isdigit()
        return cls(bus, int(generation), int(outbox)) if known else cls(bus)


def config(settings: Settings, **more: Any) -> dict[str, Any]:
    """What every client has: bounded waiting, and no line in the log for each attempt to connect."""
    return {
        "bootstrap.servers": settings.bus,
        "socket.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "log.connection.close": False,
        "log_level": 2,
        **more,
    }


def producer(settings: Settings) -> Producer:
    """An idempotent producer: each record once and in order, however often it has to be sent."""
    return Producer(
        config(settings)
        | {
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": 0,
            # Nobody waits for a receipt to be archived: fewer and larger requests cost all of the bus less.
            "linger.ms": 40,
            "batch.size": 1_000_000,
            "message.max.bytes": 2 * LARGEST + 65536,
            "queue.buffering.max.kbytes": 8 * 1024,
            "queue.buffering.max.messages": 20_000,
        }
    )


def consumer(settings: Settings, group: str) -> Consumer:
    """A consumer of a group, which commits only what it is told to and holds little in memory."""
    return Consumer(
        config(settings)
        | {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 200,
            "queued.max.messages.kbytes": 3 * 1024,
            "fetch.max.bytes": 2 * LARGEST + 65536,
            "max.partition.fetch.bytes": 1024 * 1024,
            "fetch.wait.max.ms": 500,
            # By default a consumer whose queue was full asks for nothing for a second; asking often is work too.
            "fetch.queue.backoff.ms": 40,
            "message.max.bytes": 2 * LARGEST + 65536,
        }
    )


def make_topics(settings: Settings, processes: Iterable[str]) -> None:
    """Makes the topics that are not there. Raises `BusAway`."""
    admin = AdminClient(config(settings))
    wanted = {settings.topic(p): _TOPIC for p in processes} | {settings.dead_letters: _DEAD}
    try:
        there = admin.list_topics(timeout=_WAIT).topics
        new = [NewTopic(n, 1, replication_factor=1, config=c) for n, c in wanted.items() if n not in there]
        made = admin.create_topics(new, request_timeout=_WAIT) if new else {}
        for future in made.values():
            future.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise BusAway(settings.bus, error.args[0].str()) from error


def headers(message: Message) -> dict[str, str]:
    """The headers of a message as text."""
    found: Any = message.headers() or []
    return {name: value.decode(errors="replace") for name, value in found if isinstance(value, bytes)}


def place(process: str, message: Message) -> Place:
    """Where a message stands, by its headers."""
    bus, at_ms = int(message.offset() or 0), int(message.timestamp()[1])
    found: Any = message.headers() or []
    if len(found) == len(_OWN) and tuple(name for name, _ in found) == _OWN:
        # As the publisher writes it, which nearly all are.
        generation, outbox = found[0][1], found[1][1]
        if generation and outbox and generation.isdigit() and outbox.isdigit():
            return Place(process, bus, at_ms, int(generation), int(outbox))
    told = headers(message)
    generation, outbox = told.get(GENERATION, ""), told.get(OUTBOX, "")
    return Place(
        process=process,
        bus=bus,
        at_ms=at_ms,
        generation=int(generation) if generation.isdigit() else 0,
        outbox=int(outbox) if outbox.isdigit() else 0,
        known=outbox.isdigit() and REPLAY not in told,
        replay=told.get(REPLAY),
        store=told.get(STORE),
    )


def committed(client: Consumer, settings: Settings, processes: Iterable[str]) -> dict[str, Position]:
    """How far a group is with each process; from the beginning where it never was. Raises `BusAway`."""
    topics = {settings.topic(p): p for p in processes}
    try:
        found = client.committed([TopicPartition(t, 0) for t in topics], timeout=_WAIT)
    except KafkaException as error:
        raise BusAway(settings.bus, error.args[0].str()) from error
    positions = {}
    for partition in found:
        known = partition.offset >= 0
        note = getattr(partition, "metadata", None)
        positions[topics[partition.topic]] = Position.noted(partition.offset, note) if known else Position(0)
    return positions


def commit(client: Consumer, settings: Settings, positions: dict[str, Position], *, wait: bool = False) -> None:
    """Keeps how far a group is. Raises `KafkaException`."""
    offsets = [TopicPartition(settings.topic(p), 0, at.bus, metadata=at.note) for p, at in positions.items()]
    if offsets:
        client.commit(offsets=offsets, asynchronous=not wait)  # type: ignore[call-overload,unused-ignore]


def ends(client: Consumer, topic: str) -> tuple[int, int]:
    """First offset of a topic and the one after its last. Raises `KafkaException`."""
    low, high = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=_WAIT)
    return int(low), int(high)


def last_published(settings: Settings, process: str) -> Position:
    """What the topic says of how far the outbox of a process was read: from its last record that came from there.

    Raises `BusAway`. Replayed records, and those of others, are passed over.
    """
    client = consumer(settings, settings.group("publisher"))
    topic = settings.topic(process)
    try:
        low, high = ends(client, topic)
        for start in range(max(low, high - _BACK), low - _BACK, -_BACK):
            begin = max(low, start)
            for message in reversed(read(client, topic, begin, min(high, begin + _BACK))):
                told = headers(message)
                if REPLAY not in told and told.get(OUTBOX, "").isdigit():
                    return Position(high, int(told.get(GENERATION, "0")), int(told[OUTBOX]))
            if begin == low:
                break
        return Position(high)
    except KafkaException as error:
        raise BusAway(settings.bus, error.args[0].str()) from error
    finally:
        client.close()


def read(client: Consumer, topic: str, begin: int, end: int) -> list[Message]:
    """The messages of a topic from an offset up to another. Raises `KafkaException`, `BusAway` when they don't come."""
    found: list[Message] = []
    if begin >= end:
        return found
    client.assign([TopicPartition(topic, 0, begin if begin > 0 else OFFSET_BEGINNING)])
    while True:
        batch = client.consume(num_messages=500, timeout=_WAIT)
        if not batch:
            raise BusAway(topic, f"nothing came from it within {_WAIT:.0f} s")
        for message in batch:
            if error := message.error():
                raise KafkaException(error)
        found += [m for m in batch if int(m.offset() or 0) < end]
        if int(batch[-1].offset() or 0) >= end - 1:
            break
    client.unassign()
    return found


def document(message: Message) -> dict[str, Any]:
    """The JSON object of a message of our own."""
    return dict(orjson.loads(message.value() or b"{}"))
