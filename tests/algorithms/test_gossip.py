"""Gossip: members driven by hand over a network of Python's own, whole networks, signatures, refusals, the shell."""

from __future__ import annotations

import heapq
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, gossip
from globelet.algorithms.gossip import GossipError, Member, Network, Settings, open_signed, sign
from globelet.cli import BAD_INPUT, DONE, FAILED, build

pytestmark = pytest.mark.algorithms

SEED = b"\x07" * 32
AUTHOR, _, _ = open_signed(sign(SEED, 0, b""))


class ByHand:
    """Members on a network that this test carries itself: 10 ms a way, in order, and who is gone is told of."""

    def __init__(self, count: int, **more: Any) -> None:
        self.members: list[Member | None] = [
            Member(n, 100 + n, Settings(shuffle_us=5_000_000), **more) for n in range(count)
        ]
        self.queue: list[tuple[int, int, int, str, tuple[Any, ...]]] = []
        self.now = self.order = 0
        self.delivered: dict[bytes, list[int]] = {}
        for n in range(count):
            self.at(n, "start")

    def later(self, after: int, peer: int, what: str, *arguments: Any) -> None:
        self.order += 1
        heapq.heappush(self.queue, (self.now + after, self.order, peer, what, arguments))

    def at(self, peer: int, what: str, *arguments: Any) -> None:
        member = self.members[peer]
        if member is None:
            if what == "receive":
                self.later(10_000, arguments[0], "down", peer)
            return
        for output in getattr(member, what)(*arguments):
            if output[0] == "send":
                self.later(10_000, output[1], "receive", peer, output[2])
            elif output[0] == "timer":
                self.later(output[1], peer, "expired", output[2])
            else:
                self.delivered.setdefault(output[3], []).append(peer)

    def run_for(self, micros: int) -> None:
        end = self.now + micros
        while self.queue and self.queue[0][0] <= end:
            self.now, _, peer, what, arguments = heapq.heappop(self.queue)
            self.at(peer, what, *arguments)
        self.now = end


def test_members_by_hand_join_broadcast_and_heal() -> None:
    world = ByHand(40)
    for n in range(1, 40):
        world.at(n, "join", n // 2)
        world.run_for(100_000)
    world.run_for(20_000_000)
    world.at(17, "broadcast", b"all are there")
    world.run_for(10_000_000)
    assert sorted(world.delivered[b"all are there"]) == [n for n in range(40) if n != 17]
    for n in (0, 1, 2, 3, 8, 13, 21, 34):
        world.members[n] = None
    world.at(17, "broadcast", b"some are gone")
    world.run_for(20_000_000)
    running = [n for n, member in enumerate(world.members) if member is not None]
    assert sorted(world.delivered[b"some are gone"]) == [n for n in running if n != 17]
    for n in running:
        member = world.members[n]
        assert member is not None
        assert set(member.active) <= set(running) - {n}
        assert set(member.eager) <= set(member.active)
        assert not set(member.active) & set(member.passive)
        assert member.me == n
        # Links are known at both ends.
        assert all(n in (other.active if (other := world.members[peer]) else ()) for peer in member.active)


def test_members_that_know_their_authors_pass_on_nothing_else() -> None:
    world = ByHand(12, authors=[AUTHOR])
    for n in range(1, 12):
        world.at(n, "join", 0)
        world.run_for(100_000)
    payload = sign(SEED, 1, b"from the author")
    world.at(3, "broadcast", payload)
    world.run_for(10_000_000)
    assert sorted(world.delivered) == [payload]
    assert len(world.delivered[payload]) == 11
    # Somebody among them sends what nobody signed, as its own code would never do.
    liar, forged = Member(5, 1), sign(b"\x08" * 32, 1, b"from another")
    victim = next(peer for peer in range(12) if peer != 5)
    liar.receive(victim, _packet(b"\x00"))
    [(_, _, gossiped)] = liar.broadcast(forged)
    world.at(victim, "receive", 5, gossiped)
    world.run_for(10_000_000)
    assert sorted(world.delivered) == [payload]
    members = [member for member in world.members if member]
    assert [member.refused for member in members] == [int(n == victim) for n in range(12)]


def _packet(body: bytes) -> bytes:
    return b"\x01\0\0\0" + body


def test_a_thousand_lose_three_in_ten_at_once() -> None:
    network = Network(1_000, seed=11)
    first = network.broadcast(0, b"flood")
    for number in range(8):
        network.broadcast(0, bytes([number]))
    grown = network.broadcast(0, b"tree")
    assert len(first) == len(grown) == 999
    assert first.redundancy > 2.5
    assert grown.redundancy < 0.05
    assert grown.last_hop >= 5
    assert sorted(grown.at) == list(range(1, 1_000))
    assert len(network.fail(0.3)) == 300
    for number in range(3):
        assert len(network.broadcast(0, b"after" + bytes([number]))) == 699
    network.run_for(600_000_000)
    assert network.reachable(0) == network.alive
    assert network.clustering() < 0.3
    assert 4 < network.mean_path() < 8


def test_the_same_calls_give_the_same_network() -> None:
    def told(seed: int) -> list[Any]:
        network = Network(60, seed, "even")
        arrivals = network.broadcast(3, b"x")
        network.fail(0.2, spare=3)
        network.run_for(60_000_000)
        return [
            arrivals.took_us,
            arrivals.copies,
            network.alive,
            network.handled,
            [network.views(p) for p in network.alive],
        ]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_a_cut_parts_and_a_join_mends() -> None:
    network = Network(40, 5, settings=Settings(shuffle_us=5_000_000))
    network.cut(True)
    for number in range(40):
        network.broadcast(1, bytes([number]), 10_000_000)
    assert len(network.reachable(1)) < 40
    network.cut(False)
    network.join(0, 3)
    network.run_for(60_000_000)
    assert len(network.reachable(1)) == 40
    assert len(network.broadcast(1, b"one again")) == 39
    by_hand = Network(3, joined=False)
    by_hand.join(1, 0)
    by_hand.join(2, 1)
    by_hand.run_for(1_000_000)
    assert by_hand.reachable(2) == [0, 1, 2]
    by_hand.stop(1)
    assert by_hand.alive == [0, 2]
    assert by_hand.now_us == 1_000_000
    assert by_hand.mean_round_trip_us() >= 0


def test_signatures_are_those_of_another_library() -> None:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    payload = sign(SEED, 258, b"a body")
    author, number, body = open_signed(payload)
    assert (author, number, body) == (key.public_key().public_bytes_raw(), 258, b"a body")
    said = b"globelet signed gossip 1" + author + (258).to_bytes(8, "little") + b"a body"
    assert payload == author + (258).to_bytes(8, "little") + (6).to_bytes(4, "little") + b"a body" + key.sign(said)
    rows = np.frombuffer(payload * 3, dtype=np.uint8).reshape(3, -1).copy()
    rows[1, 45] ^= 1
    assert gossip.verify_many(rows) == [True, False, True]
    assert gossip.verify_many([memoryview(payload), bytearray(payload), b""]) == [True, True, False]


def test_other_threads_run_meanwhile() -> None:
    network = Network(500, 3)
    assert turns_while(lambda: network.run_for(300_000_000)) > 1_000


def forged() -> bytes:
    payload = bytearray(sign(SEED, 1, b"body"))
    payload[45] ^= 1
    return bytes(payload)


REFUSED: list[tuple[str, Any]] = [
    ("gossip.malformed", lambda member: member.receive(1, b"")),
    ("gossip.malformed", lambda member: member.receive(1, _packet(b"\x0b"))),
    ("gossip.malformed", lambda member: member.receive(1, _packet(b"\x03\x02"))),
    ("gossip.malformed", lambda member: member.receive(1, _packet(b"\x04") + b"\0")),
    ("gossip.malformed", lambda member: member.receive(1, b"\xff" * 4)),
    ("gossip.too-large", lambda member: member.receive(1, bytes(262_145))),
    ("gossip.too-many", lambda member: member.receive(1, _packet(b"\x06\x21\0\0\0" + bytes(66)))),
    ("gossip.too-many", lambda _: gossip.packets(_packet(b"\x08\x01\x01\0\0" + bytes(257 * 16)))),
    ("gossip.from-itself", lambda member: member.receive(0, _packet(b"\x00"))),
    ("gossip.payload-too-large", lambda member: member.broadcast(bytes(32_769))),
    ("gossip.malformed", lambda member: member.expired(b"")),
    ("gossip.malformed", lambda member: member.expired(b"\x00\x00")),
    ("gossip.malformed", lambda member: member.expired(b"\x02" + bytes(15))),
    ("gossip.length", lambda _: sign(b"short", 0, b"")),
    ("gossip.payload-too-large", lambda _: sign(SEED, 0, bytes(32_661))),
    ("gossip.payload-too-large", lambda _: open_signed(bytes(32_769))),
    ("gossip.malformed", lambda _: open_signed(b"")),
    ("gossip.forged", lambda _: open_signed(forged())),
    ("gossip.length", lambda _: Member(0, 1, authors=[b"short"])),
    ("gossip.unknown-author", lambda _: Member(0, 1, authors=[]).broadcast(sign(SEED, 1, b""))),
    ("gossip.forged", lambda _: Member(0, 1, authors=[AUTHOR]).broadcast(forged())),
    ("gossip.malformed", lambda _: Member(0, 1, authors=[AUTHOR]).broadcast(b"text")),
    ("gossip.setting", lambda _: Settings(active=0)),
    ("gossip.setting", lambda _: Settings(walk=2)),
    ("gossip.setting", lambda _: Settings(shuffle_active=20, shuffle_passive=12)),
    ("gossip.setting", lambda _: Settings(shuffle_us=1)),
    ("gossip.setting", lambda _: Settings(ids=10, payloads=11)),
    ("gossip.setting", lambda _: Settings(active=2**64 - 1)),
    ("gossip.members", lambda _: Network(0)),
    ("gossip.members", lambda _: Network(20_001)),
    ("gossip.unknown-distances", lambda _: Network(3, distances="far")),  # type: ignore[arg-type]
    ("gossip.no-such-member", lambda _: Network(3, joined=False).broadcast(3, b"")),
    ("gossip.no-such-member", lambda _: Network(3, joined=False).stop(3)),
    ("gossip.no-such-member", lambda _: Network(3, joined=False).views(3)),
    ("gossip.no-such-member", lambda _: Network(3, joined=False).reachable(3)),
    ("gossip.no-such-member", lambda _: Network(3, joined=False).join(3, 0)),
    ("gossip.too-long", lambda _: Network(3, joined=False).run_for(86_400_000_001)),
    ("gossip.no-share", lambda _: Network(3, joined=False).fail(1.1)),
    ("gossip.no-share", lambda _: Network(3, joined=False).fail(float("nan"))),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(GossipError) as refused:
        call(Member(0, 1))
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda member: member.receive(1, "text"),
        lambda member: member.receive("1", b""),
        lambda member: member.broadcast(None),
        lambda member: member.join(1.5),
        lambda _: Member("0", 1),
        lambda _: Member(0, 1, settings={}),
        lambda _: Settings(5),
        lambda _: Network("3"),
        lambda _: gossip.message_id("text"),
        lambda _: gossip.verify_many(b"flat"),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call(Member(0, 1))


def test_numbers_out_of_range_are_refused() -> None:
    for call in (
        lambda: Member(2**16, 1),
        lambda: Member(-1, 1),
        lambda: Member(0, 2**64),
        lambda: Member(0, 1).join(-1),
        lambda: Settings(walk=256),
        lambda: Network(-1),
        lambda: sign(SEED, -1, b""),
    ):
        with pytest.raises(OverflowError):
            call()


@given(st.binary(max_size=300))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    member = Member(0, 1)
    for call in (lambda: member.receive(1, data), lambda: member.receive(2, _packet(data)), lambda: open_signed(data),
                 lambda: member.expired(data), lambda: gossip.packets(data)):  # fmt: skip
        with suppress(GossipError):
            call()
    assert len(member.active) <= 5
    assert 0 not in member.active
    assert gossip.message_id(data) == gossip.message_id(bytearray(data))


def test_at_the_shell(tmp_path: Path) -> None:
    def run(*words: object) -> Any:
        return CliRunner().invoke(build(), ["algorithm", "gossip", *map(str, words)])

    done = run("run", "--nodes", "200", "--fail", "0.3", "--seed", "7", "--broadcasts", "2", "--json")
    assert done.exit_code == DONE, done.output
    found = json.loads(done.stdout)
    assert [row["alive"] for row in found["rows"]] == [200, 200, 140, 140, 140, 140]
    assert all(row["reached"] == row["alive"] for row in found["rows"])
    table = run("run", "--nodes", "20", "--fail", "0", "--broadcasts", "1").stdout
    assert "one piece" in table
    assert table.splitlines()[0].split()[:3] == ["part", "broadcast", "alive"]
    seed, text, payload = tmp_path / "seed", tmp_path / "text", tmp_path / "payload"
    seed.write_bytes(SEED)
    text.write_text("hello")
    assert run("sign", text, "--seed", seed, "--number", "3", "--out", payload).exit_code == DONE
    assert json.loads(run("open", payload, "--json").stdout) == {"author": AUTHOR.hex(), "number": 3, "body": "hello"}
    payload.write_bytes(forged())
    assert run("open", payload).exit_code == FAILED
    payload.write_bytes(_packet(b"\x0a"))
    assert run("packets", payload).stdout.strip() == "prune"
    assert run("open", payload).exit_code == BAD_INPUT
    assert run("packets", text).exit_code == BAD_INPUT
