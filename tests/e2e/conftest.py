"""One real world for the whole session, in a state directory of its own: local, or containers by --engine compose."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from globelet.engines.choice import LiveEngine, make
from globelet.engines.errors import EngineError, LinksUntrue
from globelet.world import load

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


@pytest.fixture(scope="session")
def engine(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    root: Path = tmp_path_factory.mktemp("world") / "state"
    before = {name: os.environ.get(name) for name in ("GLOBELET_STATE", "GLOBELET_ENGINE")}
    os.environ |= {"GLOBELET_STATE": str(root), "GLOBELET_ENGINE": engine_name}
    made = make(engine_name, load("tokyo-paris"))
    try:
        try:
            made.up()
        except LinksUntrue as error:
            # A slow machine: every run measures its links for itself, and says so.
            warnings.warn(str(error), stacklevel=1)
        except EngineError as error:
            # A skip would look like a pass.
            pytest.fail(f"the world that these tests need did not start: {error}", pytrace=False)
        yield made
    finally:
        made.down(wipe=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
