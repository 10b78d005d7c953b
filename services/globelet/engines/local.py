"""The local engine: one operating-system process per chain, embedded stores, embedded link emulator."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from globelet.engines import binaries, ports
from globelet.engines.emulator import Emulator
from globelet.engines.engine import ProcessStatus, Progress, Status, silent
from globelet.engines.processes import Processes, age, usage
from globelet.engines.routes import allocate, crossings, routes
from globelet.engines.standing import StandingWorld
from globelet.engines.state import StateDirectory, default_root
from globelet.world.resolved import ResolvedWorld

LINKS, SERVICES = "links", "services"
LINKS_PORT, IDENTITY_PORT, PRESENCE_PORT = 8474, 6400, 6401
_READY_TIMEOUT = 60.0


class LocalEngine(StandingWorld):
    """Runs a world on this machine. Everything it starts outlives it; pid files in the state find it again."""

    name = "local"

    def __init__(self, world: ResolvedWorld, root: Path | None = None) -> None:
        state = StateDirectory(root or default_root(world.name))
        self._processes = Processes(state.pids, state.logs)
        emulator = Emulator(f"http://127.0.0.1:{LINKS_PORT}", world)
        services = (f"http://127.0.0.1:{port}" for port in (IDENTITY_PORT, PRESENCE_PORT))
        super().__init__(world, state, emulator, *services)

    @classmethod
    def existing(cls, name: str, root: Path | None = None) -> LocalEngine:
        """The engine of a world that was started before. Raises `NotUp` where there is none."""
        return cls(StateDirectory(root or default_root(name)).load_world(name), root)

    def up(self, progress: Progress = silent) -> Status:
        """Starts what does not run, in order: keys, links, services, nodes. Raises `EngineError`."""
        programs = {name: binaries.find(name) for name in ("globelet-node", "globelet-links")}
        self._state.claim(self.world)
        self._need_ports()
        self._deal(progress)
        listening = self._allocate()
        self._start_links(programs["globelet-links"], listening, progress)
        self._start_services(progress)
        self._start_nodes([p.name for p in self.world.processes], progress)
        return self.status()

    def _need_ports(self) -> None:
        """Every port the world needs is free, unless the process that should hold it runs already."""
        wanted = [
            (LINKS, "127.0.0.1", LINKS_PORT),
            (SERVICES, "127.0.0.1", IDENTITY_PORT),
            (SERVICES, "127.0.0.1", PRESENCE_PORT),
        ]
        for process in self.world.processes:
            wanted += [(process.name, process.host, process.http_port), (process.name, process.host, process.node_port)]
        for name, host, port in wanted:
            if self._processes.alive(name) is None:
                ports.require(host, port, name)

    def _allocate(self) -> dict[str, int]:
        wanted = crossings(self.world)
        known = dict(self._state.read("ports.json") or {})
        if self._processes.alive(LINKS) is None:
            known = {name: port for name, port in known.items() if ports.free("127.0.0.1", port)}
        listening = allocate(wanted, known, lambda start, taken: ports.first_free("127.0.0.1", start, taken))
        self._state.write("ports.json", listening)
        self._state.write("routes.json", routes(wanted, listening))
        return listening

    def _start_links(self, program: Path, listening: dict[str, int], progress: Progress) -> None:
        progress("links", 0, len(listening))
        if self._processes.alive(LINKS) is None:
            self._processes.start(
                LINKS, [program, "--listen", f"127.0.0.1:{LINKS_PORT}", "--seed", str(self.world.seed)]
            )
        self._processes.await_ready(LINKS, self._emulator.ready, _READY_TIMEOUT)
        self._emulator.populate(listening)
        progress("links", len(listening), len(listening))

    def _start_services(self, progress: Progress) -> None:
        progress("services", 0, 1)
        if self._processes.alive(SERVICES) is None:
            outboxes = [f"{p.name}={p.host}:{p.http_port}" for p in self.world.processes]
            package = str(Path(__file__).resolve().parents[2])
            self._processes.start(
                SERVICES,
                [
                    sys.executable,
                    "-m",
                    "globelet.services",
                    "--world",
                    self.world.name,
                    "--state",
                    self._state.root,
                    "--identity-port",
                    str(IDENTITY_PORT),
                    "--presence-port",
                    str(PRESENCE_PORT),
                    "--outbox",
                    *outboxes,
                ],
                {"PYTHONPATH": package, "MALLOC_ARENA_MAX": "2"},
            )
        assert self._identity is not None
        self._processes.await_ready(SERVICES, self._identity.ready, _READY_TIMEOUT)
        progress("services", 1, 1)

    def _start_nodes(self, names: list[str], progress: Progress) -> None:
        program = binaries.find("globelet-node")
        for name in names:
            if self._processes.alive(name) is None:
                self._processes.start(
                    name,
                    [
                        program,
                        "run",
                        "--state",
                        self._state.root,
                        "--process",
                        name,
                        "--jwks",
                        f"http://127.0.0.1:{IDENTITY_PORT}/.well-known/jwks.json",
                        "--presence",
                        f"http://127.0.0.1:{PRESENCE_PORT}",
                    ],
                )
        for done, name in enumerate(names):
            progress("nodes", done, len(names))
            self._processes.await_ready(name, self.hall(name).ready, _READY_TIMEOUT)
        progress("nodes", len(names), len(names))

    def down(self, *, wipe: bool = False) -> None:
        """Stops nodes, then services, then links; the state stays unless `wipe`."""
        nodes = [n for n in self._processes.names() if n not in (LINKS, SERVICES)]
        for group in (nodes, [SERVICES, LINKS]):
            self._processes.stop(group)
        if wipe:
            self._state.wipe()

    def anything_runs(self) -> bool:
        """Whether any process of this world runs."""
        return any(self._processes.alive(name) is not None for name in self._processes.names())

    def status(self) -> Status:
        """Samples every process over a fifth of a second."""
        pids = {name: self._processes.alive(name) for name in [*self.processes(), SERVICES, LINKS]}
        before = {name: usage(pid)[1] for name, pid in pids.items() if pid}
        began = time.monotonic()
        if before:
            time.sleep(0.2)
        span = max(0.05, time.monotonic() - began)
        rows = [self._row(name, pid, before.get(name, 0.0), span) for name, pid in pids.items()]
        return Status(self.world.name, self.name, rows, self._emulator.url, self._municipal_endpoints())

    def _row(self, name: str, pid: int | None, before: float, span: float) -> ProcessStatus:
        nodes = self._nodes(name)
        if pid is None:
            return ProcessStatus(name, None, nodes)
        rss, cpu = usage(pid)
        percent = 100 * max(0.0, cpu - before) / span
        state = "paused" if _paused(pid) else "running" if age(pid) > 0 else "starting"
        return ProcessStatus(name, pid, nodes, round(rss, 1), round(percent, 1), round(cpu, 3), state)

    def kill(self, process: str) -> None:
        """SIGKILL."""
        self._processes.kill([self._known(process).name])

    def services(self) -> list[str]:
        """None: links and services are not broken apart from their chains here."""
        return []

    def stop(self, process: str) -> None:
        """SIGTERM; SIGKILL when its grace period is over."""
        self._processes.stop([self._known(process).name])

    def stop_all(self) -> None:
        """SIGKILL to every process that hosts nodes, in one go."""
        self._processes.kill(self.processes())

    def restart(self, process: str | None = None) -> None:
        """Starts what is down and waits until it is ready."""
        self._start_nodes([self._known(process).name] if process else self.processes(), silent)

    def pause(self, process: str) -> None:
        """SIGSTOP."""
        self._processes.signal([self._known(process).name], signal.SIGSTOP)

    def resume(self, process: str) -> None:
        """SIGCONT."""
        self._processes.signal([self._known(process).name], signal.SIGCONT)

    def collect(self, target: Path) -> None:
        """The processes' logs."""
        shutil.copytree(self._state.logs, target, dirs_exist_ok=True)

    def archived(self, orders: Sequence[str]) -> dict[str, dict[str, Any]] | None:
        """From the embedded store, in one query; nothing while it is not there yet."""
        from globelet.analysis import Archive

        try:
            return Archive(self.world.name, self._state.root).stages(orders)
        except FileNotFoundError:
            return {}


def _paused(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
    except (OSError, IndexError):
        return False
