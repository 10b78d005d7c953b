"""A world deployed to a swarm: dealt, rendered as a stack file, started, waited for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from globelet.engines import chain_services, continents, stack_places
from globelet.engines.compose_project import ComposeProject, folder
from globelet.engines.engine import Progress, silent
from globelet.engines.routes import allocate, crossings, routes
from globelet.engines.settings import Settings
from globelet.engines.stack import StackOptions, stack_file, turns
from globelet.engines.state import StateDirectory, default_root
from globelet.engines.swarm import Swarm
from globelet.engines.swarm_errors import NotDeployed, NotForSwarm
from globelet.engines.swarm_world import SwarmWorld
from globelet.world.resolved import ResolvedWorld

# What keeps receipts for later; a world commits, credits and anchors without it.
STORES = frozenset({"archiver", "mongo", "dynamodb", "minio", "redpanda", "immudb"})
_SETTLED = 600.0


class SwarmDeployment(SwarmWorld):
    """The same world from outside its network, on a manager of the swarm."""

    def __init__(
        self,
        world: ResolvedWorld,
        root: Path | None = None,
        *,
        mirror: bool | None = None,
        overlays: Sequence[str] | None = None,
        stores: bool = True,
    ) -> None:
        root = root or default_root(f"{world.name}.swarm")
        super().__init__(chain_services.contained(continents.apart(world)), root)
        self._settings = Settings(StateDirectory(root), folder(), mirror, overlays)
        self._stores, self.swarm = stores, Swarm()

    @property
    def stack(self) -> str:
        """The name of its stack. Not the Compose project's: their volumes would be the same."""
        return f"globelet-swarm-{self.world.name}"

    def deploy(self, progress: Progress = silent, *, publish: bool = False) -> None:
        """Deals what is missing, deploys, waits until all is connected. A second time it is a rolling update."""
        self.swarm.check()
        config = self._prepare(progress)
        nodes = self._labelled()
        known = dict(self._state.read("placement.json") or {})
        homes = stack_places.settle(self.world, sorted(config["services"]), nodes, known)
        self._state.write("placement.json", homes)
        wanted = stack_file(config, self.world, StackOptions(self.stack, publish, homes))
        for turn in self._turns(wanted):
            progress("stack", 0, 1)
            self.swarm.deploy(self.stack, self._write(turn))
            self.swarm.await_tasks(self.stack, progress, _SETTLED)
            progress("connections", 0, 1)
            self.swarm.run(self.client(["globelet", "swarm", "await", self.world.name]))

    def _turns(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        path = self._state.root / "stack.yaml"
        deployed = self.swarm.services(self.stack) and path.exists()
        return turns(yaml.safe_load(path.read_text()) if deployed else {"services": {}}, wanted)

    def render(self, progress: Progress = silent, *, publish: bool = False) -> str:
        """The stack file alone, without a swarm: by labels, no node is named."""
        made = stack_file(self._prepare(progress), self.world, StackOptions(self.stack, publish))
        return yaml.safe_dump(made, sort_keys=False, width=120)

    def _prepare(self, progress: Progress) -> dict[str, Any]:
        """Deals keys, lays out what each service is given; returns the merged Compose configuration."""
        if self._settings.vaulted:
            raise NotForSwarm("vault", "a swarm hands keys out by its own secrets")
        self._state.claim(self.world)
        self._deal(progress)
        wanted = crossings(self.world)
        listening = allocate(wanted, dict(self._state.read("ports.json") or {}), lambda start, _taken: start)
        self._state.write("ports.json", listening)
        self._state.write("routes.json", routes(wanted, listening, "toxiproxy"))
        chain_services.lay_out(self._state.root, self.processes())
        chain_services.lay_out_services(self._state.root)
        self._lay_out_client()
        text = yaml.safe_dump(chain_services.compose_file(self.world), sort_keys=False)
        (self._state.root / "chains.yaml").write_text(text)
        self._settings.write(self.world)
        files = [*self._settings.files(), self._state.root / "chains.yaml"]
        log = self._state.logs / "compose.log"
        compose = ComposeProject(self.stack, files, self._settings.environments(), log)
        compose.check()
        merged: dict[str, Any] = json.loads(compose.run("config", "--format", "json"))
        return (
            merged if self._stores else {"services": {k: v for k, v in merged["services"].items() if k not in STORES}}
        )

    def _lay_out_client(self) -> None:
        """What a client container finds at /state: the world, its genesis, and the treasuries' keys to pay with."""
        folder = self.client_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("globelet.json", "world.json", "genesis.json"):
            shutil.copy2(self._state.root / name, folder / name)
        shutil.copytree(self._state.root / "secrets" / "treasury", folder / "secrets" / "treasury", dirs_exist_ok=True)
        chain_services.give(folder)

    def client_folder(self) -> Path:
        """The state directory of clients."""
        return (self._state.root / "clients").resolve()

    def _labelled(self) -> list[stack_places.SwarmNode]:
        """The nodes; a swarm of one that has no label of ours yet is given all of them."""
        nodes = self.swarm.nodes()
        if len(nodes) == 1 and not any(name.startswith("globelet.") for name in nodes[0].labels):
            self.swarm.label(nodes[0], stack_places.labels(self.world))
            return self.swarm.nodes()
        return nodes

    def _write(self, stack: dict[str, Any]) -> Path:
        """What was deployed last. Readable by its owner alone: the stores' passwords stand in it."""
        part = self._state.root / "stack.yaml.part"
        part.touch(mode=0o600)
        part.write_text(yaml.safe_dump(stack, sort_keys=False, width=120))
        return part.replace(self._state.root / "stack.yaml")

    def client(self, words: Sequence[str], extra: Sequence[str] = ()) -> list[str]:
        """The command that runs `words` in a client container. Raises `NotDeployed` before the world is deployed."""
        if not (self._state.root / "stack.yaml").exists() or not self.swarm.services(self.stack):
            raise NotDeployed(self.world.name)
        user, group = chain_services.owner()
        who = ["--user", f"{user}:{group}", *extra]
        image = yaml.safe_load((self._state.root / "stack.yaml").read_text())["services"]["services"]["image"]
        return self.swarm.client(self.stack, image, self.client_folder(), self.world.name, words, who)

    def remove(self, *, wipe: bool = False) -> None:
        """Takes the stack away; `wipe` removes this engine's volumes and the state too."""
        self.swarm.check()
        self.swarm.remove(self.stack)
        if wipe:
            self.swarm.wipe(self.stack)
            self._state.wipe()
