"""Asks a world's policy, checks its answers, counts what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import index
from typing import Any, TypeAlias

from globelet.selection.candidate import Candidate, Here, Policy, Stage
from globelet.selection.errors import PolicyError
from globelet.selection.source import load
from globelet.world.resolved import ResolvedWorld

MOST_WEIGHT = 1_000_000_000
"""The largest weight."""

Row: TypeAlias = tuple[int, bool, float | None]
"""A candidate as who asks knows it: number of the node, whether it is present, measured round trip in milliseconds."""


class Chooser:
    """The policy of one world. `choose` may be called from any one thread at a time."""

    def __init__(self, world: ResolvedWorld) -> None:
        """Loads the policy that the world names. Raises `PolicyError`, and ValueError where it names none."""
        if world.selection is None:
            raise ValueError(f"world {world.name} names no selection policy")
        self._world, self.name = world, world.selection.name
        self._policy: Policy = load(world.selection.name, world.selection.source)
        self._known: dict[tuple[int, int], Candidate] = {}
        self._heres: dict[int, tuple[Here, int]] = {}
        self.asked, self.failed = 0, 0
        self._failing: set[tuple[int, int]] = set()
        self.last_failure: str | None = None

    def choose(self, stage: Stage, here: int, rows: Sequence[Row]) -> list[int]:
        """The weights of candidates for a municipality, `here` being the number of its chain.

        Raises `PolicyError` policy_raised, policy_answer, policy_count, policy_weight.
        """
        self.asked += 1
        place, _ = self._here(here)
        candidates = [self._candidate(here, *row) for row in rows]
        try:
            weights = _checked(self._ask(stage, place, candidates), candidates)
        except PolicyError as error:
            self.note(here, rows, error)
            raise
        self._failing.discard(self._choice(here, rows))
        return weights

    def _choice(self, here: int, rows: Sequence[Row]) -> tuple[int, int]:
        """Who chooses among whose nodes."""
        return here, self._world.nodes[rows[0][0]].chain

    def note(self, here: int, rows: Sequence[Row], error: PolicyError) -> None:
        """Counts an answer that was not taken: until the next one that is, older weights are in force there."""
        self.failed += 1
        self._failing.add(self._choice(here, rows))
        self.last_failure = f"{self.name}: {error}"

    def figures(self) -> dict[str, Any]:
        """What a run's result says of the policy."""
        told = {"policy": self.name, "asked": self.asked, "failed": self.failed, "failing": len(self._failing)}
        return {**told, "last_failure": self.last_failure}

    def _ask(self, stage: Stage, here: Here, candidates: list[Candidate]) -> Any:
        try:
            return self._policy(stage, here, tuple(candidates))
        except (Exception, SystemExit) as error:
            raise PolicyError(
                "policy_raised", f"the policy raised {type(error).__name__}: {error}{_place(error)}; mend it there"
            ) from error

    def _here(self, chain: int) -> tuple[Here, int]:
        """The municipality that chooses, and its region."""
        if chain not in self._heres:
            first = self._world.members(chain, "replica")[0]
            here = Here(self._world.chains[chain].name, first.latitude, first.longitude)
            self._heres[chain] = here, first.region
        return self._heres[chain]

    def _candidate(self, here: int, number: int, present: bool, round_trip_ms: float | None) -> Candidate:
        known = self._known.get((here, number))
        if known is None:
            world, node, (_, region) = self._world, self._world.nodes[number], self._here(here)
            away = world.link(region, node.region).delay_us + world.link(node.region, region).delay_us
            known = Candidate(
                node=node.name,
                role=node.role,
                municipality=world.chains[node.chain].name,
                city=node.city,
                latitude=node.latitude,
                longitude=node.longitude,
                stake=node.stake,
                present=True,
                declared_ms=away / 1000,
                round_trip_ms=None,
            )
            self._known[here, number] = known
        if present and round_trip_ms is None:
            return known
        return known._replace(present=present, round_trip_ms=round_trip_ms)


def _place(error: BaseException) -> str:
    """The line of the policy in which it raised."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith("<policy "):
            line = f" at line {trace.tb_lineno} of {trace.tb_frame.f_code.co_filename[8:-1]}"
        trace = trace.tb_next
    return line or ""


def _checked(said: Any, candidates: Sequence[Candidate]) -> list[int]:
    if not isinstance(said, Iterable) or isinstance(said, str | bytes | dict | set | frozenset):
        raise PolicyError(
            "policy_answer", f"the policy returned {_shown(said)}: return a list with a weight for each candidate"
        )
    # One more than there should be is enough to tell that there are too many.
    try:
        weights = list(islice(iter(said), len(candidates) + 1))
    except Exception as error:
        raise PolicyError("policy_raised", f"the policy's answer raised {type(error).__name__}: {error}") from error
    if len(weights) != len(candidates):
        given = "more" if len(weights) > len(candidates) else str(len(weights))
        raise PolicyError(
            "policy_count",
            f"the policy gave {given} weights for {len(candidates)} candidates: give one for each, in their order",
        )
    return list(_whole(weights, candidates))


def _whole(weights: Iterable[Any], candidates: Iterable[Candidate]) -> Iterator[int]:
    for weight, candidate in zip(weights, candidates, strict=True):
        try:
            number = index(weight)
        except TypeError:
            number = -1
        if isinstance(weight, bool) or not 0 <= number <= MOST_WEIGHT:
            raise PolicyError(
                "policy_weight",
                f"the weight of {candidate.node} is {_shown(weight)}: give a whole number from 0 to {MOST_WEIGHT}; "
                "only ratios count",
            )
        yield number


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # it is a stranger's; an int of too many digits raises too
        text = f"a {type(value).__name__} that can't be shown"
    return text if len(text) <= 60 else f"{text[:57]}..."
