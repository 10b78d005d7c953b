"""What a store refused for good: kept on a topic of its own with the reason, the mend and the record as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson
from confluent_kafka import KafkaException, Message, Producer

from globelet.archiver import bus
from globelet.archiver.carried import readable
from globelet.archiver.record import Place
from globelet.archiver.refusal import BusAway, Poisoned
from globelet.archiver.settings import Settings

WAITING, REPLAYING, REPLAYED = "waiting", "replaying", "replayed"


@dataclass(frozen=True)
class DeadLetter:
    """One refusal: `waiting`, `replaying` while its record is on the bus again, `replayed` once it is stored."""

    key: str
    store: str
    process: str
    bus_offset: int
    outbox_offset: int
    record_key: str | None
    code: str
    reason: str
    mend: str
    state: str
    attempts: int
    record: str | None
    """The record as text; None if it is none, then `record_hex` has it, or if no bus can carry it."""
    record_hex: str | None = None

    @property
    def value(self) -> bytes | None:
        """The record as it was on the bus; None where only the outbox has it."""
        if self.record_hex is not None:
            return bytes.fromhex(self.record_hex)
        return None if self.record is None else self.record.encode()

    @property
    def open(self) -> bool:
        """Whether its record is not in the store yet, as far as anybody knows."""
        return self.state != REPLAYED

    def replaying(self) -> DeadLetter:
        """The same, on its way back to the bus once more."""
        return replace(self, state=REPLAYING, attempts=self.attempts + 1)

    def replayed(self) -> DeadLetter:
        """The same, its record stored."""
        return replace(self, state=REPLAYED)


def letter(store: str, place: Place, key: bytes | None, value: bytes | None, why: Poisoned) -> DeadLetter:
    """The dead letter of a record. Its key says which store refused what: refused again, it is the same letter."""
    text, binary = _text_of(value)
    named = hashlib.sha256((key or b"") + b"\0" + (value or b"")).hexdigest()[:16]
    return DeadLetter(
        key=place.replay or f"{store}:{place.process}:{place.outbox}:{named}",
        store=store,
        process=place.process,
        bus_offset=place.bus,
        outbox_offset=place.outbox,
        record_key=None if key is None else key.decode(errors="replace"),
        code=why.code,
        reason=why.reason[:2000],
        mend=why.mend,
        state=WAITING,
        attempts=0,
        record=text,
        record_hex=binary,
    )


def _text_of(value: bytes | None) -> tuple[str | None, str | None]:
    if value is None or len(value) > bus.LARGEST:
        return None, None
    try:
        return readable(value).decode(), None
    except UnicodeDecodeError:
        return None, value.hex()


def put(producer: Producer, settings: Settings, letters: Iterable[DeadLetter]) -> None:
    """Writes letters and returns when the bus has them. Raises `BusAway`."""
    failed: list[str] = []

    def told(error: Any, _: Message) -> None:
        if error is not None:
            failed.append(str(error))

    sent = 0
    for one in letters:
        producer.produce(settings.dead_letters, orjson.dumps(asdict(one)), one.key.encode(), on_delivery=told)
        sent += 1
    if sent and (producer.flush(30) or failed):
        raise BusAway(settings.bus, failed[0] if failed else "a dead letter was not taken within 30 s")


def every(settings: Settings) -> list[DeadLetter]:
    """All letters as they stand, oldest first. Raises `BusAway`."""
    client = bus.consumer(settings, settings.group("reader"))
    try:
        low, high = bus.ends(client, settings.dead_letters)
        found: dict[str, DeadLetter] = {}
        for message in bus.read(client, settings.dead_letters, low, high):
            one = DeadLetter(**bus.document(message))
            before = found.get(one.key)
            found[one.key] = one if before is None else replace(one, attempts=max(one.attempts, before.attempts))
        return list(found.values())
    except KafkaException as error:
        raise BusAway(settings.bus, error.args[0].str()) from error
    finally:
        client.close()
