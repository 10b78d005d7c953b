"""Stamps called from Python, beside the paper's algorithm in plain Python."""

from __future__ import annotations

from typing import Any

import pytest

from globelet.algorithms.clock import Clock, Packet, Stamp

NOW_US = 1_790_000_000_000_000


class Plain:
    """Kulkarni and others 2014, figure 5."""

    def __init__(self, bound: int) -> None:
        self.bound, self.last = bound, (0, 0)

    def now(self, physical: int) -> tuple[int, int]:
        at, counter = self.last
        self.last = (physical, 0) if physical > at else (at, counter + 1)
        return self.last

    def receive(self, physical: int, remote: tuple[int, int]) -> tuple[int, int]:
        if remote[0] - physical > self.bound:
            raise ValueError
        self.last = max(self.last, remote)
        return self.now(physical)


@pytest.mark.benchmark(group="clock: a stamp")
@pytest.mark.parametrize(("who", "kind"), [("called from Python", Clock), ("plain Python", Plain)])
def test_now(benchmark: Any, who: str, kind: Any) -> None:
    benchmark.extra_info["who"] = who
    assert benchmark.pedantic(kind(1_000_000).now, (NOW_US,), rounds=100, iterations=1_000)


@pytest.mark.benchmark(group="clock: a stamp for another node's")
@pytest.mark.parametrize(
    ("who", "kind", "stamp"), [("called from Python", Clock, Stamp), ("plain Python", Plain, lambda *pair: pair)]
)
def test_receive(benchmark: Any, who: str, kind: Any, stamp: Any) -> None:
    benchmark.extra_info["who"] = who
    arrival = NOW_US, stamp(NOW_US + 5, 1)
    assert benchmark.pedantic(kind(1_000_000).receive, arrival, rounds=100, iterations=1_000)


@pytest.mark.benchmark(group="clock: read and write an NTP packet")
def test_packet(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    data = Packet.question(7).answer(10**18, 10**18, 1, b"GPS\0").to_bytes()
    assert benchmark(lambda: Packet.from_bytes(data).to_bytes()) == data


@pytest.mark.benchmark(group="clock: read and write an NTP packet")
def test_plain_packet(benchmark: Any) -> None:
    import struct

    benchmark.extra_info["who"] = "plain Python"
    form = struct.Struct(">BBbbII4sQQQQ")
    data = Packet.question(7).answer(10**18, 10**18, 1, b"GPS\0").to_bytes()

    def both() -> bytes:
        first, *rest = form.unpack(data)
        leap, version, mode = first >> 6, first >> 3 & 7, first & 7
        if version not in (3, 4) or not 1 <= mode <= 5 or rest[0] > 16:
            raise ValueError
        return form.pack(leap << 6 | version << 3 | mode, *rest)

    assert benchmark(both) == data
