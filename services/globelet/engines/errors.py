"""What can go wrong with an engine, each with the mend and the exit status of the command line."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations

from collections.abc import Sequence


class EngineError(Exception):
    """Base: a stable `code`, a sentence that names the mend, and the `exit_status` of a command that meets it."""

    code, exit_status = "engine", 1

    def __str__(self) -> str:
        return f"{super().__str__()} [{self.code}]"


class PortTaken(EngineError):
    """Somebody else listens on a port the world needs."""

    code, exit_status = "port_taken", 4

    def __init__(self, port: int, wanted_by: str, holder: str) -> None:
        super().__init__(
            f"port {port}, needed by {wanted_by}, is taken by {holder}; stop that, or give the world other ports"
        )
        self.port, self.holder = port, holder


class Missing(EngineError):
    """Something needed is not there."""

    code, exit_status = "missing", 4


class DiskFull(EngineError):
    """No room, or no quota, where the state lies."""

    code, exit_status = "disk_full", 4

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"{path} cannot be written: {why}; make room there, then start again: nothing promised is lost"
        )


class WrongState(EngineError):
    """The state directory is not one that this world and this version can use."""

    code, exit_status = "wrong_state", 2


class ForeignState(WrongState):
    """The directory holds things that globelet did not put there."""

    code = "foreign_state"


class OtherWorld(WrongState):
    """The state belongs to another world, or to this one as it was before its file changed."""

    code = "other_world"


class OtherVersion(WrongState):
    """The state was written in a format that this version does not read."""

    code = "other_version"


class DamagedState(WrongState):
    """A file of the state cannot be read back."""

    code = "damaged_state"


class NotUp(EngineError):
    """The world does not run."""

    code, exit_status = "not_up", 4

    def __init__(self, world: str) -> None:
        super().__init__(f"world {world} is not up; `globelet up {world}` starts it")


class UnknownProcess(EngineError):
    """No process, or no region, of that name."""

    code, exit_status = "unknown_process", 2

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no {name!r} in this world; it has {', '.join(known)}")


class DidNotStart(EngineError):
    """A process ended, or did not become ready. Its own exit status counts where it has a meaning."""

    code, exit_status = "did_not_start", 1

    def __init__(self, name: str, why: str, log: str, status: int | None = None) -> None:
        super().__init__(f"{name} {why}; its log is {log}")
        if status in (2, 4):
            self.exit_status = status


class EmulatorFailed(EngineError):
    """The link emulator refused, or does not answer."""

    code, exit_status = "emulator_failed", 4

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"the link emulator at {url} failed: {why}; `globelet up` starts it if it is down")


class NoDocker(EngineError):
    """No Docker engine answers, or not with this user's rights."""

    code, exit_status = "no_docker", 4

    def __init__(self, why: str) -> None:
        super().__init__(
            f"no Docker engine answers: {why}; start it (`.ci/install-docker` installs and starts one on Debian), "
            "or use --engine local, which needs none"
        )


class OldDocker(EngineError):
    """Docker, or its Compose plugin, is missing or too old."""

    code, exit_status = "old_docker", 4

    def __init__(self, what: str, found: str, needed: str) -> None:
        super().__init__(
            f"{what} is {found} and {needed} or newer is needed; upgrade it (`.ci/install-docker` does so on Debian), "
            "or use --engine local"
        )


class TooLittleMemory(EngineError):
    """The Docker engine has less memory than the containers may take."""

    code, exit_status = "too_little_memory", 4

    def __init__(self, found_gb: float, needed_gb: float) -> None:
        super().__init__(
            f"Docker has {found_gb:.1f} GB of memory and this world needs {needed_gb:.1f} GB; "
            "give it more, or use --engine local"
        )


class ImageMissing(EngineError):
    """An image is not here and cannot be had."""

    code, exit_status = "image_missing", 4

    def __init__(self, image: str, why: str) -> None:
        super().__init__(
            f"the image {image} cannot be had: {why}; `make up MIRROR=1` builds every image from package registries, "
            "or name another one in compose/.env"
        )


class ComposeFailed(EngineError):
    """The Compose plugin refused or failed."""

    code, exit_status = "compose_failed", 1

    def __init__(self, step: str, why: str, log: str) -> None:
        super().__init__(f"docker compose {step} failed: {why}; its log is {log}")


class LinksUntrue(EngineError):
    """The links do not have the delays they were declared with."""

    code, exit_status = "links_untrue", 1

    def __init__(self, worst: str) -> None:
        super().__init__(
            f"the links are not as declared: {worst}; the machine is too busy to keep these times: "
            "stop what else runs on it, then `globelet up` again; the world itself is up"
        )


class WrongEngine(EngineError):
    """There is no engine of that name."""

    code, exit_status = "wrong_engine", 2

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no engine {name!r}; one of {', '.join(known)}")


class NoSuchRoute(EngineError):
    """A pair of regions without that route."""

    code, exit_status = "no_such_route", 2

    def __init__(self, source: str, to: str, route: str, known: Sequence[str]) -> None:
        super().__init__(
            f"there is no route {route!r} from {source} to {to}; there is {' and '.join(known)}: the internet is the "
            "second one between two continents, unless the world file has it disabled"
        )
