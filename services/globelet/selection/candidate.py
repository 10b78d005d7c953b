"""What a policy is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

Stage: TypeAlias = Literal["S1", "R2"]
"""S1: holders of this municipality, drawn to keep a batch's shards. R2: replicas of a source, asked for a parcel."""


class Here(NamedTuple):
    """The municipality that chooses: where its first replica stands, in degrees."""

    municipality: str
    latitude: float
    longitude: float


class Candidate(NamedTuple):
    """One who may be chosen. Degrees, units of stake, milliseconds."""

    node: str
    role: Literal["replica", "holder"]
    municipality: str
    city: str
    latitude: float
    longitude: float
    stake: int
    present: bool
    """False for one not heard of lately, named because too few others are there (S1) or as it may be back (R2)."""
    declared_ms: float
    """Round trip as the world file declares it."""
    round_trip_ms: float | None
    """Round trip that was measured; None in the simulator, inside a process, and before there was a measurement."""

    @property
    def near_ms(self) -> float:
        """The measured round trip, else the declared one."""
        return self.declared_ms if self.round_trip_ms is None else self.round_trip_ms


class Policy(Protocol):
    """A weight for each candidate, in their order: whole numbers from 0 to 10^9, of which only the ratios count.

    One of weight 0 is chosen only when all others are. A policy should depend on its arguments alone: then the
    simulator repeats from its seed. Whatever it raises leaves the weights of before in force.
    """

    def __call__(self, stage: Stage, here: Here, candidates: Sequence[Candidate], /) -> Sequence[int]:
        """Weighs the candidates; never an empty list of them."""
        ...
