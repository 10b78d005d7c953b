"""One real world for the whole session, in a state directory of its own: local, or containers by --engine compose."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from globelet.engines.choice import LiveEngine, make
from globelet.engines.errors import EngineError, LinksUntrue
from globelet.engines.local import LocalEngine
from globelet.world import load
from globelet.world.resolved import ResolvedWorld

# What only one engine can show says so by its mark.
OTHERS_ONLY = {"local": "compose_only", "compose": "local_only"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what the chosen engine cannot show; said in the summary, and never both engines at once."""
    left_out = OTHERS_ONLY[config.getoption("--engine")]
    kept = [item for item in items if item.get_closest_marker(left_out) is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--engine"))


def start(engine: LiveEngine) -> None:
    """Brings a world up; on a slow machine every run measures its links for itself, and says so."""
    try:
        engine.up()
    except LinksUntrue as error:
        warnings.warn(str(error), stacklevel=2)


@pytest.fixture(scope="session")
def engine(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    root: Path = tmp_path_factory.mktemp("world") / "state"
    before = {name: os.environ.get(name) for name in ("GLOBELET_STATE", "GLOBELET_ENGINE")}
    os.environ |= {"GLOBELET_STATE": str(root), "GLOBELET_ENGINE": engine_name}
    made = make(engine_name, load("tokyo-paris"))
    try:
        try:
            start(made)
        except EngineError as error:
            # A skip would look like a pass.
            pytest.fail(f"the world that these tests need did not start: {error}", pytrace=False)
        yield made
    finally:
        made.down(wipe=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="session")
def instead(engine: LiveEngine) -> Callable[[ResolvedWorld, Path], AbstractContextManager[LocalEngine]]:
    """Has another local world up for a while: the session's world makes room, and is back afterwards."""

    @contextmanager
    def up(world: ResolvedWorld, state: Path) -> Iterator[LocalEngine]:
        engine.down()
        made = LocalEngine(world, state)
        try:
            start(made)
            yield made
        finally:
            made.down(wipe=True)
            start(engine)

    return up
