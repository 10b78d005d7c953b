"""What can go wrong with an engine, each with the mend and the exit status of the command line."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations


class EngineError(Exception):
    """Base: a stable `code`, a sentence that names the mend, and the `exit_status` of a command that meets it."""

    code, exit_status = "engine", 1


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


class WrongState(EngineError):
    """The state directory belongs to another world or another format."""

    code, exit_status = "wrong_state", 2


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
    """A process ended, or did not become ready."""

    code, exit_status = "did_not_start", 1

    def __init__(self, name: str, why: str, log: str, status: int | None = None) -> None:
        super().__init__(f"{name} {why}; its log is {log}")
        if status == 4:
            self.exit_status = 4


class EmulatorFailed(EngineError):
    """The link emulator refused, or does not answer."""

    code, exit_status = "emulator_failed", 4

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"the link emulator at {url} failed: {why}; `globelet up` starts it if it is down")
