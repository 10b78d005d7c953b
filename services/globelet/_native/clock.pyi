from collections.abc import Sequence
from typing import Literal, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "Candidate",
    "Clock",
    "ClockError",
    "Estimate",
    "Packet",
    "Sample",
    "Stamp",
    "Steered",
    "TimeClient",
    "select",
]

class ClockError(AlgorithmError):
    """A stamp, a packet or an adjustment was refused.

    Codes: clock.skew, clock.length, clock.packet, clock.no-such-server, clock.unasked, clock.unsynchronised,
    clock.kiss, clock.impossible, clock.no-majority, clock.panic.
    """

def select(candidates: Sequence[Candidate]) -> Estimate | None:
    """Drops false tickers and outliers and combines the rest (RFC 5905 section 11.2); None if no majority agrees."""

@final
class Stamp:
    """A point in hybrid time, ordered by microseconds and then by counter."""

    def __new__(cls, micros: int, counter: int = 0) -> Stamp: ...
    @staticmethod
    def from_bytes(data: Buffer) -> Stamp:
        """Reads a stamp from its only encoding. Raises ClockError clock.length."""
    def to_bytes(self) -> bytes:
        """The only encoding: microseconds as 64 bits, counter as 32, little-endian."""
    @property
    def micros(self) -> int:
        """Microseconds since the Unix epoch."""
    @property
    def counter(self) -> int:
        """Order among stamps of the same microsecond."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Stamp, /) -> bool: ...
    def __le__(self, other: Stamp, /) -> bool: ...
    def __gt__(self, other: Stamp, /) -> bool: ...
    def __ge__(self, other: Stamp, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Clock:
    """A hybrid logical clock: stamps grow, whatever the physical clock does, and order cause before effect."""

    def __new__(cls, max_skew_us: int) -> Clock: ...
    @property
    def last(self) -> Stamp:
        """The latest stamp given out."""
    @property
    def max_skew_us(self) -> int:
        """How far ahead of physical time a stamp may be, in microseconds."""
    def now(self, physical_us: int) -> Stamp:
        """A stamp for something that happens here; later than every stamp before it."""
    def now_many(self, physical_us: Sequence[int]) -> list[Stamp]:
        """A stamp for each of many things that happen here in this order."""
    def receive(self, physical_us: int, remote: Stamp) -> Stamp:
        """A stamp for the arrival of another node's; later than it and than all before it. Raises clock.skew."""

@final
class Steered:
    """A clock over a raw one, set by offsets, that never runs backwards: slew to 128 ms, step forward, brake back."""

    def __new__(cls, raw_ns: int, time_ns: int) -> Steered: ...
    def time_ns(self, raw_ns: int) -> int:
        """The time when the raw clock shows `raw_ns`, in nanoseconds since the Unix epoch."""
    def adjust(self, raw_ns: int, offset_ns: int) -> Literal["slewed", "stepped"]:
        """Takes in that the true time was `offset_ns` ahead of this clock. Raises clock.panic above 1000 s."""
    @property
    def frequency_ppb(self) -> int:
        """The correction of frequency, in parts per billion; positive if the raw clock is slow."""

@final
class Packet:
    """A packet of NTP 3 or 4 without extensions (RFC 5905 figure 8)."""

    @staticmethod
    def from_bytes(data: Buffer) -> Packet:
        """Reads the 48 bytes. Raises ClockError clock.length, clock.packet."""
    @staticmethod
    def question(nonce: int) -> Packet:
        """A question that tells nothing but a nonce of 64 bits, drawn anew each time."""
    def answer(self, received_ns: int, sent_ns: int, stratum: int, reference: bytes) -> Packet:
        """The answer of a server with this stratum and four bytes of reference; times in ns since the Unix epoch."""
    def to_bytes(self) -> bytes:
        """The 48 bytes."""
    @property
    def leap(self) -> int:
        """Leap second to come: 0 none, 1 one more, 2 one less; 3 not synchronised."""
    @property
    def version(self) -> int:
        """Version, 3 or 4."""
    @property
    def mode(self) -> int:
        """Who speaks: 3 who asks, 4 who answers, 1 and 2 peers, 5 broadcast."""
    @property
    def stratum(self) -> int:
        """Servers between the sender and the true time; 0 for a kiss-o'-death, 16 for not synchronised."""
    @property
    def reference(self) -> bytes:
        """Four bytes: what the sender is set by."""
    @property
    def kiss(self) -> str | None:
        """The four letters of a kiss-o'-death, as in RATE."""
    @property
    def origin(self) -> int:
        """The stamp of the question that this answers, 64 bits as they stand there."""
    def received_ns(self, about_ns: int) -> int:
        """When the question arrived, in nanoseconds since the Unix epoch, in the era of `about_ns`."""
    def sent_ns(self, about_ns: int) -> int:
        """When this packet left, in nanoseconds since the Unix epoch, in the era of `about_ns`."""

@final
class Sample:
    """What one exchange says of a server's clock (RFC 5905 section 8)."""

    @property
    def offset_ns(self) -> int:
        """What the server's clock is ahead of the local one; off by half of the round trip at most."""
    @property
    def delay_ns(self) -> int:
        """Round trip without the time that the server took."""
    @property
    def dispersion_ns(self) -> int:
        """What both readings may be wrong by."""
    @property
    def stratum(self) -> int:
        """The server's stratum."""

@final
class Candidate:
    """A server whose time is known well enough: offset, root distance and jitter in nanoseconds."""

    def __new__(
        cls, server: int, offset_ns: int, distance_ns: int, jitter_ns: int = 0, stratum: int = 1
    ) -> Candidate: ...
    @property
    def server(self) -> int:
        """The server's number."""
    @property
    def offset_ns(self) -> int:
        """What its clock is ahead of the local one."""
    @property
    def distance_ns(self) -> int:
        """What that may be wrong by if the server is right: the root distance."""
    @property
    def jitter_ns(self) -> int:
        """How much its offsets differ."""
    @property
    def stratum(self) -> int:
        """Its stratum."""

@final
class Estimate:
    """What servers say together."""

    @property
    def offset_ns(self) -> int:
        """What the true time is ahead of the local clock."""
    @property
    def jitter_ns(self) -> int:
        """How much survivors and their samples differ."""
    @property
    def low_ns(self) -> int:
        """Least offset on which the majority agrees."""
    @property
    def high_ns(self) -> int:
        """Largest offset on which the majority agrees."""
    @property
    def distance_ns(self) -> int:
        """What the offset may be wrong by if a majority is right."""
    @property
    def stratum(self) -> int:
        """The stratum of whoever sets its clock by this."""
    @property
    def survivors(self) -> list[int]:
        """Numbers of the servers that made it, best first."""
    @property
    def false_tickers(self) -> list[int]:
        """Numbers of the servers that contradict the majority."""

@final
class TimeClient:
    """Asks servers for the time (RFC 5905): a state machine without sockets and clocks.

    Ask each server eight times: only after five answers its time is known to better than a second.
    """

    def __new__(
        cls, servers: int, least_servers: int = 1, most_distance_ns: int = 1_000_000_000, precision: int = ...
    ) -> TimeClient: ...
    def ask(self, server: int, now_ns: int, nonce: int) -> bytes:
        """The question to send, 48 bytes; the nonce is new each time. Raises clock.no-such-server, clock.kiss."""
    def receive(self, server: int, data: Buffer, now_ns: int) -> Sample:
        """Takes what came from a server.

        Raises ClockError clock.length, clock.packet, clock.no-such-server, clock.unasked, clock.unsynchronised,
        clock.kiss, clock.impossible.
        """
    def estimate(self, now_ns: int) -> Estimate:
        """What the servers say together. Raises ClockError clock.no-majority."""
    def candidates(self, now_ns: int) -> list[Candidate]:
        """The servers that answered of late and whose time is known well enough."""
    def interval_s(self, server: int) -> int:
        """How long to wait between questions to a server, in seconds. Raises ClockError clock.no-such-server."""
    def stepped(self) -> None:
        """Forgets all samples, as after a step of the local clock."""
