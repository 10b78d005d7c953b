"""Files of this machine as a swarm's configs and secrets: unchangeable, named by what they hold, each told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globelet.engines.swarm_errors import NotForSwarm, TooLarge

# Docker's own bounds, in bytes.
CONFIG_MOST, SECRET_MOST = 1_000 * 1024, 500 * 1024


class Files:
    """The configs and secrets of one stack, in the form of its file's sections."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self.configs: dict[str, Any] = {}
        self.secrets: dict[str, Any] = {}

    def of(self, name: str, service: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """What a service is given in place of the folders it has under Compose. Raises `TooLarge`, `NotForSwarm`."""
        given: dict[str, list[dict[str, Any]]] = {"configs": [], "secrets": []}
        user, _, group = str(service.get("user") or "0").partition(":")
        owner = {"uid": user, "gid": group or user} if user.isdecimal() else {}
        for mount in service.get("volumes") or []:
            if mount["type"] != "bind":
                continue
            source, target = Path(mount["source"]), str(mount["target"])
            if not source.exists():
                raise NotForSwarm(name, f"{source} is not there")
            for path in [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file()):
                place = target if path == source else f"{target}/{path.relative_to(source)}"
                # What Compose lays out under secrets/ is one; all else is public.
                kind = "secrets" if "secrets" in path.relative_to(source).parts else "configs"
                mode = 0o400 if kind == "secrets" else 0o444
                given[kind].append({"source": self._add(kind, path), "target": place, "mode": mode, **owner})
        return given

    def _add(self, kind: str, path: Path) -> str:
        data = path.read_bytes()
        most = SECRET_MOST if kind == "secrets" else CONFIG_MOST
        if len(data) > most:
            raise TooLarge(str(path), len(data), most)
        # The name tells the content: a changed file is another config, and its services are updated.
        short = "".join(c if c.isalnum() else "-" for c in path.name)
        key = f"{short}-{hashlib.sha256(data).hexdigest()[:12]}"
        section = self.secrets if kind == "secrets" else self.configs
        section[key] = {"name": f"{self._stack}-{key}"[-64:].lstrip("-"), "file": str(path.resolve())}
        return key
