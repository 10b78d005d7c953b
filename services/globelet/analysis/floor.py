"""The physical floor of a delay: light in fibre along the great circle."""

from __future__ import annotations

import math
from dataclasses import dataclass

from globelet.world.resolved import ResolvedWorld

LIGHT_KM_PER_MS = 299.792_458
"""Light in vacuum (exact, by the definition of the metre)."""
FIBRE = 2 / 3
"""Share of that in glass: its refractive index is about 1.5."""
EARTH_RADIUS_KM = 6_371.0088
"""Mean radius (IUGG)."""


@dataclass(frozen=True)
class Place:
    """A point on the Earth, degrees (WGS 84)."""

    latitude: float
    longitude: float


def great_circle_km(one: Place, other: Place) -> float:
    """The shortest way over the surface, on a sphere: haversine, at most 0.6 % off the ellipsoid."""
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def floor_ms(one: Place, other: Place) -> float:
    """One way: no message through fibre arrives sooner."""
    return great_circle_km(one, other) / (LIGHT_KM_PER_MS * FIBRE)


def places(world: ResolvedWorld) -> dict[str, Place]:
    """Where each municipality is entered: its first replica, which its link is measured from."""
    first = {
        chain.name: world.members(number, "replica")[0]
        for number, chain in enumerate(world.chains)
        if chain.kind == "municipal"
    }
    return {name: Place(node.latitude, node.longitude) for name, node in first.items()}


def wires_ms(world: ResolvedWorld) -> dict[tuple[str, str], float]:
    """The declared one-way delay of each ordered pair of municipalities, between their first replicas' regions."""
    regions = {
        chain.name: world.members(number, "replica")[0].region
        for number, chain in enumerate(world.chains)
        if chain.kind == "municipal"
    }
    return {
        (a, b): world.link(here, there).delay_us / 1000 for a, here in regions.items() for b, there in regions.items()
    }
