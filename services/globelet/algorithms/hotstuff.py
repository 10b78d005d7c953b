"""HotStuff with two phases, a stable leader and view change: a chain of blocks among members of whom some lie.

Each member is a machine: it takes messages, payloads and timers, and returns what to do. Here the network is a list:

>>> from globelet.algorithms.hotstuff import Hotstuff, Keys, certificate, message
>>> keys = Keys(4, bytes(32))
>>> members = [Hotstuff(keys, me) for me in range(4)]
>>> flying, logs = [], [[] for _ in range(4)]
>>> def act(me, actions):
...     for action in actions:
...         if action[0] == "send":
...             flying.append((me, action[1], action[2]))
...         elif action[0] == "broadcast":
...             flying.extend((me, to, action[1]) for to in range(4) if to != me)
...         elif action[0] == "commit":
...             logs[me].append(action)
>>> act(0, members[0].propose(0, b"a block"))
>>> [message(said)["kind"] for _, _, said in flying]
['propose', 'propose', 'propose']
>>> while flying:
...     sender, to, said = flying.pop(0)
...     act(to, members[to].handle(0, sender, said))
>>> [(log[0][1], log[0][2]) for log in logs]
[(1, b'a block'), (1, b'a block'), (1, b'a block'), (1, b'a block')]

What is committed proves itself to anyone who knows the public keys:

>>> proof = logs[2][0][5]
>>> keys.verify(proof), certificate(proof)["phase"], len(certificate(proof)["members"])
(True, 'commit', 3)

`Network` adds time, members that are down, and twins, which are two copies of a member with one key:

>>> network = Network(n=4, down=[0])
>>> network.run(blocks=2)
>>> [(block.height, block.view, block.proposer) for block in network.blocks]
[(1, 1, 1), (2, 1, 1)]
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from globelet._native.hotstuff import HISTORY, Hotstuff, HotstuffError, Keys, Watch, certificate, message
from globelet.algorithms.about import About

if TYPE_CHECKING:
    from globelet._native.hotstuff import _Action

__all__ = [
    "ABOUT",
    "HISTORY",
    "Block",
    "Hotstuff",
    "HotstuffError",
    "Keys",
    "Network",
    "Watch",
    "certificate",
    "message",
]

ABOUT = About(
    name="hotstuff",
    does="a chain of blocks with a stable leader, view change and evidence against liars (HS)",
    follows="Yin et al. 2019 in two phases, view change as in Jolteon (Gelashvili et al. 2022)",
    stands_on="own",
    vectors="every message order of four members within bounds (stateright); twins; liveness after stabilisation",
    peers=("the papers' message delays", "plain Python"),
    note="no library of this protocol stands alone. Message delays from proposal to commit, at the leader and at all: "
    "4 and 5 (HotStuff 6 and 7, Jolteon 4 and 5, PBFT 3 and 3); from time-out to the next proposal 1, as in all three",
)


@dataclass
class Block:
    """A block that an honest member committed."""

    height: int
    payload: bytes
    view: int
    """The view in which it was committed."""
    proposer: int
    """Who made it; not the view's leader if it was proposed again."""
    first_us: int
    """When the first honest member committed it, microseconds."""
    last_us: int = 0
    """When the last one did so far."""
    by: int = 0
    """How many honest members have."""


@dataclass
class _Copy:
    member: int
    machine: Hotstuff
    log: list[bytes] = field(default_factory=list)


class Network:
    """n members in virtual time, from a seed. Messages take `delay_us`, and up to `jitter_us` more.

    Members in `down` do nothing. A member in `twins` is run by two copies of it that propose different payloads; even
    members hear only the one, odd members the other, and the last member hears both. Raises HotstuffError
    hotstuff.committee, also if there are more of both than a chain bears: (n - 1) // 3.
    """

    def __init__(
        self,
        n: int = 4,
        down: Sequence[int] = (),
        twins: Sequence[int] = (),
        delay_us: int = 10_000,
        jitter_us: int = 0,
        timeout_us: int = 200_000,
        seed: int = 1,
    ) -> None:
        faulty, most = {*down, *twins}, max(n - 1, 0) // 3
        if len(faulty) > most or any(not 0 <= member < n for member in faulty):
            text = f"faulty members {sorted(faulty)} among {n}: at most {most} are borne, numbered from 0"
            refused = HotstuffError(text)
            refused.code = "hotstuff.committee"
            raise refused
        self.draw = random.Random(seed)  # noqa: S311 (a play that can be repeated)
        self.keys = Keys(n, self.draw.randbytes(32))
        self.now_us = self.delivered = 0
        self.evidence: list[bytes] = []
        self.equivocations: set[tuple[int, int]] = set()
        self.blocks: list[Block] = []
        self._watch = Watch(self.keys)
        self._delay_us, self._jitter_us = delay_us, jitter_us
        up = [me for me in range(n) if me not in down]
        self._copies = [_Copy(me, Hotstuff(self.keys, me, timeout_us)) for me in [*up, *twins]]
        self._honest = [copy for copy in self._copies if copy.member not in faulty]
        self._twins, self._first_twin = set(twins), len(up)
        # When, a number against ties, the copy, and a message with its sender or the view of a timer.
        self._events: list[tuple[int, int, int, tuple[int, bytes] | int]] = []
        self._count = self._goal = 0

    @property
    def honest(self) -> list[Hotstuff]:
        """The machines of members that are neither down nor twins."""
        return [copy.machine for copy in self._honest]

    def _put(self, after_us: int, slot: int, event: tuple[int, bytes] | int) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now_us + after_us, self._count, slot, event))

    def _post(self, slot: int, to: int, said: bytes) -> None:
        sender = self._copies[slot].member
        for other, copy in enumerate(self._copies):
            apart = sender in self._twins and to % 2 != (slot >= self._first_twin) and to != self.keys.n - 1
            if copy.member == to and not apart:
                after_us = self._delay_us + (self.draw.randint(0, self._jitter_us) if self._jitter_us else 0)
                self._put(after_us, other, (sender, said))

    def _act(self, slot: int, actions: list[_Action]) -> None:
        copy = self._copies[slot]
        for action in actions:
            if action[0] == "send":
                self._post(slot, action[1], action[2])
            elif action[0] == "broadcast":
                for to in range(self.keys.n):
                    if to != copy.member:
                        self._post(slot, to, action[1])
            elif action[0] == "timer":
                self._put(action[2], slot, action[1])
            elif action[0] == "equivocation":
                self.equivocations.add((action[1], action[2]))
            elif action[0] == "commit":
                copy.log.append(action[2])
                if copy.member not in self._twins:
                    self._note(Block(action[1], action[2], action[3], action[4], self.now_us))
        self._work(slot)

    def _note(self, found: Block) -> None:
        if found.height > len(self.blocks):
            self.blocks.append(found)
        block = self.blocks[found.height - 1]
        if block.payload != found.payload:
            raise AssertionError(f"two blocks at height {found.height}")
        block.last_us, block.by = self.now_us, block.by + 1

    def _work(self, slot: int) -> None:
        """What somebody with payloads to order does after each step."""
        machine = self._copies[slot].machine
        actions: list[_Action] = []
        if machine.ready and (machine.height < self._goal or machine.expecting):
            actions += machine.propose(self.now_us, f"block {machine.height + 1} of copy {slot}".encode())
        if machine.height < self._goal:
            actions += machine.expect_progress(self.now_us)
        if actions:
            self._act(slot, actions)

    def step(self) -> bool:
        """Lets the next thing happen. False if nothing is left to happen."""
        if not self._events:
            return False
        self.now_us, _, slot, event = heapq.heappop(self._events)
        copy = self._copies[slot]
        if isinstance(event, int):
            self._act(slot, copy.machine.timer(self.now_us, event))
        else:
            self.delivered += 1
            self.evidence += self._watch.observe(*event)
            self._act(slot, copy.machine.handle(self.now_us, *event))
        return True

    def run(self, blocks: int, steps: int = 1_000_000) -> None:
        """Goes on until every honest member has committed so many blocks more. Raises TimeoutError after `steps`."""
        self._goal = max(machine.height for machine in self.honest) + blocks
        for slot in range(len(self._copies)):
            self._work(slot)
        for _ in range(steps):
            if all(machine.height >= self._goal for machine in self.honest):
                return
            if not self.step():
                break
        raise TimeoutError(f"heights {[machine.height for machine in self.honest]} after {self.now_us} us")
