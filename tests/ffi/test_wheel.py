"""The wheel alone: installed without extras into a fresh environment, used from a folder that is not the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.ffi

WHEELS = Path(__file__).parents[2] / "target" / "wheels"


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and what it asks for, and a folder to work in."""

    bin: Path
    folder: Path

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "GLOBELET"))}
        return subprocess.run(
            [self.bin / program, *words], cwd=self.folder, env=clean, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    wheels = sorted(WHEELS.glob("globelet-*.whl"))
    assert len(wheels) == 1, f"{WHEELS} must hold one wheel; `make wheel` builds it"
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    made = Installed(place / "venv" / "bin", place)
    done = made.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheels[0]))
    assert done.returncode == 0, done.stderr
    return made


def test_the_package_and_its_extension_are_those_of_the_wheel(installed):
    code = (
        "import globelet, globelet._native as n, globelet._native.types as t\n"
        "print(globelet.__file__, n.__file__, t.blake3(b'').hex()[:8])"
    )
    done = installed.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    package, extension, hashed = done.stdout.split()
    assert package.startswith(str(installed.folder))
    assert extension.startswith(str(installed.folder))
    assert hashed == "af1349b9"


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("world", "--help")])
def test_the_command_line_starts(installed, words):
    done = installed.run("globelet", *words)
    assert done.returncode == 0, done.stderr
    assert "Usage: globelet" in done.stdout


@pytest.mark.parametrize("world", ["tokyo-paris", "earth"])
def test_its_worlds_and_their_data_came_along(installed, world):
    done = installed.run("globelet", "world", "check", world)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_world_is_written_and_checked(installed):
    made = installed.run("globelet", "world", "new", "--name", "mine", "tokyo", "paris", "--out", "mine.yaml")
    assert made.returncode == 0, made.stdout + made.stderr
    assert installed.run("globelet", "world", "check", "mine.yaml").returncode == 0


def test_a_scenario_runs_in_virtual_time(installed):
    (installed.folder / "one.py").write_text(
        "from globelet import World, scenario\n\n"
        "@scenario(world='tokyo-paris', seed=3)\n"
        "def one(world: World) -> None:\n"
        "    alice, bob = world.account('tokyo', balance=100), world.account('paris')\n"
        "    alice.send(bob, 10).wait('credited')\n"
        "    world.expect('bob', bob.balance, equals=10)\n"
    )
    done = installed.run("globelet", "run", "one.py", "--engine", "simulator", "--json", "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] == "pass"


def test_without_the_rust_programs_a_live_world_says_what_is_missing(installed):
    done = installed.run("globelet", "up", "tokyo-paris")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "globelet-node" in done.stdout + done.stderr
