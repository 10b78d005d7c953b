"""The simulator engine: the same core in virtual time, exactly repeatable from a seed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from globelet._native.simulator import ADVERSARIES, BrokenInvariant, Simulation
from globelet.client.orders import encoded
from globelet.client.problem import Problem, Unreachable
from globelet.engines.engine import Finding, ProcessStatus, Progress, Status, silent
from globelet.engines.errors import NoSuchRoute, NotUp, UnknownProcess
from globelet.engines.play import Planned
from globelet.selection import Chooser, PolicyError, Stage
from globelet.world.resolved import ResolvedWorld, RouteName

# Clients try for a minute.
_PATIENCE_US = 61_000_000
# Between two looks at a condition virtual time grows from the first to the second.
_LOOK_US, _LONGEST_LOOK_US = 1_000, 50_000
# After a scenario the world comes to rest within this.
_REST_US = 60_000_000
# The simulation's invariants, by the names that all runs use.
_NAMES = {
    "conservation": "conservation",
    "no double credit": "credited_once",
    "agreement": "agreement",
    "recovery": "durability",
    "completeness": "completeness",
    "lanes": "completeness",
    "time": "time",
}
_STATUS = {
    "malformed": 400,
    "bad_signature": 403,
    "replayed": 409,
    "already_open": 409,
    "moving": 409,
    "nothing_to_move": 409,
    "moved": 410,
    "wrong_municipality": 421,
    "busy": 429,
}


@dataclass(frozen=True)
class _Playing:
    """Orders that are under way in virtual time."""

    engine: SimulatorEngine
    start_us: int
    until_us: int
    ids: list[str]

    def finish(self) -> tuple[int, dict[str, Problem]]:
        """Runs until the last one was handed in and answered."""
        return self.start_us, self.engine.finish_playing(self.until_us, self.ids)


class SimulatorEngine:
    """Runs a world inside this process. Nothing passes but by its own clock; `down` ends it for good."""

    name, real_time = "simulator", False

    def __init__(self, world: ResolvedWorld, seed: int, adversary: str | None = None) -> None:
        if adversary is not None and adversary not in ADVERSARIES:
            raise ValueError(f"there is no adversary {adversary!r}; one of {', '.join(ADVERSARIES)}")
        self.world, self.seed, self.adversary = world, seed, adversary
        self._made: Simulation | None = None
        self._folder: Path | None = None
        self._began, self._start_us = 0.0, 0
        self._numbers = {c.name: i for i, c in enumerate(world.chains)}
        self._node_numbers = {node.name: i for i, node in enumerate(world.nodes)}
        self._replicas = {c.name: {n.name for n in world.members(i, "replica")} for i, c in enumerate(world.chains)}
        self._hosted = {p.name: {n.name for n in world.nodes if n.process == i} for i, p in enumerate(world.processes)}
        self._down, self._paused = set[str](), set[str]()
        self._chooser = None if world.selection is None else Chooser(world)

    # lifecycle

    @property
    def _world(self) -> Simulation:
        if self._made is None:
            raise NotUp(self.world.name)
        return self._made

    @property
    def tag(self) -> int:
        """The world tag that orders are signed for. Raises `NotUp` before `up`."""
        return self._world.tag()

    @property
    def state(self) -> Path:
        """A temporary folder, removed by `down`."""
        if self._folder is None:
            raise NotUp(self.world.name)
        return self._folder

    def up(self, progress: Progress = silent) -> Status:
        """Deals the keys from the seed and starts every node, in virtual time."""
        if self._made is None:
            progress("keys", 0, 1)
            self._began = time.monotonic()
            self._made = Simulation(self.world.to_json(), self.seed)
            self._folder = Path(tempfile.mkdtemp(prefix="globelet-simulator-"))
            if self.adversary is not None:
                self._made.corrupt_one_each(self.adversary)
            if self._chooser is not None:
                self._made.select_by(self._weights)
            self._start_us = self.now_us()
            progress("keys", 1, 1)
        return self.status()

    def _weights(self, stage: Stage, here: int, _of: int, candidates: Sequence[tuple[int, bool]]) -> list[int] | None:
        assert self._chooser is not None
        try:
            return self._chooser.choose(stage, here, [(node, present, None) for node, present in candidates])
        except PolicyError:
            return None  # counted there; the weights in force stay

    def down(self, *, wipe: bool = False) -> None:  # noqa: ARG002 (there is no state to keep)
        """Forgets the world and removes its folder."""
        self._made = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def anything_runs(self) -> bool:
        """Whether the world is up."""
        return self._made is not None

    def status(self) -> Status:
        """Processes by name: a simulated one has no pid and no memory of its own."""
        rows = [
            ProcessStatus(name, None, sorted(nodes), state=self._state_of(nodes))
            for name, nodes in self._hosted.items()
        ]
        return Status(self.world.name, self.name, rows, "", {})

    def _state_of(self, nodes: set[str]) -> str:
        if self._made is None or nodes <= self._down:
            return "stopped"
        return "paused" if nodes <= self._paused else "running"

    def endpoints(self) -> dict[str, str]:
        """None: nothing listens."""
        return {}

    # faults

    def processes(self) -> list[str]:
        """Names of the processes that host nodes."""
        return list(self._hosted)

    def _nodes(self, name: str) -> set[str]:
        """The nodes of a process; or a node's own name, where a scenario breaks one alone."""
        nodes = self._hosted.get(name) or {n.name for n in self.world.nodes if n.name == name}
        if not nodes:
            raise UnknownProcess(name, self.processes())
        return nodes

    def kill(self, process: str) -> None:
        """Power fails: memory and what the disk had not synced are gone."""
        self._down |= self._nodes(process)
        self._paused -= self._nodes(process)
        self._world.crash(process)

    def services(self) -> list[str]:
        """None: there are only chains in here."""
        return []

    def stop(self, process: str) -> None:
        """As `kill`: a node owes nothing at an orderly end that it does not owe at any moment."""
        self.kill(process)

    def stop_all(self) -> None:
        """Power fails everywhere in the same microsecond."""
        for process in self.processes():
            self.kill(process)

    def restart(self, process: str | None = None) -> None:
        """Nodes that are down handle their logs again and go on."""
        for name in [process] if process else self.processes():
            self._down -= self._nodes(name)
            self._world.restart(name)

    def pause(self, process: str) -> None:
        """Freezes nodes: what reaches them waits."""
        self._paused |= self._nodes(process)
        self._world.pause(process)

    def resume(self, process: str) -> None:
        """Lets them go on."""
        self._paused -= self._nodes(process)
        self._world.resume(process)

    def link_down(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Nothing passes this way."""
        self._world.cut(source, to, self._known(source, to, route))

    def link_up(self, source: str, to: str, route: RouteName | None = None) -> None:
        """The link is as declared."""
        self._world.heal(source, to, self._known(source, to, route))

    def link_loss(self, source: str, to: str, probability: float, route: RouteName | None = None) -> None:
        """Messages are lost for good with this probability."""
        self._world.lossy(source, to, probability, self._known(source, to, route))

    def link_slow(self, source: str, to: str, extra_ms: float, route: RouteName | None = None) -> None:
        """Messages take so much longer."""
        self._world.slow(source, to, round(extra_ms * 1000), self._known(source, to, route))

    def routes(self) -> list[dict[str, Any]]:
        """Told from the faults: a simulated pair falls back after the time that the probes of live nodes would take."""
        return list(json.loads(self._world.routes()))

    def _known(self, source: str, to: str, route: RouteName | None) -> RouteName | None:
        if route is not None and route not in (known := self.world.routes(source, to)):
            raise NoSuchRoute(source, to, route, known)
        return route

    # time

    def now_us(self) -> int:
        """Virtual microseconds of the epoch; every simulation begins at the same one."""
        return self._world.now_us()

    def run_for(self, seconds: float) -> None:
        """Lets virtual time pass."""
        self._world.run_for(round(seconds * 1e6))

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Looks again after a millisecond, then ever more rarely, up to twenty times a virtual second."""
        end, look = self.now_us() + round(timeout * 1e6), _LOOK_US
        while not condition():
            left = end - self.now_us()
            if left <= 0:
                return False
            self._world.run_for(min(look, left))
            look = min(look * 3 // 2, _LONGEST_LOOK_US)
        return True

    # orders

    def treasury_seed(self, municipality: str) -> bytes:
        """From the deal."""
        if municipality not in self._numbers:
            raise UnknownProcess(municipality, [c.name for c in self.world.municipalities()])
        return self._world.treasury_seed(municipality)

    def token(self, account: str, sign: Callable[[bytes], bytes]) -> str | None:  # noqa: ARG002
        """None: nobody asks for one."""
        return None

    def _serving(self, municipality: str) -> None:
        if self._replicas.get(municipality, set()) <= self._down:
            raise Unreachable(f"simulator:{municipality}", "no replica of it has power")

    def submit(self, municipality: str, path: str, body: Any, token: str | None) -> Any:  # noqa: ARG002
        """Hands one order in, or a list, and runs until it is answered; raises `Problem` or `Unreachable`."""
        self._serving(municipality)
        many = isinstance(body, list)
        orders = [encoded(one, self.tag, self._numbers, self._node_numbers) for one in (body if many else [body])]
        ids = self._world.submit(orders)
        problems = self._answers(ids)
        if not many and problems:
            raise problems[ids[0]]
        return {"ids": [i for i in ids if i not in problems]} if many else {"id": ids[0], "ids": ids}

    def _answers(self, ids: list[str]) -> dict[str, Problem]:
        """Waits for what the municipality says to each order; those that it did not admit."""
        self._world.run_until_answered(ids, _PATIENCE_US)
        problems = {}
        for order, state in self._read(ids).items():
            refusal = state["refusal"]
            if not state["answered"]:
                problems[order] = Problem(504, "no_reply", "no replica of the municipality replies; send it again")
            elif refusal and not state["stages"]:
                status = _STATUS.get(refusal["code"], 422)
                problems[order] = Problem(status, refusal["code"], refusal["detail"], refusal.get("moved_to"))
        return problems

    def _read(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        texts = self._world.receipts(ids)
        states = json.loads(f"[{','.join(text or 'null' for text in texts)}]")
        return {order: state for order, state in zip(ids, states, strict=True) if state is not None}

    def play(self, orders: Sequence[Planned]) -> _Playing:
        """Hands every order in, due at its time, in one call."""
        start = self.now_us()
        signed = [encoded(order.body, self.tag, self._numbers) for order in orders]
        ids = self._world.submit(signed, [order.due_us for order in orders])
        return _Playing(self, start, start + max((order.due_us for order in orders), default=0), ids)

    def finish_playing(self, until_us: int, ids: list[str]) -> dict[str, Problem]:
        """Runs until the last order was due and all are answered; those that were not admitted."""
        self._world.run_for(max(0, until_us - self.now_us()))
        return self._answers(ids)

    # looking

    def transfer(self, municipality: str, order: str) -> dict[str, Any] | None:
        """State of a transfer at its ingress; None where it was not admitted."""
        self._serving(municipality)
        return self.states({order: municipality}).get(order)

    def states(self, orders: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """State of many transfers, in one call."""
        return {order: state for order, state in self._read(list(orders)).items() if state["stages"]}

    def follow(self, municipality: str, order: str, seen: Callable[[dict[str, Any]], bool], timeout: float) -> None:  # noqa: ARG002
        """Runs from step to step."""
        end, known = self.now_us() + round(timeout * 1e6), 0
        while True:
            state = self._read([order]).get(order)
            if state is not None:
                known = len(state["stages"])
                if seen(state):
                    return
            left = end - self.now_us()
            if left <= 0 or not self._world.run_until_step(order, known, left):
                return

    def account(self, municipality: str, account: str) -> dict[str, Any] | None:
        """State of an account at its ingress; None where it is not open."""
        self._serving(municipality)
        found = self._world.account(municipality, account)
        if found is None:
            return None
        return {"account": account, "municipality": municipality, "balance": found[0], "highest_nonce": found[1]}

    def home(self, municipality: str, account: str) -> str | None:
        """Where an account lives that went from a municipality, by its chain's map."""
        self._serving(municipality)
        return self._world.home(municipality, account)

    def ledgers(self) -> list[dict[str, Any]]:
        """What honest replicas that have power booked, one entry per chain."""
        return list(json.loads(self._world.ledgers()))

    def bytes_held(self) -> dict[str, int]:
        """Bytes of shards that each holder keeps, by its name."""
        return self._world.bytes_held()

    def measured_links(self, samples: int, spacing_ms: float = 25.0) -> list[dict[str, Any]]:
        """Probes travel every link as messages do, while the world runs on."""
        return list(json.loads(self._world.probe_links(samples, round(spacing_ms * 1000))))

    def archived(self, orders: Sequence[str]) -> dict[str, dict[str, Any]] | None:  # noqa: ARG002
        """None: there are no stores."""
        return None

    def documents(self, orders: Mapping[str, str]) -> dict[str, str | bytes]:
        """The complete receipts that ingresses published."""
        texts = self._world.complete_receipts(list(orders))
        return {order: text for order, text in zip(orders, texts, strict=True) if text is not None}

    def genesis_json(self) -> str:
        """From the deal."""
        return self._world.genesis()

    def certified(self, chain: str, height: int) -> set[str] | None:  # noqa: ARG002
        """None: the simulation compares every block of every log itself; see `findings`."""
        return None

    def collect(self, target: Path) -> None:
        """Nothing: the fingerprint and the seed tell all."""

    def figures(self) -> dict[str, Any]:
        """The fingerprint of all that happened, and virtual against real time."""
        virtual, real = (self.now_us() - self._start_us) / 1e6, time.monotonic() - self._began
        return {
            "fingerprint": self._world.fingerprint(),
            "events": self._world.steps(),
            "virtual_seconds": round(virtual, 6),
            "speed": round(virtual / max(real, 1e-9), 3),
            "adversary": self.adversary,
        } | ({} if self._chooser is None else {"selection": self._chooser.figures()})

    def findings(self) -> list[Finding]:
        """Brings the world to rest and judges it: its own checks at every step, and every log handled again."""
        try:
            self._world.run_until_rest(_REST_US)
            self._world.finish()
        except BrokenInvariant as broken:
            name = _NAMES.get(broken.invariant, broken.invariant)
            return [Finding(name, False, f"{broken.invariant} at {broken.at_us} µs: {broken.detail}")]
        events = f"held through {self._world.steps()} events"
        details = {"durability": "every log handled again gives the same ledger", "completeness": "all came to rest"}
        return [Finding(name, True, details.get(name, events)) for name in dict.fromkeys(_NAMES.values())]
