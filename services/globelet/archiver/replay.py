"""Brings dead letters home: their records go back to the bus, for the store that refused them alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from globelet.archiver import bus, dead_letter
from globelet.archiver.dead_letter import WAITING, DeadLetter
from globelet.archiver.refusal import BusAway
from globelet.archiver.settings import Settings

STORED, REFUSED, PENDING, KEPT = "stored", "refused again", "not taken yet", "in the outbox only"
PATIENCE_S = 60.0
_LOOK_S = 0.25


@dataclass(frozen=True)
class Outcome:
    """What became of one letter."""

    letter: DeadLetter
    outcome: str


def replay(settings: Settings, letters: Sequence[DeadLetter], patience: float = PATIENCE_S) -> list[Outcome]:
    """Replays letters and waits until their stores have taken or refused them. Raises `BusAway`.

    Each is marked before its record goes, and marked done only when the store is past it: a replay that breaks off
    is simply made again.
    """
    producer = bus.producer(settings)
    able = [one for one in letters if one.value is not None]
    dead_letter.put(producer, settings, [one.replaying() for one in able])
    places = _send(producer, settings, able)
    passed = _await(settings, able, places, patience)
    found = {one.key: one for one in dead_letter.every(settings)}
    outcomes = [Outcome(one, KEPT) for one in letters if one.value is None]
    done = []
    for one in able:
        now = found.get(one.key, one)
        if now.state == WAITING:
            outcomes.append(Outcome(now, REFUSED))
        elif one.key in passed:
            outcomes.append(Outcome(now, STORED))
            done.append(now.replayed())
        else:
            outcomes.append(Outcome(now, PENDING))
    dead_letter.put(producer, settings, done)
    return outcomes


def _send(producer: Producer, settings: Settings, letters: Sequence[DeadLetter]) -> dict[str, int]:
    """Puts the records on their topics; returns the offset of each, by key."""
    places: dict[str, int] = {}
    failed: list[str] = []

    for one in letters:

        def told(error: KafkaError | None, message: Message, key: str = one.key) -> None:
            if error is not None:
                failed.append(str(error))
            else:
                places[key] = int(message.offset() or 0)

        headers: dict[str, str | bytes | None] = {
            bus.REPLAY: one.key,
            bus.STORE: one.store,
            bus.OUTBOX: str(one.outbox_offset),
        }
        key = None if one.record_key is None else one.record_key.encode()
        producer.produce(settings.topic(one.process), one.value, key, headers=headers, on_delivery=told)
    if letters and (producer.flush(30) or failed):
        raise BusAway(settings.bus, failed[0] if failed else "a record was not taken within 30 s")
    return places


def _await(settings: Settings, letters: Sequence[DeadLetter], places: dict[str, int], patience: float) -> set[str]:
    """The keys of those letters that their stores have passed, within some seconds."""
    until, never = time.monotonic() + patience, Event()
    passed: set[str] = set()
    clients = {store: bus.consumer(settings, settings.group(store)) for store in {one.store for one in letters}}
    try:
        while True:
            for store, client in clients.items():
                own = [one for one in letters if one.store == store and one.key not in passed]
                at = bus.committed(client, settings, sorted({one.process for one in own})) if own else {}
                passed |= {one.key for one in own if at[one.process].bus > places[one.key]}
            if len(passed) == len(letters) or time.monotonic() >= until:
                return passed
            never.wait(_LOOK_S)
    finally:
        for client in clients.values():
            client.close()


def processes(settings: Settings) -> list[str]:
    """The processes that have a topic. Raises `BusAway`."""
    client = bus.consumer(settings, settings.group("reader"))
    try:
        topics = client.list_topics(timeout=10).topics
    except KafkaException as error:
        raise BusAway(settings.bus, error.args[0].str()) from error
    finally:
        client.close()
    start = settings.topic("")
    return sorted(t.removeprefix(start) for t in topics if t.startswith(start) and t != settings.dead_letters)


def lags(settings: Settings, stores: Sequence[str]) -> list[tuple[str, str, int, int]]:
    """Store, process, records that its checkpoint lacks, end of the topic: as the bus has it. Raises `BusAway`."""
    names = processes(settings)
    rows = []
    for store in stores:
        client = bus.consumer(settings, settings.group(store))
        try:
            at = bus.committed(client, settings, names) if names else {}
            for name in names:
                low, high = bus.ends(client, settings.topic(name))
                rows.append((store, name, high - max(low, at[name].bus), high))
        except KafkaException as error:
            raise BusAway(settings.bus, error.args[0].str()) from error
        finally:
            client.close()
    return rows
