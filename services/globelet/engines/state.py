"""The state directory of one world: what lies where, and whose it is."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from globelet import __version__
from globelet.engines.errors import DamagedState, DiskFull, ForeignState, NotUp, OtherVersion, OtherWorld
from globelet.world.resolved import ResolvedWorld

# Of everything in the directory together: raise it whenever this version can't read what an older one wrote.
FORMAT = 4
_WIPE_BY_HAND = "restore it from a copy, or remove the directory and start anew"


@contextmanager
def room(path: Path) -> Iterator[None]:
    """Turns a full disk into `DiskFull`: what is inside writes there."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(path), os.strerror(error.errno)) from error
        raise


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
        """Makes the directory this world's. Raises `WrongState` where it is another's, `DiskFull` without room."""
        with room(self.root):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = self._mark()
        if mark is None:
            begun = {"world.json", "world.json.part", "globelet.json.part"}
            if any(path.name not in begun for path in self.root.iterdir()):
                raise ForeignState(
                    f"{self.root} is not empty and not a state directory of globelet; name another "
                    "one in GLOBELET_STATE"
                )
            # The mark comes last: a directory that carries it is whole.
            self.write("world.json", json.loads(world.to_json()))
            self.write("globelet.json", {"format": FORMAT, "version": __version__, "world": world.name})
        else:
            self._same(mark, world)
        with room(self.root):
            self.logs.mkdir(exist_ok=True)
            self.pids.mkdir(exist_ok=True)

    def _mark(self) -> dict[str, Any] | None:
        mark = self.read("globelet.json")
        if mark is None or isinstance(mark, dict):
            return mark
        raise DamagedState(f"{self.root / 'globelet.json'} is not the mark of a state directory; {_WIPE_BY_HAND}")

    def _same(self, mark: dict[str, Any], world: ResolvedWorld) -> None:
        wipe = f"`globelet down {world.name} --wipe` removes it, or name another directory in GLOBELET_STATE"
        if mark.get("format") != FORMAT:
            raise OtherVersion(
                f"{self.root} has format {mark.get('format')}, written by globelet {mark.get('version', 'unknown')}; "
                f"this is globelet {__version__}, which reads format {FORMAT}: run the version that wrote it; or {wipe}"
            )
        if mark.get("world") != world.name:
            raise OtherWorld(
                f"{self.root} holds world {mark.get('world')}, not {world.name}; "
                "name another directory in GLOBELET_STATE"
            )
        if self.read("world.json") != json.loads(world.to_json()):
            raise OtherWorld(f"world {world.name} has changed since {self.root} was made; {wipe}")

    def load_world(self, name: str) -> ResolvedWorld:
        """The world this directory was made for. Raises `NotUp` where there is none, `WrongState` where it can't be."""
        mark, world = self._mark(), self.read("world.json")
        if mark is None or world is None:
            raise NotUp(name)
        try:
            resolved = ResolvedWorld.model_validate(world)
        except ValidationError as error:
            if mark.get("format") == FORMAT:
                first = error.errors()[0]
                raise DamagedState(
                    f"{self.root / 'world.json'} is not a world: {first['msg']} at {first['loc']}; {_WIPE_BY_HAND}"
                ) from error
            raise OtherVersion(
                f"{self.root} has format {mark.get('format')}, written by globelet {mark.get('version', 'unknown')}; "
                f"this is globelet {__version__}, which reads format {FORMAT}: run the version that wrote it"
            ) from error
        if mark.get("format") != FORMAT or mark.get("world") != resolved.name:
            self._same(mark, resolved)
        return resolved

    def read(self, name: str) -> Any:
        """A JSON file of the state; None where there is none. Raises `DamagedState`."""
        path = self.root / name
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DamagedState(f"{path} is not JSON: {error}; {_WIPE_BY_HAND}") from error

    def write(self, name: str, value: Any) -> None:
        """Writes a JSON file whole or not at all. Raises `DiskFull`."""
        part = self.root / f"{name}.part"
        with room(part):
            part.write_text(json.dumps(value, indent=1) + "\n")
            part.replace(self.root / name)

    def wipe(self) -> None:
        """Removes everything; only a directory that carries the mark."""
        if (self.root / "globelet.json").exists():
            shutil.rmtree(self.root)
