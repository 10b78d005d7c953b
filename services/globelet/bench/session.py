"""What the benchmarks of one run share: a world of their own, the loads played in it, the costs of kernels."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import httpx

from globelet.bench.kernels import Costs
from globelet.bench.load import Load, Player, mixes
from globelet.bench.metrics import Counts
from globelet.bench.threads import Spent, minus, spent
from globelet.engines.engine import Progress, silent
from globelet.engines.local import LocalEngine
from globelet.scenarios.truth import judge
from globelet.scenarios.world import World
from globelet.world import load as load_world

RATES = (10, 100, 500)
PATIENCE = 30.0
"""Seconds that a world has to come to rest after a load."""
OTHERS = 0.1
"""Processors that other programs may keep busy before a run says so."""


@dataclass
class _Place:
    """A running world, and where its state lies."""

    folder: Path
    engine: LocalEngine
    world: World
    pids: dict[str, int]
    player: Player | None = None


class Session:
    """Starts the world when something first asks for it, plays each load once, and leaves nothing behind."""

    def __init__(self, world: str, *, quick: bool, seconds: float | None = None, progress: Progress = silent) -> None:
        self.quick, self.progress, self._name = quick, progress, world
        self.seconds = seconds or (5.0 if quick else 20.0)
        self.notes: list[str] = []
        self.fresh: dict[str, float] = {}
        self.transfers = 0
        self._loads: dict[tuple[str, float], Load] = {}
        self._place: _Place | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        if self._place is not None:
            self._place.engine.down(wipe=True)
            shutil.rmtree(self._place.folder, ignore_errors=True)
            self._place = None

    def _start(self) -> _Place:
        folder = Path(tempfile.mkdtemp(prefix="globelet-bench-"))
        engine = LocalEngine(load_world(self._name), folder / "state")
        # Noted before it is up, so that what did not come up all the way is ended too.
        self._place = place = _Place(folder, engine, World(engine, 1), {})
        engine.up(self.progress)
        processes = engine.status().processes
        place.pids |= {p.name: p.pid for p in processes if p.pid}
        self.fresh = {p.name: p.rss_mb for p in processes}
        place.player = Player(place.world, self.used, self.counts)
        self._look_at_links(engine)
        return place

    @property
    def _here(self) -> _Place:
        return self._place or self._start()

    @property
    def world(self) -> World:
        """The world, up."""
        return self._here.world

    @property
    def pids(self) -> dict[str, int]:
        """Processes of the world by name."""
        return self._here.pids

    def _look_at_links(self, engine: LocalEngine) -> None:
        found = judge(engine.world, [engine.measured_links(20)])
        off = [f"{k.source} → {k.to}" for k in found if not k.within_tolerance]
        if off or not found:
            self.notes.append(f"links were not what the world declares: {', '.join(off) or 'none was measured'}")

    def used(self) -> Spent:
        """Processor seconds so far, by process and thread."""
        return spent(self.pids)

    def counts(self) -> Counts:
        """What the nodes have counted so far."""
        urls = [f"http://{p.host}:{p.http_port}/metrics" for p in self._here.engine.world.processes]
        return Counts.read(httpx.get(url, timeout=30.0, trust_env=False).raise_for_status().text for url in urls)

    @cached_property
    def idle(self) -> Spent:
        """Processor seconds per second of a world at rest. Look before loads are played."""
        self.world.run_for(1.0)
        before, began = self.used(), time.monotonic()
        self.progress("a world at rest", 0, 1)
        self.world.run_for(min(10.0, self.seconds))
        span = time.monotonic() - began
        return {key: value / span for key, value in minus(self.used(), before).items()}

    def load(self, mix: str, rate: float) -> Load:
        """The load of this mix and rate, played now or before."""
        key = mix, rate
        if key not in self._loads:
            self._loads[key] = found = self._play(f"{mix} at {rate:g}/s", mix, rate, self.seconds)
            if mix == "light" and found.rested:
                self.world.settle(found.receipts, 40.0, "archived")
        return self._loads[key]

    def trial(self, mix: str, rate: float) -> Load:
        """A shorter load that is not kept."""
        return self._play(f"{mix} at {rate:.0f}/s, a trial", mix, rate, self.seconds * 0.4)

    def _play(self, what: str, mix: str, rate: float, seconds: float) -> Load:
        idle, player = sum(self.idle.values()), self._here.player
        assert player is not None, "a world that is up has its player"
        self.progress(what, 0, 1)
        load = player.play(mixes(self.world)[mix], rate, seconds, idle, PATIENCE)
        self.transfers += load.sent
        if load.others > OTHERS:
            self.notes.append(f"{what}: other programs kept {load.others:.2f} processors busy; its times are too long")
        if not load.rested:
            self.notes.append(
                f"{what}: more than this machine carries; still at work {PATIENCE:g} s after the last order"
            )
            self._end()  # what comes next must not pay for it
            self.transfers = 0
        return load

    @cached_property
    def costs(self) -> Costs:
        """Seconds of single operations, on this machine, now."""
        return Costs(quick=self.quick)
