"""`globelet down` as a shell sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from globelet.engines.state import StateDirectory
from globelet.world import load

pytestmark = pytest.mark.unit


def test_it_names_the_world_that_the_state_directory_holds(tmp_path: Path) -> None:
    state = tmp_path / "state"
    StateDirectory(state).claim(load("elections"))
    command = [sys.executable, "-m", "globelet", "down", "--wipe", "--engine", "local", "--json"]
    here = os.environ | {"GLOBELET_STATE": str(state)}
    done = subprocess.run(command, env=here, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["world"] == "elections"
    assert "world elections is down" in done.stderr
    assert not state.exists()
