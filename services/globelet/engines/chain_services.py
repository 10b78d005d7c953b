"""The chain containers of a world: a Compose file's services, and what each of them finds at /state."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from globelet.world.resolved import Process, ResolvedWorld

USER = 10_001
STATE = "/state"
IDENTITY, PRESENCE = "http://services:6400", "http://services:6401"
VAULT, CONSUL = "http://vault:8200", "http://consul:8500"


def contained(world: ResolvedWorld) -> ResolvedWorld:
    """The world as its containers know it: every process is reached by the name of its service."""
    processes = tuple(p.model_copy(update={"host": p.name}) for p in world.processes)
    return world.model_copy(update={"processes": processes})


def command(process: str, *, in_vault: bool = False) -> list[str]:
    """What runs in a chain's container; with the overlay its keys come from Vault, and Consul says who is where."""
    run = ["globelet-node", "run", "--state", STATE, "--process", process]
    if in_vault:
        return [*run, "--consul", CONSUL, "--vault", VAULT, "--vault-token", f"{STATE}/vault.token"]
    return [*run, "--jwks", f"{IDENTITY}/.well-known/jwks.json", "--presence", PRESENCE]


def continent(world: ResolvedWorld, process: int) -> str:
    """The continent whose municipality or committee a process hosts; the globe's own name for the global chain."""
    chain = next(world.chains[n.chain] for n in world.nodes if n.process == process)
    return world.chains[chain.parent].name if chain.kind == "municipal" and chain.parent is not None else chain.name


def _service(world: ResolvedWorld, index: int, process: Process, *, in_vault: bool) -> dict[str, Any]:
    return {
        "image": "${GLOBELET_CHAIN_IMAGE}",
        "entrypoint": [],
        "command": command(process.name, in_vault=in_vault),
        "user": "${GLOBELET_UID}:${GLOBELET_GID}",
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        # Who kills a chain wants to see it dead; `globelet up` starts it again.
        "restart": "no",
        "cpu_shares": 2048,
        "mem_limit": "${GLOBELET_CHAIN_MEMORY:-256m}",
        "stop_grace_period": "15s",
        "networks": ["earth"],
        "ports": [f"127.0.0.1:{process.http_port}:{process.http_port}"],
        "volumes": [f"${{GLOBELET_STATE_DIR}}/chains/{process.name}:{STATE}"],
        "labels": {
            "globelet.role": "chain",
            "globelet.continent": continent(world, index),
            "globelet.state": "${GLOBELET_STATE_DIR}",
        },
        "healthcheck": {
            "test": ["CMD", "healthy", str(process.http_port), "/readyz"],
            "interval": "60s",
            "timeout": "5s",
            "start_period": "60s",
            "retries": 3,
        },
    }


def compose_file(world: ResolvedWorld, *, in_vault: bool = False) -> dict[str, Any]:
    """The Compose file that adds a world's chains to `compose/compose.yaml`."""
    return {"services": {p.name: _service(world, i, p, in_vault=in_vault) for i, p in enumerate(world.processes)}}


def lay_out(root: Path, processes: Iterable[str], *, in_vault: bool = False) -> None:
    """Gives each process a folder `chains/NAME` with the genesis, the routes and its own secrets, nobody else's.

    Where Vault keeps the secrets, the folder has none.
    """
    for name in processes:
        folder = root / "chains" / name
        own = ["genesis.json", "routes.json"]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if in_vault:
            shutil.rmtree(folder / "secrets", ignore_errors=True)
        else:
            (folder / "secrets" / "tls").mkdir(parents=True, exist_ok=True, mode=0o700)
            tls = ("ca.crt", f"{name}.crt", f"{name}.key")
            own += [f"secrets/{name}.key", *(f"secrets/tls/{file}" for file in tls)]
            (folder / "vault.token").unlink(missing_ok=True)
        for file in own:
            _copy(root / file, folder / file)
        give(folder)


def lay_out_services(root: Path) -> None:
    """The same for identity, presence and the keeper of the links: `chains/services`."""
    folder = root / "chains" / "services"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in ("genesis.json", "world.json", "ports.json"):
        _copy(root / file, folder / file)
    give(folder)


def lay_out_desk(root: Path) -> None:
    """What people's own containers (laboratory, load) find at /state: the genesis and the treasuries' keys.

    Beside it a folder for what the load leaves.
    """
    folder = root / "chains" / "desk"
    (folder / "treasury").mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in ("genesis.json", "world.json"):
        _copy(root / file, folder / file)
    for key in sorted((root / "secrets" / "treasury").glob("*.key")):
        _copy(key, folder / "treasury" / key.name)
    give(folder)
    (root / "load").mkdir(exist_ok=True, mode=0o700)
    give(root / "load")


def _copy(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        part = target.with_name(target.name + ".part")
        shutil.copy2(source, part)
        part.replace(target)


def give(folder: Path) -> None:
    """Hands a folder to the containers' user. Only root can: else containers run as the user who starts them."""
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, USER, USER)


def owner() -> tuple[int, int]:
    """User and group that the containers run as."""
    return (USER, USER) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
