"""Which proxies a world needs, where they listen, and what dials them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from globelet.world.resolved import Link, ResolvedWorld, RouteName

FIRST_PORT = 20_000


@dataclass(frozen=True, order=True)
class Crossing:
    """One proxy: what leaves region `source` for the nodes of region `to` in `process`. Region and process names."""

    source: str
    to: str
    process: str
    route: RouteName = "backbone"

    @property
    def proxy(self) -> str:
        """Its name in the link emulator, `FROM-TO.PROCESS`, with `.internet` after it for that route."""
        name = f"{self.source}-{self.to}.{self.process}"
        return name if self.route == "backbone" else f"{name}.{self.route}"


def crossings(world: ResolvedWorld) -> list[Crossing]:
    """Every crossing some node can make, over each route; none where both ends are one region of one process."""
    hosted = {(node.region, node.process) for node in world.nodes}
    found: set[Crossing] = set()
    for to, process in hosted:
        for source in {region for region, _ in hosted}:
            alone = source == to and all(p == process for region, p in hosted if region == source)
            if not alone:
                ends = world.regions[source], world.regions[to], world.processes[process].name
                found.update(Crossing(*ends, route) for route in world.routes(source, to))
    return sorted(found)


def allocate(wanted: list[Crossing], known: Mapping[str, int], pick: Callable[[int, set[int]], int]) -> dict[str, int]:
    """A listening port per proxy name: the known ones kept, the others from 20000 up by `pick(start, taken)`."""
    ports = {c.proxy: known[c.proxy] for c in wanted if c.proxy in known}
    taken = set(ports.values())
    start = FIRST_PORT
    for crossing in wanted:
        if crossing.proxy not in ports:
            start = pick(start, taken)
            ports[crossing.proxy] = start
            taken.add(start)
            start += 1
    return ports


def routes(wanted: list[Crossing], ports: Mapping[str, int], host: str = "127.0.0.1") -> list[dict[str, str]]:
    """The contents of routes.json, for an emulator at `host`."""
    found = []
    for c in wanted:
        entry = {"from": c.source, "to": c.to, "process": c.process, "address": f"{host}:{ports[c.proxy]}"}
        found.append(entry if c.route == "backbone" else entry | {"route": c.route})
    return found


# One draw of the jitter holds this long, as inside a process.
JITTER_HOLD_MS = 20


def latency(name: str, stream: str, link: Link) -> dict[str, Any]:
    """The latency toxic of a link in one direction, milliseconds."""
    return {
        "name": name,
        "type": "latency",
        "stream": stream,
        "toxicity": 1.0,
        "attributes": {
            "latency": link.delay_us / 1000,
            # The toxic strays uniformly: a half width of √3 σ has the standard deviation σ.
            "jitter": link.jitter_us / 1000 * 3**0.5,
            "jitter_hold": JITTER_HOLD_MS,
        },
    }


def toxics(world: ResolvedWorld, crossing: Crossing) -> list[dict[str, Any]]:
    """Both directions of a crossing's connection: out over FROM→TO, back over TO→FROM, with their declared loss."""
    out = world.link(crossing.source, crossing.to, crossing.route)
    back = world.link(crossing.to, crossing.source, crossing.route)
    found = [latency("latency_up", "upstream", out), latency("latency_down", "downstream", back)]
    for name, stream, link in (("loss_up", "upstream", out), ("loss_down", "downstream", back)):
        if link.loss > 0:
            found.append(loss(name, stream, link.loss))
    return found


def loss(name: str, stream: str, probability: float) -> dict[str, Any]:
    """A loss toxic."""
    return {"name": name, "type": "loss", "stream": stream, "toxicity": 1.0, "attributes": {"probability": probability}}


def slowness(name: str, stream: str, extra_ms: float) -> dict[str, Any]:
    """A latency toxic that comes on top of the declared one, milliseconds."""
    attributes = {"latency": extra_ms, "jitter": 0}
    return {"name": name, "type": "latency", "stream": stream, "toxicity": 1.0, "attributes": attributes}
