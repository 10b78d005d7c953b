"""Prefer who is near: shards are held sooner, and repair asks those first who answer first."""

from collections.abc import Sequence

from globelet.selection import Candidate, Here, Stage


def prefer_near(stage: Stage, here: Here, candidates: Sequence[Candidate]) -> list[int]:
    """A weight that falls with the square of the round trip: twice as far is chosen a quarter as often."""
    return [max(1, round(1_000_000 / (1 + one.near_ms) ** 2)) for one in candidates]
