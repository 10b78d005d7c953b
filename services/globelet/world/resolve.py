"""From a world file to the resolved world: who stands where, which process hosts whom, how long each link is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

from globelet.world import atlas
from globelet.world.file import WorldFile
from globelet.world.resolved import Chain, Fallback, Link, Node, Process, ResolvedWorld, Selection

_HOST = "127.0.0.1"
_STAKE = 100
_FIRST_PORT = {"municipal": 6100, "continental": 6200, "global": 6300}
_TO_NODE_PORT = 10_000
_SPREAD_HTTP, _SPREAD_NODE = 17_000, 27_000
# The 90th percentile of a normal distribution lies 1.2816 standard deviations above its median.
_P90 = 1.2816


@dataclass
class _Committee:
    """A chain and the municipality of each of its replicas, then of each of its holders."""

    chain: Chain
    replicas: list[str]
    holders: list[str] = field(default_factory=list)
    stakes: list[int] | None = None


def resolve(world: WorldFile, folder: Path = Path()) -> ResolvedWorld:
    """Resolve a checked world file; `folder` is where a relative source of round trips is looked for."""
    source = source_file(world, folder)
    if source is None:
        raise FileNotFoundError(f"there is no file {world.links.source} of round trips")
    measured = atlas.round_trips(source)
    regions = [name for names in world.continents.values() for name in names]
    committees = list(_committees(world, measured))
    processes, nodes = _nodes(world, committees, regions)
    links = tuple(_links(world, regions, measured))
    return ResolvedWorld(
        name=world.name,
        seed=world.seed,
        regions=tuple(regions),
        chains=tuple(committee.chain for committee in committees),
        processes=tuple(processes),
        nodes=tuple(nodes),
        links=links,
        internet=tuple(_internet(world, regions, links)),
        fallback=_fallback(world),
        selection=_selection(world, folder),
        parameters=world.parameters,
    )


def _selection(world: WorldFile, folder: Path) -> Selection | None:
    """The policy with its source, so that a world chooses the same way wherever it runs. Raises `PolicyError`."""
    if world.selection is None:
        return None
    from globelet.selection.source import find

    return Selection(name=world.selection, source=find(world.selection, folder))


def source_file(world: WorldFile, folder: Path) -> Path | None:
    """The file of round trips: beside the world file, or of the package's data."""
    wanted = Path(world.links.source)
    candidates = (folder / wanted, atlas.data_folder().parent / wanted)
    return next((path.resolve() for path in candidates if path.is_file()), None)


def _committees(world: WorldFile, measured: dict[tuple[str, str], atlas.RoundTrip]) -> Iterator[_Committee]:
    municipalities = sum(map(len, world.continents.values()))
    globe = municipalities + len(world.continents)
    declared = world.municipal
    seats = declared.replicas if declared.standing > declared.replicas else None
    for number, names in enumerate(world.continents.values()):
        for name in names:
            chain = Chain(
                name=name,
                kind="municipal",
                parent=municipalities + number,
                population=atlas.municipalities()[name].population,
                seats=seats,
            )
            yield _Committee(chain, [name] * declared.standing, [name] * declared.holders, declared.stakes)
    for continent, names in world.continents.items():
        placed = world.continental.placement.get(continent) or _near(names, world.continental.replicas, measured)
        yield _Committee(Chain(name=continent, kind="continental", parent=globe, population=0), placed)
    placed = world.globe.placement or _spread(world)
    yield _Committee(Chain(name="globe", kind="global", parent=None, population=0), placed)


def _near(names: list[str], replicas: int, measured: dict[tuple[str, str], atlas.RoundTrip]) -> list[str]:
    """Place a continent's replicas: two in its first municipality, then outwards, so that a quorum is near."""
    home = names[0]

    def distance(name: str) -> float:
        known = atlas.municipalities()
        trip = measured.get((known[home].region, known[name].region))
        return trip.p50_ms if trip else math.inf

    outwards = [home, *sorted(names[1:], key=distance)]
    return [home, *islice(cycle(outwards), replicas - 1)]


def _spread(world: WorldFile) -> list[str]:
    """Place the global replicas: continents in turn, each continent's municipalities in turn."""
    turns = [cycle(names) for names in world.continents.values()]
    return [next(turn) for turn in islice(cycle(turns), world.globe.replicas)]


def _nodes(world: WorldFile, committees: list[_Committee], regions: list[str]) -> tuple[list[Process], list[Node]]:
    processes: list[Process] = []
    nodes: list[Node] = []
    in_kind: dict[str, int] = {}
    for number, committee in enumerate(committees):
        kind = committee.chain.kind
        if world.pack == "chain":
            port = _FIRST_PORT[kind] + in_kind.get(kind, 0)
            processes.append(_process(committee.chain.name, port, port + _TO_NODE_PORT))
        in_kind[kind] = in_kind.get(kind, 0) + 1
        for node in _members(committee, number, regions):
            if world.pack == "node":
                processes.append(_process(node.name, _SPREAD_HTTP + len(nodes), _SPREAD_NODE + len(nodes)))
            nodes.append(node.model_copy(update={"process": len(processes) - 1}))
    return processes, nodes


def _process(name: str, http_port: int, node_port: int) -> Process:
    return Process(name=name, host=_HOST, http_port=http_port, node_port=node_port)


def _members(committee: _Committee, chain: int, regions: list[str]) -> Iterator[Node]:
    """Nodes of a chain; those in one municipality take its cities in turn, largest first."""
    roles: tuple[tuple[Literal["replica", "holder"], list[str]], ...]
    roles = (("replica", committee.replicas), ("holder", committee.holders))
    taken: dict[str, int] = {}
    for role, placed in roles:
        for index, place in enumerate(placed):
            cities = atlas.municipalities()[place].cities
            city = cities[taken.get(place, 0) % len(cities)]
            taken[place] = taken.get(place, 0) + 1
            yield Node(
                name=f"{committee.chain.name}-{role[0]}{index}",
                chain=chain,
                role=role,
                region=regions.index(place),
                city=city.name,
                latitude=city.latitude,
                longitude=city.longitude,
                stake=committee.stakes[index] if committee.stakes and role == "replica" else _STAKE,
                process=0,
            )


def _links(world: WorldFile, regions: list[str], measured: dict[tuple[str, str], atlas.RoundTrip]) -> Iterator[Link]:
    """Every ordered pair of regions: half the measured round trip each way.

    The jitter of a direction is σ with p90 − p50 = 1.2816 · σ · √2: a round trip adds two independent directions.
    """
    overrides = {(o.source, o.to): o for o in world.links.overrides if o.route == "backbone"}
    scale = float(world.links.jitter)
    known = atlas.municipalities()
    for i, source in enumerate(regions):
        for j, to in enumerate(regions):
            trip = measured.get((known[source].region, known[to].region))
            delay, jitter = (trip.p50_ms / 2, scale * _sigma(trip)) if trip else (0.0, 0.0)
            loss = world.links.loss
            if (override := overrides.get((source, to))) is not None:
                delay = delay if override.delay_ms is None else override.delay_ms
                jitter = jitter if override.jitter_ms is None else override.jitter_ms
                loss = loss if override.loss is None else override.loss
            yield Link(source=i, to=j, delay_us=round(delay * 1000), jitter_us=round(jitter * 1000), loss=loss)


def _internet(world: WorldFile, regions: list[str], links: tuple[Link, ...]) -> Iterator[Link]:
    """The second route of every ordered pair of regions on two continents: the backbone's figures, made worse."""
    declared = world.links.internet
    if not declared.enabled:
        return
    continent = {name: number for number, names in enumerate(world.continents.values()) for name in names}
    overrides = {(o.source, o.to): o for o in world.links.overrides if o.route == "internet"}
    for link in links:
        source, to = regions[link.source], regions[link.to]
        if continent[source] == continent[to]:
            continue
        delay = link.delay_us * declared.delay
        jitter = min(link.jitter_us * declared.jitter, max(link.jitter_us, delay * declared.jitter_most))
        loss = min(0.99, link.loss + declared.loss)
        if (override := overrides.get((source, to))) is not None:
            delay = delay if override.delay_ms is None else override.delay_ms * 1000
            jitter = jitter if override.jitter_ms is None else override.jitter_ms * 1000
            loss = loss if override.loss is None else override.loss
        yield link.model_copy(update={"delay_us": round(delay), "jitter_us": round(jitter), "loss": loss})


def _fallback(world: WorldFile) -> Fallback:
    rules = world.links.fallback
    return Fallback(
        probe_us=round(rules.probe_ms * 1000),
        late_factor=rules.delay,
        late_us=round(rules.floor_ms * 1000),
        bad=rules.bad,
        good=rules.good,
    )


def _sigma(trip: atlas.RoundTrip) -> float:
    return max(0.0, trip.p90_ms - trip.p50_ms) / (_P90 * math.sqrt(2))
