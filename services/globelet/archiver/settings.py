"""Where the bus and the stores are: from the environment, with the addresses of a world on this machine as defaults."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from globelet.archiver.refusal import Unset

SCHEMA = 2
"""Of everything the archiver makes in the stores: raise it when this version cannot go on with an older one's."""


@dataclass(frozen=True)
class Settings:
    """The environment of the archiver, read once."""

    world: str
    bus: str
    mongo: str
    dynamodb: str
    s3: str
    bucket: str
    immudb: str
    access_key: str
    secret_key: str
    region: str
    immudb_user: str
    immudb_password: str
    folder: Path

    @classmethod
    def read(cls, env: Mapping[str, str] = os.environ, *, secrets: bool = True) -> Settings:
        """From the environment. Raises `Unset` where credentials are missing, unless they are not needed."""
        state = env.get("GLOBELET_STATE")
        spool = Path(state) / "archiver" if state else Path(tempfile.gettempdir()) / f"globelet-archiver-{os.getuid()}"
        return cls(
            world=env.get("GLOBELET_WORLD", "tokyo-paris"),
            bus=env.get("GLOBELET_BUS", "127.0.0.1:19092"),
            mongo=env.get("GLOBELET_MONGO_URL", "mongodb://127.0.0.1:27017"),
            dynamodb=env.get("GLOBELET_DYNAMODB_URL", "http://127.0.0.1:8000"),
            s3=env.get("GLOBELET_S3_URL", "http://127.0.0.1:9000"),
            bucket=env.get("GLOBELET_S3_BUCKET", "globelet"),
            immudb=env.get("GLOBELET_IMMUDB", "127.0.0.1:3322"),
            access_key=_secret(env, secrets, "AWS_ACCESS_KEY_ID", "who the archiver is to DynamoDB and S3"),
            secret_key=_secret(env, secrets, "AWS_SECRET_ACCESS_KEY", "the archiver's secret for DynamoDB and S3"),
            region=env.get("AWS_REGION", "us-east-1"),
            immudb_user=env.get("GLOBELET_IMMUDB_USER", "immudb"),
            immudb_password=_secret(env, secrets, "GLOBELET_IMMUDB_PASSWORD", "the archiver's password for immuDB"),
            folder=Path(env["GLOBELET_ARCHIVER_FOLDER"]) if "GLOBELET_ARCHIVER_FOLDER" in env else spool,
        )

    def topic(self, process: str) -> str:
        """The topic of a process' outbox."""
        return f"globelet.{self.world}.{process}"

    @property
    def dead_letters(self) -> str:
        """The topic of what stores refused."""
        return f"globelet.{self.world}.dead-letters"

    @property
    def database(self) -> str:
        """The database in MongoDB."""
        return f"globelet_{self.world.replace('-', '_')}"

    def table(self, kind: str) -> str:
        """A table in DynamoDB."""
        return f"globelet-{self.world}-{kind}"

    def group(self, store: str) -> str:
        """The consumer group of a store."""
        return f"globelet.{self.world}.{store}"


def _secret(env: Mapping[str, str], needed: bool, name: str, what: str) -> str:
    value = env.get(name, "")
    if needed and not value:
        raise Unset(name, what)
    return value
