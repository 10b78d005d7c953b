"""The containers of one Compose project, by service name, over the Docker engine's API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import psutil
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from globelet.engines.compose_project import version
from globelet.engines.engine import ProcessStatus
from globelet.engines.errors import DidNotStart, ImageMissing, NoDocker, OldDocker, TooLittleMemory, UnknownProcess
from globelet.engines.processes import usage

OLDEST_DOCKER = (20, 10)
_LABEL = "com.docker.compose"


class Containers:
    """Finds, breaks and watches the containers of a project. Raises `NoDocker` where no engine answers."""

    def __init__(self, project: str) -> None:
        self._project = project
        try:
            self._docker = docker.from_env(timeout=60)
            self._docker.ping()
        except (DockerException, OSError) as error:
            raise NoDocker(_reason(error)) from error

    def check(self, memory_gb: float) -> None:
        """Raises `OldDocker` or `TooLittleMemory`."""
        about = self._docker.info()
        found = str(about["ServerVersion"])
        if version(found) < OLDEST_DOCKER:
            raise OldDocker("the Docker engine", found, "20.10")
        if about["MemTotal"] / 1e9 < memory_gb:
            raise TooLittleMemory(about["MemTotal"] / 1e9, memory_gb)

    def has_image(self, name: str) -> bool:
        """Whether an image is here."""
        try:
            self._docker.images.get(name)
        except NotFound:
            return False
        return True

    def pull(self, name: str) -> None:
        """Fetches an image. Raises `ImageMissing`."""
        try:
            self._docker.images.pull(name)
        except (DockerException, OSError) as error:
            raise ImageMissing(name, _reason(error)) from error

    def all(self) -> dict[str, Container]:
        """Every container of the project, running or not, by service."""
        found = self._docker.containers.list(all=True, filters={"label": f"{_LABEL}.project={self._project}"})
        return {c.labels[f"{_LABEL}.service"]: c for c in found}

    def get(self, service: str) -> Container:
        """The container of a service. Raises `UnknownProcess`."""
        found = self.all()
        if service not in found:
            raise UnknownProcess(service, sorted(found))
        return found[service]

    def kill(self, services: Sequence[str]) -> None:
        """SIGKILL to all of them in one go; returns when all are dead."""
        found = self.all()

        def end(name: str) -> None:
            container = found[name]
            try:
                container.kill()
            except APIError as error:
                if error.status_code != 409:  # it does not run: it is as dead as it was to be
                    raise
            container.wait()

        with ThreadPoolExecutor(max_workers=max(1, len(services))) as pool:
            list(pool.map(end, services))

    def start(self, services: Sequence[str]) -> None:
        """Starts those that do not run, and lets those go on that are paused."""
        found = self.all()
        for name in services:
            if found[name].status == "paused":
                found[name].unpause()
            elif found[name].status != "running":
                found[name].start()

    def stop(self, services: Sequence[str]) -> None:
        """Asks them to end, and ends them after their grace period."""
        found = self.all()
        with ThreadPoolExecutor(max_workers=max(1, len(services))) as pool:
            list(pool.map(lambda name: found[name].stop(), services))

    def await_ready(self, service: str, ready: Callable[[], bool], timeout: float, logs: Path) -> None:
        """Waits until `ready`; raises `DidNotStart` with the container's last words when it ends before that."""
        end = time.monotonic() + timeout
        while not ready():
            container = self.get(service)
            if container.status in ("exited", "dead"):
                status = int(container.attrs["State"]["ExitCode"])
                raise DidNotStart(
                    service,
                    f"ended with status {status}: {last_words(container)}",
                    str(self.log(logs, service)),
                    status,
                )
            if time.monotonic() >= end:
                why = f"was not ready within {timeout:.0f} s: {health(container)}"
                raise DidNotStart(service, why, str(self.log(logs, service)))
            time.sleep(0.1)

    def healthy(self, service: str) -> bool:
        """Whether its health check says so; a service without one is healthy when it runs."""
        state = self.get(service).attrs["State"]
        return bool(state["Running"]) and state.get("Health", {}).get("Status", "healthy") == "healthy"

    def log(self, folder: Path, service: str) -> Path:
        """Writes the log of a container into a folder; returns the file."""
        path = folder / f"{service}.log"
        path.write_bytes(self.get(service).logs(tail=20_000))
        return path

    def rows(self, services: Sequence[str], nodes: Callable[[str], list[str]]) -> list[ProcessStatus]:
        """State and use of each, over a fifth of a second."""
        found = self.all()
        pids = {n: int(found[n].attrs["State"]["Pid"]) for n in services if n in found}
        before = {n: used(pid)[1] for n, pid in pids.items() if pid}
        began = time.monotonic()
        if before:
            time.sleep(0.2)
        span = max(0.05, time.monotonic() - began)
        rows = []
        for name in services:
            if not (pid := pids.get(name)):
                rows.append(ProcessStatus(name, None, nodes(name), container=_short(found.get(name))))
                continue
            rss, cpu = used(pid)
            percent = round(100 * max(0.0, cpu - before[name]) / span, 1)
            state, short = found[name].status, _short(found[name])
            rows.append(ProcessStatus(name, pid, nodes(name), round(rss, 1), percent, round(cpu, 3), state, short))
        return rows

    def show(self, folder: Path) -> None:
        """Leaves every log, and why each container ended if it did, in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        about = []
        for name, container in sorted(self.all().items()):
            self.log(folder, name)
            state = container.attrs["State"]
            pid = int(state["Pid"])
            rss, cpu = used(pid) if pid else (0.0, 0.0)
            about.append(
                {
                    "service": name,
                    "container": container.short_id,
                    "image": container.attrs["Config"]["Image"],
                    "state": state["Status"],
                    "exit_status": state["ExitCode"],
                    "out_of_memory": state["OOMKilled"],
                    "error": state["Error"],
                    "started": state["StartedAt"],
                    "finished": state["FinishedAt"],
                    "rss_mb": round(rss, 1),
                    "cpu_seconds": round(cpu, 2),
                }
            )
        (folder / "containers.json").write_text(json.dumps(about, indent=1) + "\n")


def used(pid: int) -> tuple[float, float]:
    """Resident megabytes and processor seconds of a container's first process and all it started."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0, 0.0
    each = [usage(process.pid) for process in family]
    return sum(rss for rss, _ in each), sum(cpu for _, cpu in each)


def last_words(container: Container) -> str:
    """The last line of its log."""
    lines = bytes(container.logs(tail=5)).decode(errors="replace").strip().splitlines()
    return str(lines[-1]) if lines else "it said nothing"


def health(container: Container) -> str:
    """What its last health check said, or its last words."""
    checks: list[dict[str, Any]] = container.attrs["State"].get("Health", {}).get("Log") or []
    said = str(checks[-1]["Output"]).strip() if checks else ""
    return said.splitlines()[-1] if said else last_words(container)


def _short(container: Container | None) -> str | None:
    return None if container is None else str(container.short_id)


def _reason(error: Exception) -> str:
    text = str(getattr(error, "explanation", None) or error)
    if "Permission denied" in text:
        return "this user may not talk to it (join the group docker)"
    return "nothing listens at its socket" if "FileNotFound" in text or "Connection" in text else text
