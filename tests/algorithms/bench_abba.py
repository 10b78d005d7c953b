"""Whole agreements, called from Python, and the same state machine in plain Python (without coin: none is drawn)."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from globelet.algorithms.abba import Abba, Coin

COINS = {n: Coin(n, (n - 1) // 3, bytes(32)) for n in (4, 7, 10)}
Said = tuple[str, int, int]


class Plain:
    """The rules of rounds with fixed coins, on tuples instead of bytes."""

    def __init__(self, n: int, me: int) -> None:
        self.n, self.f, self.me = n, (n - 1) // 3, me
        self.round, self.decided, self.hurried = 0, -1, False
        self.inputs: dict[int, int] = {}
        self.terms: dict[int, int] = {}
        # By round: who supports each value, what this member supports, bin_values in order, AUX by sender.
        self.state: dict[int, tuple[tuple[set[int], set[int]], set[int], list[int], dict[int, int]]] = {}
        self.out: list[Said] = []

    def at(self, number: int) -> tuple[tuple[set[int], set[int]], set[int], list[int], dict[int, int]]:
        return self.state.setdefault(number, ((set(), set()), set(), [], {}))

    def say(self, kind: str, number: int, value: int) -> None:
        self.out.append((kind, number, value))
        self.take(self.me, kind, number, value)

    def take(self, sender: int, kind: str, number: int, value: int) -> None:
        if kind == "input":
            self.inputs.setdefault(sender, value)
        if kind in ("input", "bval"):
            self.at(number)[0][value].add(sender)
        elif kind == "aux":
            self.at(number)[3].setdefault(sender, value)
        else:
            self.terms.setdefault(sender, value)

    def propose(self, value: int) -> list[Said]:
        self.at(0)[1].add(value)
        self.say("input", 0, value)
        return self.run()

    def handle(self, sender: int, said: Said) -> list[Said]:
        kind, number, value = said
        self.hurried |= kind != "input"
        self.take(sender, kind, number, value)
        return self.run()

    def relay(self) -> None:
        for number, (supporters, supported, admitted, _) in list(self.state.items()):
            for value in (0, 1):
                if value not in supported and len(supporters[value]) > self.f:
                    supported.add(value)
                    self.say("bval", number, value)
                if value not in admitted and len(supporters[value]) > 2 * self.f:
                    admitted.append(value)

    def decide(self, value: int) -> None:
        if self.decided < 0:
            self.decided = value

    def heed(self) -> None:
        values = set(self.inputs.values())
        if len(self.inputs) == self.n and len(values) == 1:
            self.decide(values.pop())
        for value in (0, 1):
            if sum(told == value for told in self.terms.values()) > self.f:
                self.decide(value)
        if self.decided >= 0 and self.hurried and self.me not in self.terms:
            self.say("term", 0, self.decided)

    def advance(self) -> bool:
        if self.round > 1 or (self.decided >= 0 and self.round > 0):
            return False
        if self.round == 0 and not self.hurried and (self.decided >= 0 or len(self.inputs) < self.n):
            return False
        _, _, admitted, aux = self.at(self.round)
        if admitted and self.me not in aux:
            self.say("aux", self.round, admitted[0])
            return True
        confirmed = [value for value in aux.values() if value in admitted]
        if len(confirmed) < self.n - self.f:
            return False
        seen, coin = set(confirmed), 1 - self.round
        if seen == {coin}:
            self.hurried = True
            self.decide(coin)
            return False
        self.round += 1
        estimate = seen.pop() if len(seen) == 1 else coin
        self.at(self.round)[1].add(estimate)
        self.say("bval", self.round, estimate)
        return True

    def run(self) -> list[Said]:
        going = True
        while going:
            self.relay()
            self.heed()
            going = self.advance()
        self.heed()
        said, self.out = self.out, []
        return said


def agree(members: list[Any], dissent: int) -> None:
    n = len(members)
    flying = deque((me, said) for me in range(n) for said in members[me].propose(me < dissent))
    while flying:
        sender, said = flying.popleft()
        for me in range(n):
            if me != sender:
                flying.extend((me, more) for more in members[me].handle(sender, said))
    assert all(member.decided is not None and member.decided == 0 for member in members)


@pytest.mark.parametrize("n", [4, 7, 10])
@pytest.mark.parametrize("inputs", ["f inputs differ", "all inputs equal"])
@pytest.mark.parametrize("who", ["called from Python", "plain Python"])
def test_agreement(benchmark: Any, n: int, inputs: str, who: str) -> None:
    benchmark.group = f"abba: an agreement of {n}, {inputs}"
    benchmark.extra_info["who"] = who
    dissent = (n - 1) // 3 if inputs.startswith("f") else 0
    if who.startswith("called"):
        benchmark(lambda: agree([Abba(COINS[n], me) for me in range(n)], dissent))
    else:
        benchmark(lambda: agree([Plain(n, me) for me in range(n)], dissent))
