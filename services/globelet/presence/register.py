"""The register of nodes that are present, each for a time to live."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import asdict, dataclass

_EARTH_KM = 6371.0088


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) pairs in degrees, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, p)) for p in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


@dataclass(frozen=True)
class Candidate:
    """One node that is present."""

    node: str
    municipality: str
    role: str
    latitude: float
    longitude: float
    address: str


class Register:
    """Logins with a time to live, and the changes they make, numbered for those who follow along."""

    def __init__(self, *, history: int = 10_000, most: int = 100_000) -> None:
        self._present: dict[str, tuple[Candidate, float]] = {}
        self._changes: deque[dict[str, object]] = deque(maxlen=history)
        self._most = most
        self.version = 0

    def _change(self, kind: str, candidate: Candidate) -> None:
        self.version += 1
        self._changes.append({"version": self.version, "kind": kind, **asdict(candidate)})

    def login(self, candidate: Candidate, ttl: float, now: float) -> bool:
        """Records a login until `now + ttl`; returns whether the listing changed. Raises `ValueError`."""
        if not (-90 <= candidate.latitude <= 90 and -180 <= candidate.longitude <= 180):
            raise ValueError("the position must be degrees: latitude −90…90, longitude −180…180")
        if not 0 < ttl <= 3600:
            raise ValueError("ttl must be above 0 and at most 3600 seconds")
        if candidate.node not in self._present and len(self._present) >= self._most:
            raise ValueError(f"the register is full at {self._most} nodes")
        before = self._present.get(candidate.node)
        self._present[candidate.node] = (candidate, now + ttl)
        if before is None or before[0] != candidate:
            self._change("joined" if before is None else "moved", candidate)
            return True
        return False

    def logout(self, node: str) -> bool:
        """Removes a node at once."""
        gone = self._present.pop(node, None)
        if gone:
            self._change("left", gone[0])
        return gone is not None

    def expire(self, now: float) -> int:
        """Removes the nodes whose time to live is over; returns how many."""
        over = [name for name, (_, until) in self._present.items() if until <= now]
        for name in over:
            self.logout(name)
        return len(over)

    def next_expiry(self) -> float | None:
        """When the next node would expire."""
        return min((until for _, until in self._present.values()), default=None)

    def candidates(
        self,
        near: tuple[float, float] | None,
        municipality: str | None,
        now: float,
        role: str | None = None,
        limit: int = 100,
    ) -> list[dict[str, object]]:
        """Those present, nearest first (by name where no place is given or distances tie)."""
        self.expire(now)
        chosen = [
            c
            for c, _ in self._present.values()
            if (municipality is None or c.municipality == municipality) and (role is None or c.role == role)
        ]
        far = {c.node: distance_km(near, (c.latitude, c.longitude)) if near else 0.0 for c in chosen}
        chosen.sort(key=lambda c: (far[c.node], c.node))
        return [{**asdict(c), "distance_km": round(far[c.node], 3)} for c in chosen[:limit]]

    def changes(self, after: int) -> list[dict[str, object]] | None:
        """Changes numbered above `after`; None when they are no longer all remembered (list afresh)."""
        if after > self.version or (after < self.version and (not self._changes or self._first() > after + 1)):
            return None
        return [c for c in self._changes if isinstance(c["version"], int) and c["version"] > after]

    def _first(self) -> int:
        return self.version - len(self._changes) + 1
