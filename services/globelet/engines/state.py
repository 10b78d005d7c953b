"""The state directory of one world: what lies where, and whose it is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from globelet.engines.errors import NotUp, WrongState
from globelet.world.resolved import ResolvedWorld

FORMAT = 1


def default_root(world: str) -> Path:
    """`$GLOBELET_STATE`, or `~/.globelet/<world>`."""
    chosen = os.environ.get("GLOBELET_STATE")
    return Path(chosen) if chosen else Path.home() / ".globelet" / world


class StateDirectory:
    """Paths of a world's state, the mark that says whose it is, and small files written whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs, self.pids = root / "logs", root / "pids"

    def claim(self, world: ResolvedWorld) -> None:
        """Makes the directory this world's. Raises `WrongState` where it is another's."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = self.read("globelet.json")
        if mark is None:
            if any(self.root.iterdir()):
                raise WrongState(
                    f"{self.root} is not empty and not a state directory of globelet; name another "
                    "one in GLOBELET_STATE"
                )
            self.write("globelet.json", {"format": FORMAT, "world": world.name})
            self.write("world.json", json.loads(world.to_json()))
        else:
            self._same(mark, world)
        self.logs.mkdir(exist_ok=True)
        self.pids.mkdir(exist_ok=True)

    def _same(self, mark: Any, world: ResolvedWorld) -> None:
        wipe = f"`globelet down {world.name} --wipe` removes it, or name another directory in GLOBELET_STATE"
        if mark.get("format") != FORMAT:
            raise WrongState(f"{self.root} has format {mark.get('format')}, this version reads {FORMAT}; {wipe}")
        if mark.get("world") != world.name:
            raise WrongState(
                f"{self.root} holds world {mark.get('world')}, not {world.name}; "
                "name another directory in GLOBELET_STATE"
            )
        if self.read("world.json") != json.loads(world.to_json()):
            raise WrongState(f"world {world.name} has changed since {self.root} was made; {wipe}")

    def load_world(self, name: str) -> ResolvedWorld:
        """The world this directory was made for. Raises `NotUp` where there is none."""
        mark, world = self.read("globelet.json"), self.read("world.json")
        if mark is None or world is None:
            raise NotUp(name)
        resolved = ResolvedWorld.model_validate(world)
        if mark.get("format") != FORMAT or mark.get("world") != resolved.name:
            self._same(mark, resolved)
        return resolved

    def read(self, name: str) -> Any:
        """A JSON file of the state; None where there is none."""
        path = self.root / name
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, name: str, value: Any) -> None:
        """Writes a JSON file whole or not at all."""
        part = self.root / f"{name}.part"
        part.write_text(json.dumps(value, indent=1) + "\n")
        part.replace(self.root / name)

    def wipe(self) -> None:
        """Removes everything; only a directory that carries the mark."""
        if self.read("globelet.json") is not None:
            shutil.rmtree(self.root)
