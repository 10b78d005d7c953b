"""What the engines share whose worlds outlive them: a state directory, dealt keys, proxies, chains behind URLs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from globelet.client.city_hall import CityHall
from globelet.client.problem import Problem, Unreachable
from globelet.engines import binaries
from globelet.engines.emulator import Emulator
from globelet.engines.engine import Progress
from globelet.engines.errors import DidNotStart, NotUp, UnknownProcess
from globelet.engines.live import LiveChains
from globelet.engines.state import StateDirectory
from globelet.world.resolved import Process, ResolvedWorld, RouteName


class StandingWorld(LiveChains):
    """A live world whose state lies in a directory; every chain process answers HTTP at 127.0.0.1."""

    def __init__(
        self, world: ResolvedWorld, state: StateDirectory, emulator: Emulator, identity: str, presence: str
    ) -> None:
        self.world, self._state, self._emulator = world, state, emulator
        self._presence = CityHall("presence", presence)
        super().__init__(world.name, self._urls(), self._replicas(), identity)

    @property
    def state(self) -> Path:
        """The state directory."""
        return self._state.root

    @property
    def tag(self) -> int:
        """The world tag, from the genesis. Raises `NotUp` before it is dealt."""
        genesis = self._state.read("genesis.json")
        if genesis is None:
            raise NotUp(self.world.name)
        return int(genesis["tag"])

    def _deal(self, progress: Progress) -> None:
        """Deals keys and certificates, once in the life of the state directory. Raises `DidNotStart`, `Missing`."""
        if (self._state.root / "genesis.json").exists():
            return
        progress("keys", 0, 1)
        root = str(self._state.root)
        command = [str(binaries.find("globelet-node")), "deal", "--world", f"{root}/world.json", "--state", root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        log = self._state.logs / "deal.log"
        log.write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            why = f"ended with status {done.returncode}: {done.stderr.strip()}"
            raise DidNotStart("globelet-node deal", why, str(log), done.returncode)
        progress("keys", 1, 1)

    def endpoints(self) -> dict[str, str]:
        """URL of each chain: of the process of its first replica."""
        return {chain: urls[0] for chain, urls in self._replicas().items()}

    def _municipal_endpoints(self) -> dict[str, str]:
        municipal = {c.name for c in self.world.municipalities()}
        return {name: url for name, url in self.endpoints().items() if name in municipal}

    def _replicas(self) -> dict[str, list[str]]:
        """URLs of the processes that host replicas of each chain."""
        urls = list(self._urls().values())
        members = {c.name: self.world.members(i, "replica") for i, c in enumerate(self.world.chains)}
        return {name: [urls[p] for p in dict.fromkeys(n.process for n in nodes)] for name, nodes in members.items()}

    def _urls(self) -> dict[str, str]:
        return {p.name: f"http://127.0.0.1:{p.http_port}" for p in self.world.processes}

    def figures(self) -> dict[str, Any]:
        """What came of the selection policy, where the world names one."""
        if self.world.selection is None:
            return {}
        try:
            return {"selection": self._presence.call("GET", "/v1/selection")}
        except (Problem, Unreachable) as error:
            # Whoever cannot be asked has chosen nothing: nodes keep the weights that they have.
            return {"selection": {"policy": self.world.selection.name, "failing": 1, "last_failure": str(error)}}

    def processes(self) -> list[str]:
        """Names of the processes that host nodes."""
        return [p.name for p in self.world.processes]

    def _nodes(self, name: str) -> list[str]:
        """The nodes that a process hosts; none for a service."""
        place = next((i for i, p in enumerate(self.world.processes) if p.name == name), None)
        return [n.name for n in self.world.nodes if n.process == place]

    def _known(self, name: str) -> Process:
        for process in self.world.processes:
            if process.name == name:
                return process
        raise UnknownProcess(name, self.processes())

    def link_down(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Closes the link's proxies: connections break, new ones are refused."""
        self._emulator.enable(source, to, enabled=False, route=route)

    def link_up(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Opens them again and takes extra loss and delay away."""
        self._emulator.mend(source, to, route)

    def link_loss(self, source: str, to: str, probability: float, route: RouteName | None = None) -> None:
        """Adds loss to the link, both for what is sent on it and for answers that travel it."""
        self._emulator.lose(source, to, probability, route)

    def link_slow(self, source: str, to: str, extra_ms: float, route: RouteName | None = None) -> None:
        """Adds delay to the link, likewise."""
        self._emulator.slow(source, to, extra_ms, route)

    def treasury_seed(self, municipality: str) -> bytes:
        """From the secrets of the state directory."""
        path = self._state.root / "secrets" / "treasury" / f"{municipality}.key"
        if not path.exists():
            raise UnknownProcess(municipality, [c.name for c in self.world.municipalities()])
        return bytes.fromhex(path.read_text().strip())

    def identity_keys(self) -> Path:
        """Where the identity service keeps the keys that it signs tokens with."""
        return self._state.root / "identity"

    def genesis(self) -> Path:
        """The public genesis, which verifies receipts."""
        return self._state.root / "genesis.json"

    def genesis_json(self) -> bytes:
        """What the genesis file holds."""
        return self.genesis().read_bytes()
