"""Where a world's processes lie, and the same world with no process on two continents at once."""

from __future__ import annotations

from globelet.world.resolved import Node, Process, ResolvedWorld


def of_region(world: ResolvedWorld, region: int) -> str:
    """The continent of a region, which is named as its municipality is."""
    chain = next(c for c in world.municipalities() if c.name == world.regions[region])
    assert chain.parent is not None
    return world.chains[chain.parent].name


def of_process(world: ResolvedWorld, process: int) -> list[str]:
    """The continents that the nodes of a process lie on, in the order of the nodes."""
    return list(dict.fromkeys(of_region(world, n.region) for n in world.nodes if n.process == process))


def apart(world: ResolvedWorld) -> ResolvedWorld:
    """The world with each process that spans continents split in one per continent, `globe` into `globe-asia` ….

    A machine stands on one continent. What runs where changes nothing of what the world promises.
    """
    processes: list[Process] = []
    place: dict[tuple[int, str], int] = {}
    taken = {port for p in world.processes for port in (p.http_port, p.node_port)}
    for index, process in enumerate(world.processes):
        continents = of_process(world, index)
        for part, continent in enumerate(continents):
            place[index, continent] = len(processes)
            processes.append(process if len(continents) == 1 else _part(process, continent, part, taken))
    nodes = tuple(_moved(world, node, place) for node in world.nodes)
    return world.model_copy(update={"processes": tuple(processes), "nodes": nodes})


def _part(process: Process, continent: str, part: int, taken: set[int]) -> Process:
    """One continent's share of a process; the first one keeps its ports, the others get the next that are free."""
    ports = {"http_port": process.http_port, "node_port": process.node_port}
    for kind, port in ports.items() if part else ():
        ports[kind] = next(p for p in range(port + 1, 65_536) if p not in taken)
        taken.add(ports[kind])
    return process.model_copy(update={"name": f"{process.name}-{continent}", **ports})


def _moved(world: ResolvedWorld, node: Node, place: dict[tuple[int, str], int]) -> Node:
    return node.model_copy(update={"process": place[node.process, of_region(world, node.region)]})
