"""What asking a selection policy costs: candidates made, the policy called, its answer checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from globelet.bench.figure import Figure, figure
from globelet.bench.kernels import best
from globelet.selection import Chooser, find
from globelet.selection.chooser import Row
from globelet.world import load
from globelet.world.resolved import ResolvedWorld, Selection

if TYPE_CHECKING:
    from globelet.bench.session import Session

GROUP = "policy"
SIZES = (3, 100, 1_000)
EXAMPLES = ("near:prefer_near", "festival:bring_to_festivals")
_STAKES = "def weigh(stage, here, candidates):\n    return [one.stake for one in candidates]\n"


def rows(session: Session) -> list[Figure]:
    """Each example beside a policy that hands the stakes back, for each number of candidates."""
    session.progress("policies", 0, 1)
    world, found = load("earth"), []
    plain = _chooser(world, "own:weigh", _STAKES)
    for name in EXAMPLES:
        chooser = _chooser(world, name, find(name))
        for size in SIZES:
            asked = candidates(world, size)
            seconds, floor = (_cost(one, asked, quick=session.quick) for one in (chooser, plain))
            title = f"{name.partition(':')[2]}, {size} candidates"
            found.append(figure(GROUP, title, seconds * 1e6, "us", against="stakes as they are", baseline=floor * 1e6))
    return found


def candidates(world: ResolvedWorld, size: int) -> list[Row]:
    """So many rows of the world's holders, each with a round trip of its own."""
    holders = [number for number, node in enumerate(world.nodes) if node.role == "holder"]
    return [(holders[i % len(holders)], True, 1.0 + i) for i in range(size)]


def _chooser(world: ResolvedWorld, name: str, source: str) -> Chooser:
    return Chooser(world.model_copy(update={"selection": Selection(name=name, source=source)}))


def _cost(chooser: Chooser, asked: Sequence[Row], *, quick: bool) -> float:
    def ask(times: int) -> None:
        for _ in range(times):
            chooser.choose("S1", 0, asked)

    return best(ask, quick)
