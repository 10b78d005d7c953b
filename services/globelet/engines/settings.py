"""The environment of a Compose project: pinned images and ports, and the secrets made for one world."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from globelet.engines.chain_services import owner
from globelet.engines.errors import Missing
from globelet.engines.state import StateDirectory
from globelet.engines.stored import StoredReceipts
from globelet.world.resolved import ResolvedWorld

# Which service publishes each port of compose/.env, and which those that an overlay adds.
_PUBLISHED = {
    "TOXIPROXY": "toxiproxy",
    "IDENTITY": "services",
    "PRESENCE": "services",
    "MONGO": "mongo",
    "DYNAMODB": "dynamodb",
    "S3": "minio",
    "BUS": "redpanda",
    "IMMUDB": "immudb",
    "REDIS": "redis",
    "ARCHIVER": "archiver",
}
_OVERLAID = {
    "vault": {"VAULT": "vault", "CONSUL": "consul"},
    "lab": {"LAB": "jupyter"},
    "load": {"LOAD": "locust"},
    "observability": {"PROMETHEUS": "prometheus", "GRAFANA": "grafana"},
}
_NOT_IN_THE_MIRROR = {"GRAFANA"}


def read(path: Path) -> dict[str, str]:
    """The variables of an environment file; none where there is no file."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


class Settings:
    """What `compose/.env`, the machine's environment and the world's own file say together; the last word wins."""

    def __init__(
        self, state: StateDirectory, compose: Path, mirror: bool | None, overlays: Sequence[str] | None = None
    ) -> None:
        self._state, self._compose = state, compose
        self._own = state.root / "compose.env"
        own = read(self._own)
        kept = [name for name in own.get("GLOBELET_OVERLAYS", "").split(",") if name]
        self.overlays = kept if overlays is None else list(overlays)
        self.chosen = "GLOBELET_MIRROR" in own or mirror is not None
        """Whether it was said, now or at the first start, where images come from."""
        self.mirror = own.get("GLOBELET_MIRROR") == "1" if mirror is None else mirror
        fixed = read(compose / ".env") | (read(compose / "mirror.env") if self.mirror else {})
        self._values = fixed | {n: v for n, v in os.environ.items() if n in fixed} | own

    def files(self) -> list[Path]:
        """The Compose files, without the chains'. Raises `Missing` for an overlay that is not there.

        An overlay is the name of a `compose/compose.NAME.yaml`, or a file; where the mirror has one of its own
        (`compose.NAME.mirror.yaml`), that one stands in.
        """
        found = [self._compose / "compose.yaml"]
        for name in [*(["mirror"] if self.mirror else []), *self.overlays]:
            usual = self._compose / f"compose.{name}.yaml"
            mirrored = self._compose / f"compose.{name}.mirror.yaml"
            path = Path(name) if name.endswith((".yaml", ".yml")) else usual
            path = mirrored if self.mirror and mirrored.is_file() else path
            if not path.is_file():
                raise Missing(f"there is no overlay {name}: no file {path}; leave it out, or name a file")
            found.append(path)
        return found

    def environments(self) -> list[Path]:
        """The environment files, the stronger ones last."""
        fixed = [self._compose / ".env"]
        extra = [self._compose / "mirror.env"] if self.mirror and (self._compose / "mirror.env").exists() else []
        return [*fixed, *extra, self._own]

    @property
    def vaulted(self) -> bool:
        """Whether keys come from Vault and addresses from Consul."""
        return "vault" in self.overlays

    def port(self, name: str) -> int:
        """A published port by its name in `compose/.env`, `GLOBELET_<NAME>_PORT`."""
        return int(self._values[f"GLOBELET_{name}_PORT"])

    def image(self, name: str) -> str:
        """An image by its name in `compose/.env`, `GLOBELET_<NAME>_IMAGE`."""
        return self._values[f"GLOBELET_{name}_IMAGE"]

    def published(self) -> list[tuple[str, int]]:
        """(service, port) of everything but the chains."""
        published = dict(_PUBLISHED)
        for overlay in self.overlays:
            published |= _OVERLAID.get(overlay, {})
        left_out = _NOT_IN_THE_MIRROR if self.mirror else set()
        return [(service, self.port(name)) for name, service in published.items() if name not in left_out]

    def secret(self, name: str) -> str:
        """A value of the world's own file."""
        return self._values[name]

    def stored(self, world: str) -> StoredReceipts:
        """The receipts that DynamoDB has."""
        url = f"http://127.0.0.1:{self.port('DYNAMODB')}"
        values = self._values
        return StoredReceipts(url, world, values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"])

    def environment(self, world: str) -> dict[str, str]:
        """What a tool on this machine needs to reach the stores and the bus, secrets among it."""
        here = "127.0.0.1"
        named = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "GLOBELET_S3_BUCKET"]
        named += ["GLOBELET_IMMUDB_USER", "GLOBELET_IMMUDB_PASSWORD"]
        return {
            "GLOBELET_WORLD": world,
            "GLOBELET_BUS": f"{here}:{self.port('BUS')}",
            "GLOBELET_MONGO_URL": f"mongodb://{here}:{self.port('MONGO')}",
            "GLOBELET_DYNAMODB_URL": f"http://{here}:{self.port('DYNAMODB')}",
            "GLOBELET_S3_URL": f"http://{here}:{self.port('S3')}",
            "GLOBELET_IMMUDB": f"{here}:{self.port('IMMUDB')}",
        } | {name: self._values[name] for name in named}

    def write(self, world: ResolvedWorld) -> None:
        """Writes the world's own file, readable by its owner alone; secrets are made once and kept."""
        own = read(self._own)
        user, group = owner()
        made = {
            "GLOBELET_WORLD": world.name,
            "GLOBELET_STATE_DIR": str(self._state.root.resolve()),
            "GLOBELET_UID": str(user),
            "GLOBELET_GID": str(group),
            "GLOBELET_MIRROR": "1" if self.mirror else "0",
            "GLOBELET_OVERLAYS": ",".join(self.overlays),
            "GLOBELET_OUTBOXES": ",".join(f"{p.name}={p.host}:{p.http_port}" for p in world.processes),
        }
        kept = {
            name: own.get(name) or secrets.token_urlsafe(24)
            for name in (
                *("AWS_SECRET_ACCESS_KEY", "GLOBELET_IMMUDB_PASSWORD", "GLOBELET_LAB_TOKEN"),
                *(["GLOBELET_VAULT_ROOT_TOKEN"] if self.vaulted else []),
            )
        }
        # What immuDB takes for a password: letters of both kinds, a digit and a sign.
        kept["GLOBELET_IMMUDB_PASSWORD"] = own.get("GLOBELET_IMMUDB_PASSWORD") or f"G1-{secrets.token_hex(12)}"
        part = self._own.with_name("compose.env.part")
        part.touch(mode=0o600)
        part.write_text(
            "".join(f"{name}={value}\n" for name, value in (made | {"AWS_ACCESS_KEY_ID": "globelet"} | kept).items())
        )
        part.replace(self._own)
        self._values |= read(self._own)
