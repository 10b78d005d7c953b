"""Where the world is that gets the load: its endpoints, its genesis, its treasuries. Any engine will do."""

# ruff: noqa: N818  (errors are named after what happened)
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from globelet.engines.errors import EngineError, Missing, NotUp
from globelet.engines.state import default_root
from globelet.presence.record import Genesis
from globelet.world.resolved import ResolvedWorld

IDENTITY = "http://127.0.0.1:6400"


class BadEndpoints(EngineError):
    """GLOBELET_ENDPOINTS cannot be read."""

    code, exit_status = "bad_endpoints", 2


@dataclass(frozen=True)
class Testbed:
    """A world, and how it is reached. `null` is one that only pretends: it measures the load generator alone.

    `doors` are the addresses of all processes that host nodes, `status` is what `globelet status --json` says; both
    are empty where they are not known.
    """

    world: ResolvedWorld
    tag: int
    endpoints: dict[str, str]
    identity: str
    treasury: Path
    genesis: Path
    doors: dict[str, str] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    null: bool = False

    @classmethod
    def find(cls, name: str) -> Testbed:
        """By the environment where it says, else the world that runs here, on whichever engine. Raises `EngineError`.

        GLOBELET_ENDPOINTS (NAME=http://HOST:PORT,…) with GLOBELET_GENESIS, GLOBELET_TREASURY and GLOBELET_IDENTITY is
        for containers, which see no state directory.
        """
        null, given = os.environ.get("GLOBELET_LOAD_NULL"), os.environ.get("GLOBELET_ENDPOINTS")
        found = None if null or given else _Standing.of(name)
        file = Path(os.environ.get("GLOBELET_GENESIS", (found.root if found else default_root(name)) / "genesis.json"))
        genesis = _genesis(name, file)
        places = _homes(genesis.world)
        treasury = (found.root if found else default_root(name)) / "secrets" / "treasury"
        treasury = Path(os.environ.get("GLOBELET_TREASURY", treasury))
        if null:
            return cls(genesis.world, genesis.tag, dict.fromkeys(places, null), null, treasury, file, null=True)
        doors = parse_endpoints(given) if given else found.doors if found else {}
        endpoints = {place: doors.get(place) or doors.get(process, "") for place, process in places.items()}
        if lacking := [place for place, url in endpoints.items() if not url]:
            raise BadEndpoints(f"no endpoint is known of {', '.join(lacking)}; name each in GLOBELET_ENDPOINTS")
        identity = os.environ.get("GLOBELET_IDENTITY", found.identity if found else IDENTITY).rstrip("/")
        status = found.status if found else {}
        return cls(genesis.world, genesis.tag, endpoints, identity, treasury, file, doors, status)

    def seed(self, municipality: str) -> bytes:
        """Ed25519 seed of a municipality's treasury. Raises `Missing`."""
        path = self.treasury / f"{municipality}.key"
        mend = "mount the folder secrets/treasury of the world's state, or name it in GLOBELET_TREASURY"
        try:
            seed = bytes.fromhex(path.read_text().strip())
        except FileNotFoundError as error:
            raise Missing(f"there is no treasury key {path}; {mend}") from error
        except (OSError, ValueError) as error:
            raise Missing(f"the treasury key {path} cannot be read; {mend}") from error
        if len(seed) != 32:
            raise Missing(f"the treasury key {path} is not one of 32 bytes; {mend}")
        return seed

    def require(self) -> None:
        """Raises `Missing` unless all municipalities and identity answer and every treasury key is there."""
        if self.null:
            return
        down = [str(p["name"]) for p in self.status.get("processes", []) if p.get("state") != "running"]
        mend = f"`globelet up {self.world.name}` starts what is down"
        if down:
            raise Missing(f"{', '.join(down)} of world {self.world.name} does not run; {mend}")
        for chain in self.world.municipalities():
            self.seed(chain.name)
        asked = {f"{name} ({url})": f"{url}/readyz" for name, url in self.endpoints.items()}
        asked[f"the identity service ({self.identity})"] = f"{self.identity}/.well-known/jwks.json"
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            for who, url in asked.items():
                try:
                    client.get(url).raise_for_status()
                except httpx.HTTPError as error:
                    raise Missing(f"{who} does not answer: {error}; {mend}") from error

    def wire_ms(self, source: str, destination: str) -> float:
        """Declared one-way delay between the regions of two municipalities' first replicas."""
        numbers = {chain.name: number for number, chain in enumerate(self.world.chains)}
        first = [self.world.members(numbers[name], "replica")[0].region for name in (source, destination)]
        return self.world.link(first[0], first[1]).delay_us / 1000

    def continent(self, municipality: str) -> int | None:
        """The number of the continent that a municipality lies on."""
        return next(chain.parent for chain in self.world.municipalities() if chain.name == municipality)


@dataclass(frozen=True)
class _Standing:
    """A world that runs here, as its engine tells it."""

    root: Path
    doors: dict[str, str]
    identity: str
    status: dict[str, Any]

    @classmethod
    def of(cls, name: str) -> _Standing:
        from globelet.engines.choice import existing

        engine = existing(name)
        if not engine.anything_runs():
            raise NotUp(name)
        status = engine.status().as_dict()
        hall = engine._identity
        return cls(engine.state, engine.endpoints() | status["endpoints"], hall.url if hall else IDENTITY, status)


def _genesis(name: str, path: Path) -> Genesis:
    try:
        genesis = Genesis.load(path)
    except FileNotFoundError as error:
        raise NotUp(name) from error
    except (ValueError, KeyError, OSError) as error:
        raise Missing(f"{path} is not a world's genesis: {error}; name the right file in GLOBELET_GENESIS") from error
    if genesis.world.name != name:
        raise Missing(f"{path} is the genesis of {genesis.world.name}, not of {name}; name the world that is up")
    return genesis


def _homes(world: ResolvedWorld) -> Mapping[str, str]:
    """Each municipality, and the process of its first replica: where its orders go."""
    numbers = {chain.name: number for number, chain in enumerate(world.chains)}
    first = {chain.name: world.members(numbers[chain.name], "replica")[0] for chain in world.municipalities()}
    return {name: world.processes[node.process].name for name, node in first.items()}


def parse_endpoints(text: str) -> dict[str, str]:
    """`tokyo=http://tokyo:6100,paris=…`. Raises `BadEndpoints`."""
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, url = part.partition("=")
        try:
            parts = urlsplit(url)
            right = bool(equals) and parts.scheme == "http" and bool(parts.hostname) and (parts.port or 80) > 0
        except ValueError:
            right = False
        if not right:
            raise BadEndpoints(f"GLOBELET_ENDPOINTS: {part!r} is not NAME=http://HOST:PORT; separate them by commas")
        found[name.strip()] = url.rstrip("/")
    return found
