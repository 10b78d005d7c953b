"""A block committed by a whole chain, called from Python, and the same in plain Python (signatures by OpenSSL)."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from globelet.algorithms.hotstuff import Hotstuff, Keys

KEYS = {n: Keys(n, bytes(32)) for n in (4, 7, 10)}
SECRET = [Ed25519PrivateKey.from_private_bytes(bytes([me] * 32)) for me in range(10)]
PUBLIC = [key.public_key() for key in SECRET]


class Native:
    """A chain that goes on from round to round of the benchmark."""

    def __init__(self, n: int) -> None:
        self.members = [Hotstuff(KEYS[n], me) for me in range(n)]
        self.flying: deque[tuple[int, int, bytes]] = deque()

    def act(self, me: int, actions: list[Any]) -> None:
        for action in actions:
            if action[0] == "send":
                self.flying.append((me, action[1], action[2]))
            elif action[0] == "broadcast":
                self.flying.extend((me, to, action[1]) for to in range(len(self.members)) if to != me)

    def commit(self) -> None:
        height = self.members[0].height + 1
        self.act(0, self.members[0].propose(0, bytes(1_000)))
        while self.flying:
            sender, to, said = self.flying.popleft()
            self.act(to, self.members[to].handle(0, sender, said))
        assert {member.height for member in self.members} == {height}


class Plain:
    """The normal case alone: no views, no time-outs, no help for those who lag."""

    def __init__(self, n: int, me: int) -> None:
        self.n, self.me, self.quorum = n, me, n - (n - 1) // 3
        self.height, self.head, self.locked = 0, bytes(32), b""
        self.block = b""
        self.votes: dict[str, dict[int, bytes]] = {}

    def signed(self, phase: str, block: bytes) -> bytes:
        return phase.encode() + (self.height + 1).to_bytes(8, "little") + block

    def propose(self, payload: bytes) -> list[Any]:
        self.votes = {"prepare": {}, "commit": {}}
        self.block = hashlib.sha256(self.head + hashlib.sha256(payload).digest()).digest()
        return [(None, ("propose", self.head, payload)), *self.vote("prepare", self.block)]

    def vote(self, phase: str, block: bytes) -> list[Any]:
        signature = SECRET[self.me].sign(self.signed(phase, block))
        return self.tally(self.me, phase, signature) if self.me == 0 else [(0, ("vote", phase, block, signature))]

    def tally(self, sender: int, phase: str, signature: bytes) -> list[Any]:
        votes = self.votes[phase]
        if len(votes) >= self.quorum:
            return []
        votes[sender] = signature
        if len(votes) < self.quorum:
            return []
        said: list[Any] = [(None, ("certificate", phase, self.block, dict(votes)))]
        if phase == "prepare":
            return said + self.vote("commit", self.block)
        self.commit()
        return said

    def commit(self) -> None:
        self.height, self.head = self.height + 1, self.block

    def handle(self, sender: int, said: Any) -> list[Any]:
        if said[0] == "propose":
            self.block = hashlib.sha256(said[1] + hashlib.sha256(said[2]).digest()).digest()
            return self.vote("prepare", self.block) if said[1] == self.head else []
        _, phase, block, signed = said
        if block != self.block or self.head == block:
            return []
        if said[0] == "vote":
            if len(self.votes[phase]) < self.quorum:
                PUBLIC[sender].verify(signed, self.signed(phase, block))
                return self.tally(sender, phase, signed)
            return []
        for member, signature in signed.items():
            PUBLIC[member].verify(signature, self.signed(phase, block))
        if phase == "prepare":
            self.locked = block
            return self.vote("commit", block)
        self.commit()
        return []


class PlainChain:
    """The same around plain members."""

    def __init__(self, n: int) -> None:
        self.members = [Plain(n, me) for me in range(n)]
        self.flying: deque[tuple[int, int, Any]] = deque()

    def act(self, me: int, said: list[Any]) -> None:
        everybody = range(len(self.members))
        for to, one in said:
            self.flying.extend((me, other, one) for other in (everybody if to is None else [to]) if other != me)

    def commit(self) -> None:
        height = self.members[0].height + 1
        self.act(0, self.members[0].propose(bytes(1_000)))
        while self.flying:
            sender, to, said = self.flying.popleft()
            self.act(to, self.members[to].handle(sender, said))
        assert {member.height for member in self.members} == {height}


@pytest.mark.parametrize("n", [4, 7, 10])
@pytest.mark.parametrize("who", ["called from Python", "plain Python"])
def test_commit(benchmark: Any, n: int, who: str) -> None:
    benchmark.group = f"hotstuff: a block committed by {n} members"
    benchmark.extra_info["who"] = who
    benchmark((Native(n) if who.startswith("called") else PlainChain(n)).commit)
