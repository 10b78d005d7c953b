"""Asynchronous binary agreement with a threshold common coin, and a common subset built on it.

Among n = 3f + 1 members f may lie and messages take any time. Each member is a machine: it takes messages and returns
what to tell the others, so a network is a list in your hands.

>>> from globelet.algorithms.abba import Abba, Coin, message
>>> coin = Coin(4, 1, bytes(32))
>>> members = [Abba(coin, me) for me in range(4)]
>>> flying = [(me, said) for me in range(4) for said in members[me].propose(me != 3)]
>>> message(flying[0][1])
{'kind': 'input', 'round': 0, 'values': [True]}
>>> while flying:
...     sender, said = flying.pop(0)
...     for me in set(range(4)) - {sender}:
...         flying += [(me, more) for more in members[me].handle(sender, said)]
>>> [member.decided for member in members], [member.shares for member in members]
([True, True, True, True], [0, 0, 0, 0])

`Network` is such a list with a seed, liars and a count of message delays:

>>> network = Network(n=4, faulty=1, seed=7, inputs=[True, True, False, False])
>>> network.run()
>>> len({member.decided for member in network.honest})
1

A common subset takes the same proposals everywhere, at least n - f of them:

>>> subset = Subset(coin, 0, name=b"block 1")
>>> [(proposer, message(said)["kind"]) for proposer, said in subset.deliver(2)]
[(2, 'input')]

Or of any things that members may come to have, each member's whole input at once:

>>> members = [Subset(coin, me, name=b"block 2", candidates=6) for me in range(4)]
>>> flying = [(me, at, said) for me in range(4) for at, said in members[me].propose({0, 5} if me else {0, 2, 5})]
>>> while flying:
...     sender, at, said = flying.pop(0)
...     for me in set(range(4)) - {sender}:
...         flying += [(me, at, more) for at, more in members[me].handle(sender, at, said)]
>>> [member.chosen for member in members]
[[0, 5], [0, 5], [0, 5], [0, 5]]
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from globelet._native.abba import FIXED, WINDOW, Abba, AbbaError, Coin, Subset, aux, bval, conf, message, term
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "FIXED",
    "WINDOW",
    "Abba",
    "AbbaError",
    "Coin",
    "Network",
    "Outcome",
    "Subset",
    "aux",
    "bval",
    "conf",
    "message",
    "term",
]

ABOUT = About(
    name="abba",
    does="binary agreement with a common coin, and a common subset (ABBA)",
    follows="Mostéfaoui, Moumen and Raynal 2015 with MacBrough's CONF; Ben-Or, Kelmer and Rabin 1994 for the subset",
    stands_on="own, coin by globelet-threshold",
    vectors="agreement, validity, termination at n = 4, 7, 10; the attack on the 2014 version as a scheduler",
    peers=("the paper's message delays", "plain Python"),
    note="no library of this protocol stands alone. Message delays: 1 if all inputs are equal, 2 or 4 if f differ; the "
    "2014 paper expects 6",
)


@dataclass
class Outcome:
    """How an honest member came to its decision."""

    input: bool
    decided: bool | None = None
    round: int = 0
    """The round in which it decided, from 0."""
    delays: int = 0
    """Message delays until it decided: the longest chain of messages, in lock step."""


# As many as `Coin` deals to.
_MOST = 256


def _refusal(code: str, text: str) -> AbbaError:
    made = AbbaError(text)
    made.code = code
    return made


class Network:
    """n members of whom the last `faulty` are silent or two-faced, and a scheduler, all from one seed.

    Time passes in lock step: what is on its way arrives, in random order, after one delay. A two-faced member runs two
    copies of itself with opposite inputs and shows one to even, the other to odd members. Raises AbbaError
    abba.committee unless n >= 1 and `faulty` is at most a third, abba.inputs if the inputs are not n.
    """

    def __init__(
        self,
        n: int,
        faulty: int = 0,
        seed: int = 1,
        inputs: Sequence[bool] | None = None,
        liars: Literal["silent", "two-faced"] = "silent",
    ) -> None:
        f = max(n - 1, 0) // 3
        if n > _MOST:
            raise _refusal("abba.committee", f"{n} members are too many to play here: at most {_MOST}")
        if not 0 <= faulty <= f:
            raise _refusal("abba.committee", f"{faulty} of {n} faulty members: at most {f} are borne")
        self.draw = random.Random(seed)  # noqa: S311 (a play that can be repeated)
        given = [self.draw.random() < 0.5 for _ in range(n)] if inputs is None else list(inputs)
        if len(given) != n:
            raise _refusal("abba.inputs", f"{len(given)} inputs for {n} members: give one for each")
        self.coin = Coin(n, f, self.draw.randbytes(32))
        self.honest = [Abba(self.coin, me) for me in range(n - faulty)]
        self.outcomes = [Outcome(value) for value in given[: n - faulty]]
        self.delays = self.delivered = 0
        # Sender, recipient, message; of a two-faced member's two copies the one called False or True.
        self._flying: list[tuple[int, int, bytes]] = []
        two_faced = range(n - faulty, n) if liars == "two-faced" else ()
        self._faces = {(me, face): Abba(self.coin, me) for me in two_faced for face in (False, True)}
        for me, member in enumerate(self.honest):
            self._say(me, member.propose(given[me]))
        for (me, face), copy in self._faces.items():
            self._say(me, copy.propose(face), face)

    def _say(self, me: int, said: Sequence[bytes], face: bool | None = None) -> None:
        others = (to for to in range(self.coin.n) if to != me and (face is None or to % 2 == face))
        self._flying.extend((me, to, one) for to in others for one in said)

    def _arrive(self, sender: int, to: int, said: bytes) -> None:
        if to < len(self.honest):
            self.delivered += 1
            self._say(to, self.honest[to].handle(sender, said))
        for face in (False, True):
            if (copy := self._faces.get((to, face))) is not None:
                self._say(to, copy.handle(sender, said), face)

    def step(self) -> bool:
        """Lets one message delay pass; if nothing is on its way, nobody waits any more. False once nobody says more."""
        if not self._flying:
            for me, member in enumerate(self.honest):
                self._say(me, member.hurry())
            for (me, face), copy in self._faces.items():
                self._say(me, copy.hurry(), face)
            if not self._flying:
                self._note()
                return False
        arriving, self._flying = self._flying, []
        self.draw.shuffle(arriving)
        self.delays += 1
        for sender, to, said in arriving:
            self._arrive(sender, to, said)
        self._note()
        return True

    def _note(self) -> None:
        for member, outcome in zip(self.honest, self.outcomes, strict=True):
            if member.decided is not None and outcome.decided is None:
                outcome.decided, outcome.round, outcome.delays = member.decided, member.round, self.delays

    def run(self) -> None:
        """Goes on until nobody has anything left to say."""
        while self.step():
            pass
