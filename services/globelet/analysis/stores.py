"""Where the containers' stores are: from the environment, or from what the compose engine wrote for a world."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from globelet.engines.errors import Missing
from globelet.engines.state import StateDirectory, default_root


@dataclass(frozen=True, repr=False)
class Stores:
    """Addresses, and the secrets that go with them; None where there is no such store."""

    mongo: str | None = None
    s3: str | None = None
    s3_key: str | None = None
    s3_secret: str | None = None
    immudb: str | None = None
    immudb_user: str | None = None
    immudb_password: str | None = None

    def __repr__(self) -> str:
        return f"Stores(mongo={self.mongo!r}, s3={self.s3!r}, immudb={self.immudb!r})"


def of(world: str, root: Path | None = None) -> Stores:
    """The stores of a world: those the environment names; else those of its containers; else none."""
    given = os.environ.get
    told = Stores(
        given("GLOBELET_MONGO_URL"),
        _bucket(given("GLOBELET_S3_URL"), given("GLOBELET_S3_BUCKET")),
        given("AWS_ACCESS_KEY_ID"),
        given("AWS_SECRET_ACCESS_KEY"),
        given("GLOBELET_IMMUDB"),
        given("GLOBELET_IMMUDB_USER"),
        given("GLOBELET_IMMUDB_PASSWORD"),
    )
    if told.mongo or told.s3:
        return told
    state = root or default_root(f"{world}.compose")
    return contained(state) if (state / "compose.env").is_file() else Stores()


def contained(state: Path) -> Stores:
    """The stores of the containers whose state lies there, as this machine reaches them."""
    from globelet.engines.compose_project import folder
    from globelet.engines.settings import Settings, read

    try:
        settings, own = Settings(StateDirectory(state), folder(), None), read(state / "compose.env")
    except Missing:
        return Stores()
    address = "127.0.0.1"
    return Stores(
        f"mongodb://{address}:{settings.port('MONGO')}",
        _bucket(f"http://{address}:{settings.port('S3')}", own.get("GLOBELET_S3_BUCKET")),
        own.get("AWS_ACCESS_KEY_ID"),
        own.get("AWS_SECRET_ACCESS_KEY"),
        f"{address}:{settings.port('IMMUDB')}",
        own.get("GLOBELET_IMMUDB_USER"),
        own.get("GLOBELET_IMMUDB_PASSWORD"),
    )


def _bucket(url: str | None, bucket: str | None) -> str | None:
    return f"{url.rstrip('/')}/{bucket or 'globelet'}" if url else None
