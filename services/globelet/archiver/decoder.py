"""Messages of the bus as records, each decoded once for all the stores that read near one another."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from confluent_kafka import Message

from globelet.archiver.carried import read
from globelet.archiver.record import Place, Record

MOST_BYTES = 12 * 1024 * 1024


class Decoder:
    """Keeps the records decoded last, up to a number of bytes. Safe to use from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._known: OrderedDict[tuple[str, int, int], Record] = OrderedDict()
        self._lock = Lock()

    def decode(self, place: Place, message: Message) -> Record:
        """The record of a message. Raises `Poisoned`."""
        key = (place.process, place.bus, place.at_ms)
        with self._lock:
            found = self._known.get(key)
        if found is not None:
            return found
        made = read(place, message.value())
        with self._lock:
            if key not in self._known:
                self._known[key] = made
                self._bytes += len(made.packed)
            while self._bytes > self._most:
                _, gone = self._known.popitem(last=False)
                self._bytes -= len(gone.packed)
        return made
