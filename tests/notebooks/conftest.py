"""The live world that the notebooks run on: the one GLOBELET_ENGINE says is up, else one made for these tests."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from globelet.analysis import running
from globelet.engines.choice import LiveEngine, make
from globelet.engines.errors import EngineError, LinksUntrue
from globelet.world import load


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    if os.environ.get("GLOBELET_ENGINE"):
        yield running()
        return
    name = str(request.config.getoption("--engine"))
    root: Path = tmp_path_factory.mktemp("world") / "state"
    before = os.environ.get("GLOBELET_STATE")
    os.environ |= {"GLOBELET_STATE": str(root), "GLOBELET_ENGINE": name}
    made = make(name, load("tokyo-paris"))
    try:
        try:
            made.up()
        except LinksUntrue as error:
            warnings.warn(str(error), stacklevel=1)
        except EngineError as error:
            # A skip would look like a pass.
            pytest.fail(f"the world that the notebooks need did not start: {error}", pytrace=False)
        yield made
    finally:
        made.down(wipe=True)
        del os.environ["GLOBELET_ENGINE"], os.environ["GLOBELET_STATE"]
        if before is not None:
            os.environ["GLOBELET_STATE"] = before
