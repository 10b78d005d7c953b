"""The register of nodes that are present, each for a time to live."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from globelet.presence.record import Genesis, Record, RecordRefused

_EARTH_KM = 6371.0088


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) pairs in degrees, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, p)) for p in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


@dataclass(frozen=True)
class Near:
    """Where distances are counted from: a place, and the region whose links count if it is a municipality's."""

    place: tuple[float, float]
    region: int | None = None


class Register:
    """Logins of the nodes of one world; who does not log in again is gone when its time is over."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        self._present: dict[int, Record] = {}

    @property
    def genesis(self) -> Genesis:
        """What the logins are checked against."""
        return self._genesis

    def login(self, records: list[Record], now: float) -> int:
        """Takes all of them or none; returns how many were news. Raises `RecordRefused`."""
        return len(self.take(records, now))

    def take(self, records: list[Record], now: float) -> list[Record]:
        """As `login`, but returns the ones that were news."""
        for record in records:
            record.check(self._genesis, now)
        fresh: dict[int, Record] = {}
        for record in records:
            known = self._present.get(record.node)
            if known is None or known.at < record.at:
                self._present[record.node] = record
                fresh[record.node] = record
        return list(fresh.values())

    def numbers(self, chain: str | None, role: str | None) -> list[int]:
        """The nodes that a question is about, present or not, in the world's order."""
        world = self._genesis.world
        wanted = ((number, node) for number, node in enumerate(world.nodes) if role in (None, node.role))
        return [number for number, node in wanted if chain in (None, world.chains[node.chain].name)]

    def near(self, municipality: str) -> Near:
        """A municipality as a place to count from. Raises `RecordRefused` where there is none of that name."""
        world = self._genesis.world
        for node in world.nodes:
            if world.chains[node.chain].name == municipality:
                return Near((node.latitude, node.longitude), node.region)
        names = ", ".join(chain.name for chain in world.municipalities())
        raise RecordRefused("malformed", f"near must be LATITUDE,LONGITUDE in degrees or one of {names}")

    def nodes(
        self,
        near: Near | None,
        chain: str | None,
        role: str | None,
        now: float,
        limit: int = 100,
        also: Iterable[Record] = (),
    ) -> list[dict[str, Any]]:
        """Those present, nearest first: by declared round trip, then by distance, then in the world's order.

        `also` are checked records from elsewhere; of two records of one node the newer one counts.
        """
        self._present = {node: record for node, record in self._present.items() if record.until > now}
        present = dict(self._present)
        for record in also:
            if record.until > now and (record.node not in present or present[record.node].at < record.at):
                present[record.node] = record
        wanted = (number for number in self.numbers(chain, role) if number in present)
        chosen = [self._row(number, present[number], near) for number in wanted]
        chosen.sort(key=lambda r: (r.get("round_trip_ms", 0.0), r.get("distance_km", 0.0)))
        return chosen[:limit]

    def _row(self, number: int, record: Record, near: Near | None) -> dict[str, Any]:
        world = self._genesis.world
        node = world.nodes[number]
        process = world.processes[node.process]
        row = {
            "node": node.name,
            "chain": world.chains[node.chain].name,
            "role": node.role,
            "city": node.city,
            "latitude": node.latitude,
            "longitude": node.longitude,
            "stake": node.stake,
            "process": process.name,
            "address": f"{process.host}:{process.http_port}",
            "since_us": record.since[0],
            "until_us": record.at[0] + record.ttl_us,
        }
        if near is not None:
            row["distance_km"] = round(distance_km(near.place, (node.latitude, node.longitude)), 3)
            if near.region is not None:
                trip = world.link(near.region, node.region).delay_us + world.link(node.region, near.region).delay_us
                row["round_trip_ms"] = trip / 1000
        return row
