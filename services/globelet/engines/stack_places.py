"""Which node of a swarm a service runs on: labels say which may, and the first choice is kept.

A node carries `globelet.continent.<name>=true` for each continent whose chains it may host and `globelet.shared=true`
if it may host links, services, bus and stores. Volumes are local: what has moved would have lost its log, so each
service stays on the node that it was first given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from globelet.engines import continents
from globelet.engines.swarm_errors import Unplaced
from globelet.world.resolved import ResolvedWorld

SHARED = "globelet.shared"


@dataclass(frozen=True)
class SwarmNode:
    """One machine of a swarm."""

    id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


def label(world: ResolvedWorld, service: str) -> str:
    """The label that a node needs to host a service."""
    index = next((i for i, p in enumerate(world.processes) if p.name == service), None)
    if index is None:
        return SHARED
    lies_on = continents.of_process(world, index)
    # A process on two continents is nobody's alone; `continents.apart` leaves none.
    return f"globelet.continent.{lies_on[0]}" if len(lies_on) == 1 else SHARED


def labels(world: ResolvedWorld) -> list[str]:
    """Every label that this world needs somewhere."""
    return sorted({label(world, p.name) for p in world.processes} | {SHARED})


def constraints(world: ResolvedWorld, service: str, homes: Mapping[str, str]) -> list[str]:
    """The placement of a service: by label, and on its node once it has one."""
    found = [f"node.labels.{label(world, service)} == true"]
    return [*found, f"node.id == {homes[service]}"] if service in homes else found


def settle(
    world: ResolvedWorld, services: Iterable[str], nodes: list[SwarmNode], known: Mapping[str, str]
) -> dict[str, str]:
    """The node id of each service: the known ones kept, the others in turn among the nodes with their label.

    Raises `Unplaced` where no node has a label that is needed.
    """
    homes = dict(known)
    given: dict[str, int] = {}
    for service in services:
        wanted = label(world, service)
        may = [node for node in nodes if node.labels.get(wanted) == "true"]
        if not may:
            raise Unplaced(service, wanted, [node.name for node in nodes])
        if service not in homes:
            homes[service] = may[given.get(wanted, 0) % len(may)].id
            # Stores and links stay together: one node that is lost takes one continent, or those, not a bit of each.
            given[wanted] = given.get(wanted, 0) + (wanted != SHARED)
    return homes
