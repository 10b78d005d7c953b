"""The `.pyi` files say what the extension holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ffi


def test_stubs_match_the_extension() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "globelet._native"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
