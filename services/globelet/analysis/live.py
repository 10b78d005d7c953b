"""The world that runs now, whichever engine runs it, also seen from a container beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union
from urllib.parse import urlsplit

from globelet.analysis import stores
from globelet.analysis.archive import DEFAULT_WORLD, Archive, open_archive
from globelet.analysis.errors import BadChoice
from globelet.engines.errors import Missing, NotUp, UnknownProcess
from globelet.engines.live import LiveChains
from globelet.engines.state import default_root
from globelet.presence.record import Genesis
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    from globelet.engines.choice import LiveEngine

_IDENTITY = "http://127.0.0.1:6400"


class NeighbourWorld(LiveChains):
    """A world that somebody else runs, reached by the addresses and the files that the environment names."""

    name = "neighbour"

    def __init__(self, world: str, addresses: dict[str, str]) -> None:
        """`addresses` are URLs of processes or of chains, by name."""
        root = default_root(world)
        self._genesis = Path(os.environ.get("GLOBELET_GENESIS", root / "genesis.json"))
        self._treasury = Path(os.environ.get("GLOBELET_TREASURY", root / "secrets" / "treasury"))
        if not self._genesis.is_file():
            raise Missing(f"there is no genesis {self._genesis}; name the world's genesis.json in GLOBELET_GENESIS")
        found = Genesis.load(self._genesis)
        self.world, self.tag, self.state = found.world, found.tag, root
        chains = _chains(found.world, addresses)
        if missing := [chain.name for chain in found.world.municipalities() if chain.name not in chains]:
            raise BadChoice(f"GLOBELET_ENDPOINTS names no {', '.join(missing)}; it reads NAME=http://HOST:PORT,…")
        super().__init__(found.world.name, addresses, chains, os.environ.get("GLOBELET_IDENTITY", _IDENTITY))
        self._chains = {name: urls[0] for name, urls in chains.items()}

    def endpoints(self) -> dict[str, str]:
        """URL of each chain that the environment names."""
        return dict(self._chains)

    def processes(self) -> list[str]:
        """Names of the processes that the environment names."""
        return list(self._processes_urls)

    def treasury_seed(self, municipality: str) -> bytes:
        """Ed25519 seed (32 bytes) of the municipality's treasury account."""
        path = self._treasury / f"{municipality}.key"
        if municipality not in self._chains:
            raise UnknownProcess(municipality, list(self._chains))
        if not path.is_file():
            raise Missing(f"there is no treasury key {path}; name the folder secrets/treasury in GLOBELET_TREASURY")
        return bytes.fromhex(path.read_text().strip())

    def genesis_json(self) -> bytes:
        """What the genesis file holds."""
        return self._genesis.read_bytes()


LiveWorld: TypeAlias = Union["LiveEngine", NeighbourWorld]


def running(world: str | None = None) -> LiveWorld:
    """The engine of a world that is up; `GLOBELET_WORLD` names it where nothing does.

    `GLOBELET_ENDPOINTS` (`tokyo=http://tokyo:6100,…`), or `GLOBELET_OUTBOXES` in a container beside the world, says
    that somebody else runs it; else it is the engine that `GLOBELET_ENGINE` names, or the one that runs it.
    Raises `EngineError`, `NotUp` among them.
    """
    name = world or os.environ.get("GLOBELET_WORLD") or DEFAULT_WORLD
    if given := os.environ.get("GLOBELET_ENDPOINTS") or os.environ.get("GLOBELET_OUTBOXES"):
        return NeighbourWorld(name, addresses(given))
    from globelet.engines import choice

    engine = choice.existing(name)
    if not engine.anything_runs():
        raise NotUp(name)
    return engine


def archive_of(engine: LiveWorld) -> Archive:
    """The archive of a running world: embedded in the local engine's state, else where the containers' stores are."""
    if engine.name == "local":
        return Archive(engine.world.name, engine.state)
    places = stores.of(engine.world.name, engine.state)
    return open_archive(engine.world.name, mongo=places.mongo, s3=None if places.mongo else places.s3)


def addresses(text: str) -> dict[str, str]:
    """`tokyo=http://tokyo:6100,paris=paris:6103` as URLs by name. Raises `BadChoice`."""
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, address = part.partition("=")
        url = address if "://" in address else f"http://{address}"
        if not address or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise BadChoice(f"GLOBELET_ENDPOINTS: {part!r} is not NAME=http://HOST:PORT")
        found[name.strip()] = url.rstrip("/")
    return found


def _chains(world: ResolvedWorld, addresses: dict[str, str]) -> dict[str, list[str]]:
    """URLs of each chain: of the processes of its replicas, or its own."""
    found = {}
    for number, chain in enumerate(world.chains):
        hosts = dict.fromkeys(world.processes[node.process].name for node in world.members(number, "replica"))
        urls = [addresses[name] for name in hosts if name in addresses]
        if urls or chain.name in addresses:
            found[chain.name] = urls or [addresses[chain.name]]
    return found
