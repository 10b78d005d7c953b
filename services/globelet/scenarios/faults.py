"""Handles on what a scenario can break, and the record of what it broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from globelet.engines.engine import Engine


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
    """Some directed links between regions."""

    def __init__(self, pairs: list[tuple[str, str]], engine: Engine, log: FaultLog) -> None:
        self.pairs, self._engine, self._log = pairs, engine, log

    def down(self, seconds: float | None = None) -> None:
        """Cuts them; for `seconds` if given, else until `up`."""
        for source, to in self.pairs:
            self._log.note("link_down", source=source, to=to)
            self._engine.link_down(source, to)
        if seconds is not None:
            self._engine.run_for(seconds)
            self.up()

    def loss(self, probability: float) -> None:
        """Makes them lose segments."""
        for source, to in self.pairs:
            self._log.note("link_loss", source=source, to=to, probability=probability)
            self._engine.link_loss(source, to, probability)

    def up(self) -> None:
        """Makes them as they were declared."""
        for source, to in self.pairs:
            self._engine.link_up(source, to)
            self._log.note("link_up", source=source, to=to)
