"""The stack file of a world: what `docker compose config` says, as `docker stack deploy` takes it.

Compose's files stay the one source. What a swarm does otherwise is changed here: folders of this machine become
volumes, secrets and configs, limits and restarts go under `deploy`, nothing is published unless asked for, and each
service has its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from globelet.engines.stack_files import Files
from globelet.engines.stack_places import constraints
from globelet.world.resolved import ResolvedWorld

# What means the same to both. Compose's project name, profiles, waiting for others, shares of a processor and options
# of security have no counterpart in a stack file.
_ALIKE = (
    "image",
    "user",
    "working_dir",
    "read_only",
    "init",
    "cap_add",
    "cap_drop",
    "sysctls",
    "ulimits",
    "stop_signal",
    "stop_grace_period",
    "logging",
)
_TMPFS_BYTES = 64 << 20
# Docker asks for the first time after one interval, and no name is told before the answer is good.
_FIRST_LOOK = "10s"


@dataclass(frozen=True)
class StackOptions:
    """What `globelet swarm up` decides: the stack's name, whether ports are published, the node of each service."""

    name: str
    publish: bool = False
    homes: Mapping[str, str] | None = None


def stack_file(config: Mapping[str, Any], world: ResolvedWorld, options: StackOptions) -> dict[str, Any]:
    """The stack of a world from its merged Compose configuration. Raises `TooLarge`, `NotForSwarm`."""
    files = Files(options.name)
    volumes: dict[str, Any] = {}
    services = {
        name: _service(name, service, world, options, files, volumes)
        for name, service in sorted(config["services"].items())
    }
    return {
        "version": "3.9",
        "services": services,
        # Attachable: clients come in by a container of their own.
        "networks": {"earth": {"driver": "overlay", "attachable": True}},
        "volumes": volumes,
        "configs": files.configs,
        "secrets": files.secrets,
    }


def turns(now: Mapping[str, Any], wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The stack files that lead from what is deployed to what is wanted, one changed service after the other.

    One `docker stack deploy` would update all services at once.
    """
    kept = {kind: {**now.get(kind, {}), **wanted[kind]} for kind in ("volumes", "configs", "secrets")}
    services = dict(now["services"])
    for name, service in wanted["services"].items():
        if services.get(name, service) != service:
            services[name] = service
            yield {**wanted, **kept, "services": dict(services)}
    yield wanted


def _service(
    name: str,
    service: Mapping[str, Any],
    world: ResolvedWorld,
    options: StackOptions,
    files: Files,
    volumes: dict[str, Any],
) -> dict[str, Any]:
    made: dict[str, Any] = {name: service[name] for name in _ALIKE if service.get(name) is not None}
    made |= _program(service)
    made["networks"] = ["earth"]
    if environment := {k: v for k, v in (service.get("environment") or {}).items() if v is not None}:
        made["environment"] = environment
    if labels := {k: v for k, v in (service.get("labels") or {}).items() if k != "globelet.state"}:
        made["labels"] = labels
    if check := service.get("healthcheck"):
        made["healthcheck"] = {**check, "interval": _sooner(str(check.get("interval", _FIRST_LOOK)))}
    mounts = _mounts(name, service, files.of(name, service), volumes)
    made |= {kind: found for kind, found in mounts.items() if found}
    if options.publish and (ports := service.get("ports")):
        # By the node itself: an answer for a person comes from the machine where the service runs.
        made["ports"] = [
            {"target": p["target"], "published": int(p["published"]), "protocol": "tcp", "mode": "host"} for p in ports
        ]
    made["deploy"] = _deploy(name, service, world, options)
    return made


def _program(service: Mapping[str, Any]) -> dict[str, Any]:
    """What a container runs. An entrypoint that is empty for Compose can't be so here: the command takes its place."""
    entrypoint, command = service.get("entrypoint"), service.get("command")
    if entrypoint == [] and command:
        return {"entrypoint": command}
    return {name: words for name, words in (("entrypoint", entrypoint), ("command", command)) if words}


def _sooner(interval: str) -> str:
    """The interval of a health check, 10 s at most."""
    return interval if interval.endswith("s") and "m" not in interval and float(interval[:-1]) <= 10 else _FIRST_LOOK


def _mounts(
    name: str, service: Mapping[str, Any], given: dict[str, list[dict[str, Any]]], volumes: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Volumes in place of folders, and the configs and secrets that lie in them."""
    mounts: list[dict[str, Any]] = []

    def keep(volume: str, target: str) -> None:
        volumes.setdefault(volume, {})
        mounts.append({"type": "volume", "source": volume, "target": target})

    for entry in service.get("tmpfs") or []:
        target, _, how = str(entry).partition(":")
        if "exec" in how.split(","):
            # A swarm's tmpfs never runs programs; a volume at the place of the image's own folder does.
            keep(f"{name}{target.replace('/', '-')}", target)
        else:
            mounts.append({"type": "tmpfs", "target": target, "tmpfs": {"size": _TMPFS_BYTES}})
    for mount in service.get("volumes") or []:
        if mount["type"] == "volume":
            keep(mount["source"], mount["target"])
        elif not mount.get("read_only"):
            keep(f"{name}-state", mount["target"])
    return {"volumes": mounts, **given}


def _deploy(name: str, service: Mapping[str, Any], world: ResolvedWorld, options: StackOptions) -> dict[str, Any]:
    turn = {"parallelism": 1, "order": "stop-first", "monitor": "5s", "failure_action": "pause"}
    made: dict[str, Any] = {
        "replicas": 1,
        # Names lead to the task itself: the links are long-lived connections, nothing is to be balanced.
        "endpoint_mode": "dnsrr",
        "placement": {"constraints": constraints(world, name, options.homes or {})},
        # One at a time, and the old one ends before the new one starts: two would write one log.
        "update_config": turn,
        "rollback_config": dict(turn),
        "restart_policy": {"condition": "any", "delay": "5s"},
    }
    if limit := service.get("mem_limit"):
        made["resources"] = {"limits": {"memory": str(limit)}}
    return made
