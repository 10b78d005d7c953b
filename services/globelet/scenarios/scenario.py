"""The decorator that makes a function a scenario, and finding it in a file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from globelet.scenarios.world import World

Body = Callable[["World"], None]


@dataclass(frozen=True)
class Scenario:
    """A named body, the world it wants, its seed, and the engines that have what it breaks; none named are all."""

    name: str
    world: str
    seed: int
    body: Body
    engines: tuple[str, ...] = ()

    def __call__(self, world: World) -> None:
        """Runs the body."""
        self.body(world)


class NoScenario(Exception):  # noqa: N818
    """The file holds no scenario, or cannot be read."""


def scenario(*, world: str = "tokyo-paris", seed: int = 1, engines: tuple[str, ...] = ()) -> Callable[[Body], Scenario]:
    """Marks a function `(world) -> None` as the scenario of its file; `engines` are those it can run on, if not all."""

    def mark(body: Body) -> Scenario:
        return Scenario(body.__name__, world, seed, body, engines)

    return mark


def load(path: Path) -> Scenario:
    """The scenario of a file. Raises `NoScenario` with the mend."""
    if not path.is_file():
        raise NoScenario(f"there is no file {path}; `ls scenarios` shows those that come with globelet")
    spec = importlib.util.spec_from_file_location(f"globelet_scenario_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise NoScenario(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise NoScenario(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [value for value in vars(module).values() if isinstance(value, Scenario)]
    if len(found) != 1:
        raise NoScenario(f"{path} holds {len(found)} scenarios; decorate exactly one function with @scenario(...)")
    return found[0]
