"""Credentials of a world in containers, put into Vault: one path, one policy and one token per process.

Vault in dev mode forgets everything when it ends, so that the originals stay in the state directory, 0600, and every
`up` puts back what is missing. A container's own folder then has the file of its token and no key.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from globelet.engines.chain_services import give
from globelet.engines.errors import EngineError
from globelet.identity.keys import Folder, SigningKeys
from globelet.vault import NothingThere, Vault

TOKEN = "vault.token"  # noqa: S105  (the name of a file)
SERVICES, ARCHIVER = "services", "archiver"
# What the archiver is to the stores.
_STORES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GLOBELET_IMMUDB_USER", "GLOBELET_IMMUDB_PASSWORD")


def path(world: str, process: str) -> str:
    """Where the secrets of a process lie, below `secret/`."""
    return f"globelet/{world}/{process}"


def put(root: Path, world: str, processes: Iterable[str], vault: Vault, environment: Mapping[str, str]) -> None:
    """Puts every process' secrets into Vault and its token into its folder. Raises `EngineError`."""
    for name in processes:
        vault.keep(path(world, name), node_secrets(root, name))
        _admit(root, world, name, vault)
    vault.keep(path(world, ARCHIVER), {name: environment[name] for name in _STORES})
    _admit(root, world, ARCHIVER, vault)
    _keep_identity(root, world, vault)
    _admit(root, world, SERVICES, vault, writing=True)


def node_secrets(root: Path, process: str) -> dict[str, str]:
    """The keys of a process' nodes and its certificate, from the dealt originals."""
    secrets = root / "secrets"
    tls = secrets / "tls"
    return {
        "node_keys": (secrets / f"{process}.key").read_text().strip(),
        "tls_authority": (tls / "ca.crt").read_text(),
        "tls_certificate": (tls / f"{process}.crt").read_text(),
        "tls_key": (tls / f"{process}.key").read_text(),
    }


def _keep_identity(root: Path, world: str, vault: Vault) -> None:
    """The keys that sign tokens: identity changes them while it runs, so that Vault's are the newer ones."""
    kept, own = root / "secrets" / "identity", root / "chains" / SERVICES / "identity"
    if own.is_dir():  # from before the overlay
        shutil.copytree(own, kept, dirs_exist_ok=True)
        shutil.rmtree(own)
    folder = Folder(kept)
    try:
        held = vault.read(path(world, SERVICES))
    except NothingThere:
        SigningKeys(folder).current(time.time())
        vault.write(path(world, SERVICES), folder.seeds())
        return
    for made in folder.seeds():
        folder.drop(made)
    for made, seed in held.items():
        folder.put(made, seed)


def _admit(root: Path, world: str, process: str, vault: Vault, *, writing: bool = False) -> None:
    """Lets a process read its own path; it keeps its token while that one still works."""
    policy, folder = f"globelet-{world}-{process}", root / "chains" / process
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / TOKEN
    vault.allow(policy, path(world, process), writing=writing)
    if not _works(vault.url, file, path(world, process)):
        _write(file, vault.token(policy))
    give(folder)
    if process == ARCHIVER:
        # Its volume belongs to a user of its own; it comes to the token by the group of the world's.
        folder.chmod(0o750)
        file.chmod(0o440)


def _works(url: str, file: Path, wanted: str) -> bool:
    try:
        Vault(url, file.read_text().strip()).read(wanted)
    except (EngineError, OSError):
        return False
    return True


def _write(file: Path, token: str) -> None:
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as opened:
        opened.write(token)
    part.replace(file)
