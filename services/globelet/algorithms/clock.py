"""Clocks: hybrid logical time, NTP as a state machine and a client, a steered clock, hardware clocks.

Stamps grow whatever the physical clock does, and order cause before effect:

>>> from globelet.algorithms.clock import Candidate, Clock, ClockError, Stamp, Steered, TimeClient, select
>>> tokyo, paris = Clock(max_skew_us=1_000), Clock(max_skew_us=1_000)
>>> sent = tokyo.now(5_000_000)
>>> paris.receive(4_999_400, sent), paris.now(4_999_500)
(Stamp(5000000, 1), Stamp(5000000, 2))
>>> paris.receive(4_999_600, Stamp(9_000_000))
Traceback (most recent call last):
globelet.algorithms.clock.ClockError: the stamp is 4000400 µs ahead of the local clock, the bound is 1000 µs: ...

Of servers, those that contradict the majority are dropped (RFC 5905 section 11.2):

>>> found = select([Candidate(0, 2_000, 9_000), Candidate(1, 800_000, 9_000), Candidate(2, -1_000, 9_000)])
>>> found.offset_ns, found.false_tickers
(500, [1])

`ask` is the client with sockets: `ask(["127.0.0.1"])`. `Steered` is a clock that goes by what comes of it and never
runs backwards:

>>> clock = Steered(raw_ns=0, time_ns=1_000)
>>> clock.adjust(raw_ns=0, offset_ns=500_000), clock.time_ns(10**9)
('slewed', 1000501000)
"""

from __future__ import annotations

from globelet._native.clock import (
    Candidate,
    Clock,
    ClockError,
    Estimate,
    Packet,
    Sample,
    Stamp,
    Steered,
    TimeClient,
    select,
)
from globelet.algorithms.about import About
from globelet.algorithms.ntp import HardwareClockError, TimeServerError, ask, hardware_time_ns

__all__ = [
    "ABOUT",
    "Candidate",
    "Clock",
    "ClockError",
    "Estimate",
    "HardwareClockError",
    "Packet",
    "Sample",
    "Stamp",
    "Steered",
    "TimeClient",
    "TimeServerError",
    "ask",
    "hardware_time_ns",
    "select",
]

ABOUT = About(
    name="clock",
    does="hybrid logical clock with bounded skew; NTP client; steered and hardware clocks (TNH)",
    follows="Kulkarni and others 2014; RFC 5905 sections 7 to 11",
    stands_on="own",
    vectors="laws: monotonic, causality, bounded drift, false tickers dropped; a chrony server on loopback",
    peers=("uhlc",),
)
