"""What can go wrong with a swarm, each with the mend."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations

from globelet.engines.errors import EngineError


class NoSwarm(EngineError):
    """The Docker engine is not a manager of a swarm."""

    code, exit_status = "no_swarm", 4

    def __init__(self, found: str) -> None:
        super().__init__(
            f"this Docker engine is no manager of a swarm (it is {found}): `docker swarm init` makes it one, "
            "or name a manager's address in DOCKER_HOST"
        )


class Unplaced(EngineError):
    """No node of the swarm has the label that a service needs."""

    code, exit_status = "unplaced", 4

    def __init__(self, service: str, label: str, nodes: list[str]) -> None:
        super().__init__(
            f"no node has the label {label}, which {service} needs: "
            f"`docker node update --label-add {label}=true NODE`, of {', '.join(nodes)}"
        )


class TooLarge(EngineError):
    """A file is larger than a swarm carries."""

    code, exit_status = "too_large", 2

    def __init__(self, path: str, size: int, most: int) -> None:
        super().__init__(f"{path} has {size} bytes and a swarm carries {most}: make the world smaller")


class NotForSwarm(EngineError):
    """A part of the Compose files has no counterpart in a swarm."""

    code, exit_status = "not_for_swarm", 2

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"the service {service} cannot run in a swarm: {why}; leave its overlay out")


class StackFailed(EngineError):
    """Docker refused or failed."""

    code, exit_status = "stack_failed", 1

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"docker {step} failed: {why}")


class NotSettled(EngineError):
    """Services of the stack did not come up in time."""

    code, exit_status = "not_settled", 1

    def __init__(self, waited: float, missing: list[str]) -> None:
        super().__init__(
            f"after {waited:.0f} s these do not run: {'; '.join(missing)}; "
            "`docker stack ps --no-trunc` and `docker service logs` say more"
        )


class ByDocker(EngineError):
    """Something that globelet leaves to Docker in a swarm."""

    code, exit_status = "by_docker", 2


class ClocksApart(EngineError):
    """Two machines of the swarm have times further from each other than the world accepts."""

    code, exit_status = "clocks_apart", 4

    def __init__(self, process: str, peer: str, ahead: float, bound: float) -> None:
        side = "ahead of" if ahead > 0 else "behind"
        super().__init__(
            f"the clock of {peer} is at least {abs(ahead):.1f} s {side} that of {process}, and this world accepts "
            f"{bound:.1f} s: set the clocks of their machines alike (by NTP: `chronyc makestep`), then restart what "
            "had the wrong one: `docker service update --force`"
        )


class NotDeployed(EngineError):
    """The world is in no swarm that this state directory knows of."""

    code, exit_status = "not_deployed", 4

    def __init__(self, world: str) -> None:
        super().__init__(f"world {world} is not deployed; `globelet swarm up {world}` does it")
