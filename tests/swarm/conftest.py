"""Two Docker engines of this test alone, a world deployed over both, and a client inside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from globelet.engines.errors import EngineError
from globelet.engines.swarm_deployment import SwarmDeployment
from globelet.world import load

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "compose" / "swarm-two"
FOLDER = "/var/lib/globelet-swarm-test"
# The chains, the links and identity: a world commits, credits and anchors without its stores.
IMAGES = ("CHAIN", "SERVICES")
OTHERS = ("globelet/mirror-toxiproxy:latest", "globelet/mirror-redis:latest")


class Engines:
    """The two engines, by the script that people use."""

    def __init__(self) -> None:
        own = [os.environ.get(f"GLOBELET_{name}_IMAGE", f"globelet/{name.lower()}:latest") for name in IMAGES]
        self._environment = {**os.environ, "FOLDER": FOLDER, "IMAGES": " ".join([*own, *OTHERS])}
        self._environment.pop("DOCKER_HOST", None)

    def run(self, *words: str) -> str:
        """One word of the script; a refusal fails the test with its sentence."""
        done = subprocess.run([SCRIPT, *words], env=self._environment, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            pytest.fail(f"compose/swarm-two {' '.join(words)}: {done.stderr.strip()}", pytrace=False)
        return done.stdout.strip()


class Client:
    """The session in a container on the world's network."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, order: str, **words: Any) -> Any:
        """Gives an order and returns its answer; an error is an AssertionError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": order, **words}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the client container ended with {self._process.wait()} at {order}"
        told = json.loads(line)
        assert "error" not in told, f"{order} {words}: {told['error']}"
        return told["answer"]

    def close(self) -> None:
        """Ends the container."""
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    if shutil.which("dockerd") is None or subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        # A skip would look like a pass.
        pytest.fail("no Docker engine answers here: .ci/install-docker installs and starts one", pytrace=False)
    made = Engines()
    made.run("down")
    try:
        made.run("up")
        yield made
    finally:
        made.run("down")


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, float]]:
    """Seconds of what was waited for, told at the end (`pytest -s`)."""
    found: dict[str, float] = {}
    yield found
    sys.stderr.write("\n" + json.dumps({name: round(value, 3) for name, value in found.items()}) + "\n")


@pytest.fixture(scope="module")
def deployed(
    engines: Engines, figures: dict[str, float], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SwarmDeployment]:
    before = {name: os.environ.get(name) for name in ("DOCKER_HOST", "GLOBELET_STATE")}
    os.environ |= {"DOCKER_HOST": engines.run("env", "one")}
    try:
        root = tmp_path_factory.mktemp("swarm") / "state"
        made = SwarmDeployment(load("tokyo-paris"), root, mirror=True, stores=False)
        began = time.monotonic()
        try:
            made.deploy()
        except EngineError as error:
            pytest.fail(f"the world did not start: {error}", pytrace=False)
        figures["deploy_s"] = time.monotonic() - began
        yield made
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def client(deployed: SwarmDeployment) -> Iterator[Client]:
    here = ["--interactive", "--volume", f"{Path(__file__).parent}:/session:ro"]
    made = Client(deployed.client(["python", "/session/session.py", deployed.world.name], here))
    yield made
    made.close()
