"""One Compose project: the plugin's commands, with what they say in a log."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from globelet.engines.errors import ComposeFailed, ImageMissing, Missing, NoDocker, OldDocker

OLDEST_COMPOSE = (2, 0)
_NO_IMAGE = re.compile(
    r"(pull access denied|manifest unknown|not found|no such host|failed to resolve|lookup |timeout)"
)
_IMAGE = re.compile(r"(?:image |for |Image )\"?([\w./-]+(?::[\w.-]+)?)")


def folder() -> Path:
    """`$GLOBELET_COMPOSE`, or `compose/` of the repository this package lies in. Raises `Missing`."""
    chosen = os.environ.get("GLOBELET_COMPOSE")
    found = Path(chosen) if chosen else Path(__file__).resolve().parents[3] / "compose"
    if not (found / "compose.yaml").is_file():
        raise Missing(
            f"{found / 'compose.yaml'} is not there; run from a clone of the repository, or name its folder "
            "in GLOBELET_COMPOSE"
        )
    return found


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version such as `v2.24.1-desktop.1` or `20.10.24+dfsg1`."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(int(number) for number in found.groups()) if found else (0, 0)


class ComposeProject:
    """`docker compose` on one project: its files, its environment files, its log."""

    def __init__(self, name: str, files: Sequence[Path], environments: Sequence[Path], log: Path) -> None:
        self.name, self._log = name, log
        self._words = ["docker", "compose", "--project-name", name, "--progress", "plain", "--ansi", "never"]
        for path in environments:
            self._words += ["--env-file", str(path)]
        for path in files:
            self._words += ["--file", str(path)]

    def check(self) -> None:
        """Raises `OldDocker` or `NoDocker` where there is no Compose of version 2 or later."""
        try:
            done = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True)  # noqa: S607
        except FileNotFoundError as error:
            raise NoDocker("the command docker is not installed") from error
        if done.returncode != 0:
            raise OldDocker("the Compose plugin of docker", "missing", "version 2")
        if version(done.stdout) < OLDEST_COMPOSE:
            raise OldDocker("the Compose plugin of docker", done.stdout.strip(), "version 2")

    def run(self, *words: str, timeout: float = 1800.0) -> str:
        """Runs a command of the plugin; returns what it printed. Raises `ComposeFailed` or `ImageMissing`."""
        try:
            done = subprocess.run([*self._words, *words], capture_output=True, text=True, timeout=timeout)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise ComposeFailed(words[0], f"took longer than {timeout:.0f} s", str(self._log)) from error
        with self._log.open("a") as log:
            log.write(f"$ docker compose {' '.join(words)}\n{done.stderr}")
        if done.returncode != 0:
            raise self._failure(words[0], done.stderr)
        return done.stdout

    def _failure(self, step: str, said: str) -> ComposeFailed | ImageMissing:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        why = next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "it said nothing")
        if _NO_IMAGE.search(why) and ("image" in said.lower() or "pull" in said.lower()):
            named = _IMAGE.search(why)
            return ImageMissing(named.group(1) if named else "of this project", why)
        return ComposeFailed(step, why, str(self._log))


def build_images(compose: Path, names: Sequence[str], *, mirror: bool, log: Path) -> None:
    """Builds images of our own by the script of their kind. Raises `ImageMissing` with its last word."""
    script = compose / ("mirror" if mirror else "build")
    short = sorted(name.removeprefix("globelet/").partition(":")[0] for name in names)
    with log.open("a") as out:
        status = subprocess.run([str(script), *short], stdout=out, stderr=out, check=False).returncode  # noqa: S603
    if status != 0:
        raise ImageMissing(names[0], f"`{script} {' '.join(short)}` ended with status {status}, see {log}")
