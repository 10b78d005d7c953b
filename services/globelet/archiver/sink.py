"""What every store looks like to the runner that feeds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from globelet.archiver.bus import Position
from globelet.archiver.record import Record
from globelet.archiver.refusal import Poisoned

Refused = list[tuple[Record, Poisoned]]


class Sink(Protocol):
    """A store. All of it is idempotent: what comes again changes nothing. Any call may raise `Transient`."""

    name: str

    def inspect(self) -> bool:
        """Looks at the store; True if it is empty and has to be filled. Raises `WrongCredentials`, `OtherSchema`."""

    def reach(self) -> int | None:
        """How far back, in milliseconds, an empty store is filled; None for all that the bus has."""

    def prepare(self) -> None:
        """Makes what is missing (tables, indexes, bucket) and the mark of the schema."""

    def damaged(self) -> dict[str, int]:
        """What has to be written again after `prepare`: since when, in milliseconds of the bus, by process."""

    def write(self, records: Sequence[Record]) -> Refused:
        """Takes records in; returns those it refuses for good, with the reason."""

    def pause(self) -> Refused:
        """Called between writes: finishes what was put off."""

    def settled(self, consumed: Mapping[str, Position]) -> dict[str, Position]:
        """Up to where everything is safely in the store, given what was handed over."""

    def close(self) -> None:
        """Lets go of connections and files."""
