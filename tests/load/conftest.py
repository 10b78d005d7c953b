"""The modules of scenarios/load, and one real local world for the whole session."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from globelet.engines.errors import Missing, PortTaken
from globelet.engines.local import LocalEngine
from globelet.world import load

LOAD = Path(__file__).resolve().parents[2] / "scenarios" / "load"
sys.path[:0] = [str(LOAD), str(Path(__file__).resolve().parent)]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    root: Path = tmp_path_factory.mktemp("world") / "state"
    before = os.environ.get("GLOBELET_STATE")
    os.environ["GLOBELET_STATE"] = str(root)
    made = LocalEngine(load("tokyo-paris"))
    try:
        try:
            made.up()
        except (Missing, PortTaken) as error:
            # A skip would look like a pass.
            pytest.fail(f"the world that these tests need did not start: {error}", pytrace=False)
        yield made
    finally:
        made.down(wipe=True)
        if before is None:
            del os.environ["GLOBELET_STATE"]
        else:
            os.environ["GLOBELET_STATE"] = before
