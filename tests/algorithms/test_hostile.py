"""Whatever it is given, a public function of the extension answers or refuses: it never panics, aborts or runs wild.

`GLOBELET_WALK_ROUNDS` makes each walk longer; another `GLOBELET_WALK_SEED` makes other calls.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import globelet._native as native

pytestmark = pytest.mark.algorithms

WALKER = Path(__file__).with_name("walker.py")
ROUNDS = int(os.environ.get("GLOBELET_WALK_ROUNDS", "1500"))
SEED = int(os.environ.get("GLOBELET_WALK_SEED", "1"))
MODULES = sorted(set(native.__all__) - {"AlgorithmError", "__version__"})
PATIENCE = 300


@pytest.mark.parametrize("name", MODULES)
def test_every_call_answers_or_refuses(name: str) -> None:
    walk = [sys.executable, str(WALKER), name, str(SEED), str(ROUNDS)]
    ended = subprocess.run(walk, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 0, f"{name}: exit {ended.returncode}\n{ended.stderr[-2_000:]}"
    # A walk that is refused everywhere has met nothing but the checks of types.
    assert int(ended.stdout) > ROUNDS // 100, f"{name}: {ended.stdout.strip()} of {ROUNDS} calls were answered"
