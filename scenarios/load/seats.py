"""The people of the load: each an account with a key, spread over cities by population."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from globelet._native.signatures import public_key
from globelet.world import atlas
from globelet.world.resolved import ResolvedWorld

LEAST_EACH = 2
"""In each municipality, so that its people can pay each other too."""


@dataclass(frozen=True)
class Seat:
    """One person: where they live, and the key of their account."""

    city: str
    municipality: str
    number: int
    seed: bytes
    public: bytes

    @property
    def account(self) -> str:
        """The account, hexadecimal."""
        return self.public.hex()


def apportion(total: int, weights: Mapping[str, float], least: int = 0) -> dict[str, int]:
    """Whole shares of `total` by weight, largest remainder first; none below `least`, then the sum may be larger."""
    weight = sum(weights.values())
    exact = {name: total * w / weight for name, w in weights.items()}
    shares = {name: math.floor(share) for name, share in exact.items()}
    by_rest = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in by_rest[: total - sum(shares.values())]:
        shares[name] += 1
    return {name: max(least, share) for name, share in shares.items()}


def populations(world: ResolvedWorld) -> dict[str, float]:
    """Weight of each municipality: its inhabitants, as the world has them."""
    return {chain.name: float(max(1, chain.population)) for chain in world.municipalities()}


def cities(municipality: str) -> dict[str, float]:
    """Weight of each city of a municipality; the municipality itself where the atlas does not list it."""
    listed = atlas.municipalities().get(municipality)
    return {city.name: float(max(1, city.population)) for city in listed.cities} if listed else {municipality: 1.0}


def seats(world: ResolvedWorld, people: int, run: str, worker: int = 0, workers: int = 1) -> list[Seat]:
    """The people of one worker, at least two in every municipality; their keys come from `run`, which stays secret."""
    numbers = {chain.name: number for number, chain in enumerate(world.chains)}
    share = max(1, math.ceil(people / workers))
    made: list[Seat] = []
    for municipality, count in apportion(share, populations(world), LEAST_EACH).items():
        for city, living in apportion(count, cities(municipality)).items():
            for _ in range(living):
                seed = hashlib.sha256(f"globelet load 1 {run} {worker} {len(made)}".encode()).digest()
                made.append(Seat(city, municipality, numbers[municipality], seed, public_key(seed)))
    return made
