"""Toxiproxy's own Go client, unchanged, against the emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.links

CLIENT = Path(__file__).parent / "goclient"


def test_the_go_client_works_unchanged(emulator_url):
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on this machine: put go 1.24 or newer on PATH")
    command = [go, "test", "-count=1", "-v", "./..."]
    environment = {**os.environ, "TOXIPROXY_URL": emulator_url}
    done = subprocess.run(command, cwd=CLIENT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = done.stdout.count("\n--- PASS") + done.stdout.startswith("--- PASS")
    assert passed == (CLIENT / "client_test.go").read_text().count("\nfunc Test"), done.stdout
