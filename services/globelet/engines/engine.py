"""The small interface that every way of running a world has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from globelet.client.problem import Problem
from globelet.engines.play import Planned
from globelet.world.resolved import ResolvedWorld, RouteName

Progress = Callable[[str, int, int], None]
"""Told (what is being waited for, done, of how many)."""


def silent(_what: str, _done: int, _of: int) -> None:
    """Progress for nobody."""


@dataclass(frozen=True)
class ProcessStatus:
    """One process: its place in the system and what it uses. `container` is its short id on the compose engine."""

    name: str
    pid: int | None
    nodes: list[str] = field(default_factory=list)
    rss_mb: float = 0.0
    cpu_percent: float = 0.0
    cpu_seconds: float = 0.0
    state: str = "stopped"
    container: str | None = None


@dataclass(frozen=True)
class Status:
    """A world's processes, and where it is reached. `link_emulator` is the address of the Toxiproxy API."""

    world: str
    engine: str
    processes: list[ProcessStatus]
    link_emulator: str
    endpoints: dict[str, str]

    @property
    def up(self) -> bool:
        """Whether every process runs."""
        return bool(self.processes) and all(p.state == "running" for p in self.processes)

    def as_dict(self) -> dict[str, Any]:
        """As `globelet status --json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """What an engine itself found out about an invariant; `holds` is None where it could not tell."""

    name: str
    holds: bool | None
    detail: str


class Playing(Protocol):
    """Orders that are being handed in."""

    def finish(self) -> tuple[int, dict[str, Problem]]:
        """Waits until the last one was; returns the start (µs) and those that were refused, by id."""
        ...


class Engine(Protocol):
    """Lifecycle, faults, links, orders and time of one world, whatever runs it.

    Processes and regions are named as in the world. Live engines have the machine's time, a simulator its own: so
    scenarios never sleep, they `run_for` and `wait_until`.
    """

    name: str
    world: ResolvedWorld
    real_time: bool
    """Whether time passes by itself; else only inside the calls that let the world run."""

    @property
    def tag(self) -> int:
        """The world tag that orders are signed for. Known once the world is dealt."""
        ...

    @property
    def state(self) -> Path:
        """Where the world's state lies."""
        ...

    def up(self, progress: Progress = silent) -> Status:
        """Starts what does not run and waits until all of it is ready."""
        ...

    def down(self, *, wipe: bool = False) -> None:
        """Stops everything; `wipe` removes the state too."""
        ...

    def status(self) -> Status:
        """What runs now."""
        ...

    def endpoints(self) -> dict[str, str]:
        """Where each chain is reached: {name: url}."""
        ...

    def processes(self) -> list[str]:
        """Names of the processes that host nodes."""
        ...

    def services(self) -> list[str]:
        """Names of what runs beside the chains and can be broken like them: stores, bus, links."""
        ...

    def kill(self, process: str) -> None:
        """Ends a process at once, as a power cut would."""
        ...

    def stop(self, process: str) -> None:
        """Asks a process to end, and waits until it has."""
        ...

    def stop_all(self) -> None:
        """Ends every process that hosts nodes at once."""
        ...

    def restart(self, process: str | None = None) -> None:
        """Starts a process that is down (all that are, without a name) and waits until it is ready."""
        ...

    def pause(self, process: str) -> None:
        """Freezes a process."""
        ...

    def resume(self, process: str) -> None:
        """Lets a frozen process go on."""
        ...

    def link_down(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Cuts the directed link between two regions; all of it, or one of its routes."""
        ...

    def link_up(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Makes a link as it was declared: up, without extra loss or delay."""
        ...

    def link_loss(self, source: str, to: str, probability: float, route: RouteName | None = None) -> None:
        """Makes a link lose segments."""
        ...

    def link_slow(self, source: str, to: str, extra_ms: float, route: RouteName | None = None) -> None:
        """Makes what is sent on a link arrive so many milliseconds later than declared; 0 ends that."""
        ...

    def routes(self) -> list[dict[str, Any]]:
        """The routes between continents as the processes see them now: one row per process, pair of regions and route.

        `from`, `to`, `process`, `route`, `active` (streams of the pair that send over it), `delay_ms` (half the last
        probe's round trip), `declared_ms` (half the declared one), `switches` of the pair since the process started.
        """
        ...

    def now_us(self) -> int:
        """The time of this world, microseconds."""
        ...

    def run_for(self, seconds: float) -> None:
        """Lets the world run."""
        ...

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Lets the world run until the condition holds; False when `timeout` seconds were not enough."""
        ...

    def treasury_seed(self, municipality: str) -> bytes:
        """Ed25519 seed (32 bytes) of the municipality's treasury account."""
        ...

    def submit(self, municipality: str, path: str, body: Any, token: str | None) -> Any:
        """Hands an order in; raises `Problem`."""
        ...

    def token(self, account: str, sign: Callable[[bytes], bytes]) -> str | None:
        """A token for an account, cached while it lives; None where the engine asks for none."""
        ...

    def transfer(self, municipality: str, order: str) -> dict[str, Any] | None:
        """State of a transfer at its source."""
        ...

    def follow(self, municipality: str, order: str, seen: Callable[[dict[str, Any]], bool], timeout: float) -> None:
        """Passes each state to `seen` as it changes until that answers True or the time is over."""
        ...

    def account(self, municipality: str, account: str) -> dict[str, Any] | None:
        """State of an account; None where it is not open."""
        ...

    def home(self, municipality: str, account: str) -> str | None:
        """Where an account lives that went from a municipality; None where it is there, or never was."""
        ...

    def ledgers(self) -> list[dict[str, Any]]:
        """What `GET /v1/ledger` tells, one entry per chain."""
        ...

    def measured_links(self, samples: int, spacing_ms: float = 25.0) -> list[dict[str, Any]]:
        """Delays of all links, measured now over the connections that messages use, a probe each `spacing_ms`."""
        ...

    def play(self, orders: Sequence[Planned]) -> Playing:
        """Begins to hand in orders, each at its time after the start, whatever becomes of those before it."""
        ...

    def states(self, orders: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """State of many transfers, given {id: source}; those unknown are missing."""
        ...

    def archived(self, orders: Sequence[str]) -> dict[str, dict[str, Any]] | None:
        """States of those transfers that the stores have, by id; None where the engine has no stores."""
        ...

    def documents(self, orders: Mapping[str, str]) -> dict[str, str | bytes]:
        """The complete receipt of each transfer, JSON that proves itself, given {id: source}; unknown ones missing."""
        ...

    def genesis_json(self) -> str | bytes:
        """The world's public genesis, which verifies receipts."""
        ...

    def certified(self, chain: str, height: int) -> set[str] | None:
        """Hashes of the certified blocks of a chain at a height: one, or none known. None where nobody can tell."""
        ...

    def collect(self, target: Path) -> None:
        """Leaves in a folder what there is to show of the processes: logs, use of the machine, why they ended."""
        ...

    def figures(self) -> dict[str, Any]:
        """What this way of running adds to the figures of a run."""
        ...

    def findings(self) -> list[Finding]:
        """What this way of running can check of the invariants by itself, once a scenario is over."""
        ...
