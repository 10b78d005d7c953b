"""Handles on what a scenario can break, and the record of what it broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from globelet.engines.engine import Engine
from globelet.world.resolved import RouteName


@dataclass
class FaultLog:
    """Every fault, when it was made, in the world's time."""

    engine: Engine
    entries: list[dict[str, Any]] = field(default_factory=list)

    def note(self, what: str, **about: Any) -> None:
        """Adds one."""
        self.entries.append({"at_us": self.engine.now_us(), "fault": what, **about})


class ProcessHandle:
    """One process of the world."""

    def __init__(self, name: str, engine: Engine, log: FaultLog, before: Callable[[], None]) -> None:
        self.name, self._engine, self._log, self._before = name, engine, log, before

    def kill(self) -> None:
        """Ends it at once."""
        self._before()
        self._log.note("kill", process=self.name)
        self._engine.kill(self.name)

    def stop(self) -> None:
        """Asks it to end and waits until it has."""
        self._before()
        self._log.note("stop", process=self.name)
        self._engine.stop(self.name)

    def restart(self) -> None:
        """Starts it again and waits until it is ready."""
        self._engine.restart(self.name)
        self._log.note("restart", process=self.name)

    def pause(self) -> None:
        """Freezes it."""
        self._log.note("pause", process=self.name)
        self._engine.pause(self.name)

    def resume(self) -> None:
        """Lets it go on."""
        self._engine.resume(self.name)
        self._log.note("resume", process=self.name)


class LinkHandle:
    """Some directed links between regions; all of each, or one of its routes."""

    def __init__(
        self, pairs: list[tuple[str, str]], engine: Engine, log: FaultLog, route: RouteName | None = None
    ) -> None:
        self.pairs, self.route, self._engine, self._log = pairs, route, engine, log

    def _note(self, what: str, source: str, to: str, **about: Any) -> None:
        named = {} if self.route is None else {"route": self.route}
        self._log.note(what, source=source, to=to, **named, **about)

    def down(self, seconds: float | None = None) -> None:
        """Cuts them; for `seconds` if given, else until `up`."""
        for source, to in self.pairs:
            self._note("link_down", source, to)
            self._engine.link_down(source, to, self.route)
        if seconds is not None:
            self._engine.run_for(seconds)
            self.up()

    def loss(self, probability: float) -> None:
        """Makes them lose segments."""
        for source, to in self.pairs:
            self._note("link_loss", source, to, probability=probability)
            self._engine.link_loss(source, to, probability, self.route)

    def slow(self, factor: float | None = None, *, extra_ms: float | None = None) -> None:
        """Delays what is sent on them: `factor` times as long as declared, or by `extra_ms` more."""
        if (factor is None) == (extra_ms is None) or (factor or 1.0) < 1.0 or (extra_ms or 0.0) < 0.0:
            raise ValueError("slow needs a factor of at least 1, or extra_ms of at least 0")
        for source, to in self.pairs:
            declared = self._engine.world.link(source, to, self.route or "backbone").delay_us / 1000
            extra = extra_ms if extra_ms is not None else ((factor or 1.0) - 1.0) * declared
            self._note("link_slow", source, to, extra_ms=round(extra, 3))
            self._engine.link_slow(source, to, extra, self.route)

    def up(self) -> None:
        """Makes them as they were declared."""
        for source, to in self.pairs:
            self._engine.link_up(source, to, self.route)
            self._note("link_up", source, to)
