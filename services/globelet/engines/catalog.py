"""What Consul is told of a world in containers, and the keeper that tells it again: in dev mode Consul forgets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from globelet.consul import CHAIN, Consul, ConsulAway, Entry
from globelet.engines.chain_services import continent, give
from globelet.world.resolved import ResolvedWorld

FILE = "catalog.json"
EVERY = 5.0
# Name, service and port inside the network; `/path` where it answers HTTP with success.
_BESIDE = (
    ("identity", "services", 6400, "/healthz"),
    ("presence", "services", 6401, "/healthz"),
    ("archiver", "archiver", 6402, "/healthz"),
    ("toxiproxy", "toxiproxy", 8474, "/version"),
    ("vault", "vault", 8200, "/v1/sys/health"),
    ("redpanda", "redpanda", 9092, ""),
    ("mongo", "mongo", 27017, ""),
    ("dynamodb", "dynamodb", 8000, ""),
    ("minio", "minio", 9000, ""),
    ("immudb", "immudb", 3322, ""),
    ("redis", "redis", 6379, ""),
)

log = logging.getLogger("globelet.catalog")


def entries(world: ResolvedWorld) -> list[Entry]:
    """Chains with their places, then services and stores."""
    found = [_chain(world, index) for index in range(len(world.processes))]
    for name, host, port, path in _BESIDE:
        check = f"http://{host}:{port}{path}" if path else f"{host}:{port}"
        found.append(Entry(name, name, host, port, check, meta={"world": world.name}))
    return found


def write(world: ResolvedWorld, folder: Path) -> list[Entry]:
    """The entries; they are left in a folder too, for the keeper."""
    found = entries(world)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / FILE).write_text(json.dumps([entry.as_dict() for entry in found], indent=1))
    give(folder)
    return found


def _chain(world: ResolvedWorld, index: int) -> Entry:
    process = world.processes[index]
    hosted = [world.chains[n.chain] for n in world.nodes if n.process == index]
    municipalities = sorted({chain.name for chain in hosted if chain.kind == "municipal"})
    place = continent(world, index)
    return Entry(
        process.name,
        CHAIN,
        process.host,
        process.http_port,
        f"http://{process.host}:{process.http_port}/readyz",
        # Each is `TAG.chain.service.consul`.
        tags=tuple(dict.fromkeys([process.name, place])),
        meta={
            "world": world.name,
            "continent": place,
            "municipality": ",".join(municipalities),
            "kind": ",".join(sorted({chain.kind for chain in hosted})),
            "count": str(len(world.processes)),
        },
    )


class CatalogKeeper:
    """Looks every few seconds whether Consul still knows everybody."""

    def __init__(self, consul: Consul, wanted: Sequence[Entry]) -> None:
        self._consul, self._wanted = consul, wanted

    @classmethod
    def of(cls, consul: Consul, state: Path) -> CatalogKeeper:
        """For the catalogue of a state directory. Raises `OSError` or `ValueError`."""
        return cls(consul, [Entry.of(one) for one in json.loads((state / FILE).read_bytes())])

    async def run(self) -> None:
        """Keeps it until it is cancelled; a Consul that is away is asked again."""
        while True:
            try:
                await asyncio.to_thread(self._consul.keep, self._wanted)
            except ConsulAway as error:
                log.info("%s", error)
            await asyncio.sleep(EVERY)
