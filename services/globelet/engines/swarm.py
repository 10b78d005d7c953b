"""A Docker Swarm as its manager tells it: nodes, stacks, tasks, and containers that join a stack's network."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from globelet.engines.engine import Progress
from globelet.engines.errors import NoDocker
from globelet.engines.stack_places import SwarmNode
from globelet.engines.swarm_errors import NoSwarm, NotSettled, StackFailed

_STACK = "com.docker.stack.namespace"
_MOVING = ("updating", "rollback_started")


class Swarm:
    """The swarm behind `$DOCKER_HOST`, or this machine's. Raises `NoDocker` or `StackFailed`."""

    def check(self) -> None:
        """Raises `NoSwarm` unless this engine is a manager."""
        about = json.loads(self._docker("info", "--format", "{{json .Swarm}}"))
        if not about.get("ControlAvailable"):
            raise NoSwarm(str(about.get("LocalNodeState", "unknown")))

    def nodes(self) -> list[SwarmNode]:
        """Its machines, in the order of their names."""
        ids = self._docker("node", "ls", "--quiet").split()
        rows = json.loads(self._docker("node", "inspect", *ids))
        found = [SwarmNode(r["ID"], r["Description"]["Hostname"], r["Spec"].get("Labels") or {}) for r in rows]
        return sorted(found, key=lambda node: (node.name, node.id))

    def label(self, node: SwarmNode, labels: Sequence[str]) -> None:
        """Gives a node labels, each with the value true."""
        added = [word for name in labels for word in ("--label-add", f"{name}=true")]
        self._docker("node", "update", *added, node.id)

    def deploy(self, stack: str, file: Path) -> None:
        """Makes the stack what the file says. Images are those that the nodes have, by their names."""
        self._docker("stack", "deploy", "--prune", "--resolve-image", "never", "--compose-file", str(file), stack)

    def remove(self, stack: str, timeout: float = 120.0) -> None:
        """Removes a stack; returns when its tasks and its network are gone. Volumes stay."""
        self._docker("stack", "rm", stack)
        end = time.monotonic() + timeout
        while self._listed("network", stack) or self._listed("service", stack) or self._containers(stack):
            if time.monotonic() >= end:
                raise NotSettled(timeout, [f"{stack} is not gone"])
            time.sleep(0.2)

    def _containers(self, stack: str) -> list[str]:
        return self._docker("ps", "--all", "--quiet", "--filter", f"label={_STACK}={stack}").split()

    def wipe(self, stack: str) -> None:
        """Removes the volumes that this engine has of a stack."""
        if volumes := self._listed("volume", stack):
            self._docker("volume", "rm", *volumes)

    def services(self, stack: str) -> list[str]:
        """Ids of the services of a stack; none where it is not deployed."""
        return self._listed("service", stack)

    def _listed(self, kind: str, stack: str) -> list[str]:
        return self._docker(kind, "ls", "--quiet", "--filter", f"label={_STACK}={stack}").split()

    def await_tasks(self, stack: str, progress: Progress, timeout: float) -> None:
        """Waits until every service runs as it was asked to. Raises `NotSettled` that says what does not, and why."""
        end = time.monotonic() + timeout
        while missing := dict(self.missing(stack)):
            progress("tasks", 0, 1)
            if time.monotonic() >= end:
                raise NotSettled(timeout, [f"{name}: {self._why(stack, name)}" for name in missing])
            time.sleep(0.3)
        progress("tasks", 1, 1)

    def missing(self, stack: str) -> Iterator[tuple[str, str]]:
        """(service, state) of those whose task does not run, or that are being updated.

        By their tasks: the counts of `docker service ls` take tasks on a lost machine for running.
        """
        names = self._docker("service", "ls", "--filter", f"label={_STACK}={stack}", "--format", "{{.Name}}").split()
        states = {row["service"]: row["state"] for row in self.tasks(stack) if row["node"]}
        moving = self._moving(names)
        for full in names:
            name = full.removeprefix(f"{stack}_")
            state = states.get(name, "no machine")
            if full in moving or not state.startswith("Running"):
                yield name, state

    def _moving(self, services: Sequence[str]) -> set[str]:
        if not services:
            return set()
        found = json.loads(self._docker("service", "inspect", *services))
        return {s["Spec"]["Name"] for s in found if (s.get("UpdateStatus") or {}).get("State") in _MOVING}

    def published(self, stack: str) -> dict[str, Any]:
        """Service and ports of those that publish any."""
        services = self._listed("service", stack)
        found = json.loads(self._docker("service", "inspect", *services)) if services else []
        ports = {s["Spec"]["Name"]: (s["Endpoint"].get("Spec") or {}).get("Ports") for s in found}
        return {name: listed for name, listed in ports.items() if listed}

    def lost(self) -> list[str]:
        """Names of the machines that the manager has given up."""
        rows = self._docker("node", "ls", "--format", "{{.Hostname}} {{.Status}}").splitlines()
        return sorted(row.split(" ")[0] for row in rows if row.endswith(" Down"))

    def _why(self, stack: str, service: str) -> str:
        form = "{{.CurrentState}} {{.Error}}"
        said = self._docker("service", "ps", "--no-trunc", "--format", form, f"{stack}_{service}").splitlines()
        return said[0].strip() if said else "no task"

    def tasks(self, stack: str) -> list[dict[str, str]]:
        """Service, node and state of every task that is to run."""
        form = '{"service":{{json .Name}},"node":{{json .Node}},"state":{{json .CurrentState}}}'
        said = self._docker("stack", "ps", "--filter", "desired-state=running", "--format", form, stack)
        rows: list[dict[str, str]] = [json.loads(line) for line in said.splitlines()]
        for row in rows:
            row["service"] = row["service"].removeprefix(f"{stack}_").rpartition(".")[0]
        return sorted(rows, key=lambda row: row["service"])

    def client(
        self, stack: str, image: str, state: Path, world: str, words: Sequence[str], extra: Sequence[str] = ()
    ) -> list[str]:
        """The command that runs `words` in a container on the stack's network, with a client's folder at /state."""
        environment: Mapping[str, Any] = {
            "GLOBELET_STATE": "/state", "GLOBELET_ENGINE": "swarm", "GLOBELET_WORLD": world
        }  # fmt: skip
        settings = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        walls = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]  # noqa: S108
        place = ["--network", f"{stack}_earth", "--volume", f"{state}:/state:ro", "--pull", "never"]
        return ["docker", "run", "--rm", *walls, *place, *settings, *extra, image, *words]

    def _docker(self, *words: str) -> str:
        return self.run(["docker", *words])

    def run(self, command: Sequence[str], timeout: float = 400.0) -> str:
        """Runs a command of docker; returns what it printed."""
        words = command[1:]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)  # noqa: S603
        except FileNotFoundError as error:
            raise NoDocker("the command docker is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise StackFailed(" ".join(words[:2]), f"it took longer than {timeout:.0f} s") from error
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            why = said[-1].strip() if said else f"status {done.returncode}"
            raise (
                NoDocker(why) if "Cannot connect to the Docker daemon" in why else StackFailed(" ".join(words[:2]), why)
            )
        return done.stdout
