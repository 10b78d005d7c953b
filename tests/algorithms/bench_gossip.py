"""Packets through one member, called from Python, and the same broadcast tree in plain Python."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pytest

from globelet.algorithms.gossip import Member, Network, Settings, message_id, sign, verify_many

GROUP = "gossip: 1,000 packets decoded and handled, 250 payloads of 200 B"
VIRTUAL = "gossip: 20 s of virtual time with a broadcast, 1,000 members"
SIGNED = "gossip: verify a signed payload of 200 B"
PEERS = range(1, 6)


def traffic(name: Any) -> list[tuple[int, bytes]]:
    """Each of 250 payloads from two neighbours, its id from two others; `name` gives the id of a payload."""
    packets = []
    for number in range(250):
        payload = number.to_bytes(2, "little") + bytes(198)
        gossip = struct.pack("<IBHI", 1, 7, 3, len(payload)) + payload
        announced = struct.pack("<IBI", 1, 8, 1) + name(payload)
        packets += [(1, gossip), (2, gossip), (3, announced), (4, announced)]
    return packets


class PlainMember:
    """Plumtree's handling of payloads and announcements over BLAKE2b, without views, bounds and timers."""

    def __init__(self) -> None:
        self.eager, self.lazy = set(PEERS), set[int]()
        self.seen: dict[bytes, tuple[int, bytes]] = {}
        self.missing: dict[bytes, list[int]] = {}
        self.announced: dict[int, list[bytes]] = {}

    def receive(self, sender: int, data: bytes) -> list[tuple[Any, ...]]:
        count, at, outputs = int.from_bytes(data[:4], "little"), 4, []
        for _ in range(count):
            kind = data[at]
            if kind == 7:
                hops, length = struct.unpack_from("<HI", data, at + 1)
                outputs += self.payload(sender, hops, data[at + 7 : at + 7 + length])
                at += 7 + length
            elif kind == 8:
                (ids,) = struct.unpack_from("<I", data, at + 1)
                for place in range(ids):
                    begin = at + 5 + 16 * place
                    outputs += self.announcement(sender, data[begin : begin + 16])
                at += 5 + 16 * ids
            else:
                raise ValueError(kind)
        return outputs

    def payload(self, sender: int, hops: int, payload: bytes) -> list[tuple[Any, ...]]:
        name = plain_name(payload)
        if name in self.seen:
            if sender in self.eager:
                self.eager.remove(sender)
                self.lazy.add(sender)
            return [("send", sender, b"\x01\0\0\0\x0a")]
        self.missing.pop(name, None)
        self.seen[name] = hops + 1, payload
        packet = struct.pack("<IBHI", 1, 7, hops + 1, len(payload)) + payload
        outputs: list[tuple[Any, ...]] = [("send", peer, packet) for peer in self.eager if peer != sender]
        for peer in self.lazy - {sender}:
            self.announced.setdefault(peer, []).append(name)
        return [*outputs, ("deliver", sender, hops + 1, payload)]

    def announcement(self, sender: int, name: bytes) -> list[tuple[Any, ...]]:
        if name in self.seen:
            return []
        self.missing.setdefault(name, []).append(sender)
        return [("timer", 500_000, b"\x02" + name)]


def plain_name(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()


def native() -> Member:
    member = Member(0, 1)
    for peer in PEERS:
        member.receive(peer, b"\x01\0\0\0\x00")
    return member


def handled(member: Any, packets: list[tuple[int, bytes]]) -> int:
    return sum(len(member.receive(sender, data)) for sender, data in packets)


@pytest.mark.benchmark(group=GROUP)
def test_native(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    packets = traffic(message_id)
    assert benchmark.pedantic(handled, setup=lambda: ((native(), packets), {}), rounds=50) > 500


@pytest.mark.benchmark(group=GROUP)
def test_plain(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "plain Python, BLAKE2b"
    packets = traffic(plain_name)
    assert benchmark.pedantic(handled, setup=lambda: ((PlainMember(), packets), {}), rounds=50) > 500


@pytest.mark.benchmark(group=VIRTUAL)
def test_network(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    network = Network(1_000, settings=Settings(shuffle_us=10_000_000))
    numbers = iter(range(2**32))
    assert len(benchmark(lambda: network.broadcast(7, next(numbers).to_bytes(8, "little"), 20_000_000))) == 999


@pytest.mark.benchmark(group=SIGNED)
def test_signed(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    payload = [sign(b"\x01" * 32, 7, bytes(200))]
    assert benchmark(verify_many, payload) == [True]
