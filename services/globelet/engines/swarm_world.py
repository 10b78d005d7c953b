"""A world in a swarm, seen from a container on its network: every service is reached by its name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from globelet.client.problem import Problem, Unreachable
from globelet.engines import clocks
from globelet.engines.chain_services import IDENTITY, PRESENCE
from globelet.engines.emulator import Emulator
from globelet.engines.engine import ProcessStatus, Progress, Status, silent
from globelet.engines.errors import DidNotStart
from globelet.engines.standing import StandingWorld
from globelet.engines.state import StateDirectory, default_root
from globelet.engines.swarm_errors import ByDocker, ClocksApart
from globelet.world.resolved import ResolvedWorld

LINKS = "http://toxiproxy:8474"
_SPACING_MS = 200.0
_BY_DOCKER = "a swarm's containers are Docker's: use `docker service scale`, `docker node update` or `docker stack`"


class SwarmWorld(StandingWorld):
    """Orders, states, ledgers and links of a world that `globelet swarm up` deployed."""

    name = "swarm"

    def __init__(self, world: ResolvedWorld, root: Path) -> None:
        super().__init__(world, StateDirectory(root), Emulator(LINKS, world, "0.0.0.0"), IDENTITY, PRESENCE)  # noqa: S104

    @classmethod
    def existing(cls, name: str, root: Path | None = None) -> SwarmWorld:
        """The world of a state directory, as `globelet swarm client` gives one. Raises `NotUp`."""
        root = root or default_root(f"{name}.swarm")
        return cls(StateDirectory(root).load_world(name), root)

    def _urls(self) -> dict[str, str]:
        return {p.name: f"http://{p.host}:{p.http_port}" for p in self.world.processes}

    def up(self, progress: Progress = silent, timeout: float = 300.0) -> Status:
        """Waits until every process serves and all its streams over the links are up.

        Raises `DidNotStart`, and `ClocksApart` where machines disagree on the time: what is stamped so is refused.
        """
        end = time.monotonic() + timeout
        for done, name in enumerate(self.processes()):
            progress("nodes", done, len(self.processes()))
            while not self.connected(name):
                if time.monotonic() >= end:
                    raise DidNotStart(name, f"was not ready within {timeout:.0f} s", f"`docker service logs …_{name}`")
                time.sleep(0.2)
        progress("nodes", len(self.processes()), len(self.processes()))
        texts = {name: self.hall(name).metrics() for name in self.processes()}
        if found := clocks.apart(texts, self.world.parameters.skew_us):
            raise ClocksApart(found.process, found.peer, found.seconds, self.world.parameters.skew_us / 1e6)
        return self.status()

    def connected(self, process: str) -> bool:
        """Whether a process serves and each of its streams to others is up."""
        try:
            streams = self.hall(process).call("GET", "/readyz")["streams"]
        except (Problem, Unreachable):
            return False
        return bool(streams["up"] == streams["total"])

    def anything_runs(self) -> bool:
        """Whether any process answers."""
        return any(self.hall(name).ready() for name in self.processes())

    def services(self) -> list[str]:
        """None that could be broken from here."""
        return []

    def status(self) -> Status:
        """Which processes answer. What they use is known on their machines alone."""
        rows = [
            ProcessStatus(p, None, self._nodes(p), state="running" if self.hall(p).ready() else "stopped")
            for p in self.processes()
        ]
        return Status(self.world.name, self.name, rows, LINKS, self._municipal_endpoints())

    def measured_links(self, samples: int, spacing_ms: float = _SPACING_MS) -> list[dict[str, Any]]:
        """As on the compose engine, in less of a hurry than elsewhere."""
        return super().measured_links(samples, max(spacing_ms, _SPACING_MS))

    def down(self, *, wipe: bool = False) -> None:  # noqa: ARG002
        """Not from here. Raises `ByDocker`."""
        raise ByDocker("`globelet swarm down` ends it, on a manager of the swarm")

    def kill(self, process: str) -> None:  # noqa: ARG002
        """Not from here. Raises `ByDocker`."""
        raise ByDocker(_BY_DOCKER)

    stop = pause = resume = kill

    def stop_all(self) -> None:
        """Not from here. Raises `ByDocker`."""
        raise ByDocker(_BY_DOCKER)

    def restart(self, process: str | None = None) -> None:  # noqa: ARG002
        """Not from here. Raises `ByDocker`."""
        raise ByDocker(_BY_DOCKER)

    def archived(self, orders: Any) -> dict[str, dict[str, Any]] | None:  # noqa: ARG002
        """Not told here: the stores have accounts of their own."""
        return None

    def collect(self, target: Path) -> None:
        """Nothing: logs and use lie with the machines."""
