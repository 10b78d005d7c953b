"""The local engine: one operating-system process per chain, embedded stores, embedded link emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from globelet.engines import binaries, ports
from globelet.engines.emulator import Emulator
from globelet.engines.engine import ProcessStatus, Progress, Status, silent
from globelet.engines.errors import DidNotStart, NotUp, UnknownProcess
from globelet.engines.live import LiveChains
from globelet.engines.processes import Processes, age, usage
from globelet.engines.routes import allocate, crossings, routes
from globelet.engines.state import StateDirectory, default_root
from globelet.world.resolved import Process, ResolvedWorld

LINKS, SERVICES = "links", "services"
LINKS_PORT, IDENTITY_PORT, PRESENCE_PORT = 8474, 6400, 6401
_READY_TIMEOUT = 60.0


class LocalEngine(LiveChains):
    """Runs a world on this machine. Everything it starts outlives it; pid files in the state find it again."""

    name = "local"

    def __init__(self, world: ResolvedWorld, root: Path | None = None) -> None:
        self.world = world
        self._state = StateDirectory(root or default_root(world.name))
        self._processes = Processes(self._state.pids, self._state.logs)
        self._emulator = Emulator(f"http://127.0.0.1:{LINKS_PORT}", world)
        super().__init__(world.name, self._urls(), self._replicas(), f"http://127.0.0.1:{IDENTITY_PORT}")

    @classmethod
    def existing(cls, name: str, root: Path | None = None) -> LocalEngine:
        """The engine of a world that was started before. Raises `NotUp` where there is none."""
        return cls(StateDirectory(root or default_root(name)).load_world(name), root)

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

    def up(self, progress: Progress = silent) -> Status:
        """Starts what does not run, in order: keys, links, services, nodes. Raises `EngineError`."""
        programs = {name: binaries.find(name) for name in ("globelet-node", "globelet-links")}
        self._state.claim(self.world)
        self._need_ports()
        self._deal(programs["globelet-node"], progress)
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

    def _deal(self, program: Path, progress: Progress) -> None:
        if (self._state.root / "genesis.json").exists():
            return
        progress("keys", 0, 1)
        command = [
            str(program),
            "deal",
            "--world",
            str(self._state.root / "world.json"),
            "--state",
            str(self._state.root),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        (self._state.logs / "deal.log").write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            raise DidNotStart(
                "globelet-node deal",
                f"ended with status {done.returncode}: {done.stderr.strip()}",
                str(self._state.logs / "deal.log"),
                done.returncode,
            )
        progress("keys", 1, 1)

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
        municipal = {c.name for c in self.world.municipalities()}
        shown = {name: url for name, url in self.endpoints().items() if name in municipal}
        return Status(self.world.name, self.name, rows, self._emulator.url, shown)

    def _row(self, name: str, pid: int | None, before: float, span: float) -> ProcessStatus:
        place = next((i for i, p in enumerate(self.world.processes) if p.name == name), None)
        nodes = [n.name for n in self.world.nodes if n.process == place]
        if pid is None:
            return ProcessStatus(name, None, nodes)
        rss, cpu = usage(pid)
        percent = 100 * max(0.0, cpu - before) / span
        state = "paused" if _paused(pid) else "running" if age(pid) > 0 else "starting"
        return ProcessStatus(name, pid, nodes, round(rss, 1), round(percent, 1), round(cpu, 3), state)

    def endpoints(self) -> dict[str, str]:
        """URL of each chain: of the process of its first replica."""
        return {chain: urls[0] for chain, urls in self._replicas().items()}

    def _replicas(self) -> dict[str, list[str]]:
        """URLs of the processes that host replicas of each chain."""
        urls = list(self._urls().values())
        members = {c.name: self.world.members(i, "replica") for i, c in enumerate(self.world.chains)}
        return {name: [urls[p] for p in dict.fromkeys(n.process for n in nodes)] for name, nodes in members.items()}

    def _urls(self) -> dict[str, str]:
        return {p.name: f"http://{p.host}:{p.http_port}" for p in self.world.processes}

    def processes(self) -> list[str]:
        """Names of the processes that host nodes."""
        return [p.name for p in self.world.processes]

    def _known(self, name: str) -> Process:
        for process in self.world.processes:
            if process.name == name:
                return process
        raise UnknownProcess(name, self.processes())

    def kill(self, process: str) -> None:
        """SIGKILL."""
        self._processes.kill([self._known(process).name])

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

    def link_down(self, source: str, to: str) -> None:
        """Closes the link's proxies: connections break, new ones are refused."""
        self._emulator.enable(source, to, enabled=False)

    def link_up(self, source: str, to: str) -> None:
        """Opens them again and takes extra loss away."""
        self._emulator.enable(source, to, enabled=True)
        self._emulator.lose(source, to, 0.0)

    def link_loss(self, source: str, to: str, probability: float) -> None:
        """Adds loss to the link, both for what is sent on it and for answers that travel it."""
        self._emulator.lose(source, to, probability)

    def treasury_seed(self, municipality: str) -> bytes:
        """From the secrets of the state directory."""
        path = self._state.root / "secrets" / "treasury" / f"{municipality}.key"
        if not path.exists():
            raise UnknownProcess(municipality, [c.name for c in self.world.municipalities()])
        return bytes.fromhex(path.read_text().strip())

    def genesis(self) -> Path:
        """The public genesis, which verifies receipts."""
        return self._state.root / "genesis.json"

    def genesis_json(self) -> bytes:
        """What the genesis file holds."""
        return self.genesis().read_bytes()

    def archived(self, orders: Sequence[str]) -> dict[str, dict[str, Any]] | None:
        """From the embedded store, in one query; nothing while it is not there yet."""
        from globelet.analysis import Archive

        try:
            return Archive(self.world.name, self._state.root).stages(orders)
        except FileNotFoundError:
            return {}

    def describe(self) -> str:
        """The world as JSON, for result folders."""
        return json.dumps(json.loads(self.world.to_json()), indent=1)


def _paused(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
    except (OSError, IndexError):
        return False
