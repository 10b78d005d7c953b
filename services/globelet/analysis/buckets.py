"""Where Parquet objects lie: a bucket of an S3 store, or a folder of files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from globelet.analysis import columns
from globelet.analysis.errors import BadChoice, NoArchive, OtherSchema, StoreAway, WrongCredentials
from globelet.archiver.settings import SCHEMA

_PATIENCE_S = 3.0
_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REFUSALS = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "InvalidAccessKeyId")


@dataclass(frozen=True)
class Bucket:
    """A place of objects: pyarrow's file system, the path in it, and its name for people."""

    files: Any
    path: str
    where: str
    store: str

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turns what the store says into `WrongCredentials`, `NoArchive` or `StoreAway`."""
        try:
            yield
        except OSError as error:
            said = str(error)
            if any(word in said for word in _REFUSALS) or "HTTP response code 403" in said:
                raise WrongCredentials(self.store, self.where, _KEYS) from error
            if "NO_SUCH_BUCKET" in said or isinstance(error, FileNotFoundError):
                raise NoArchive(
                    f"there is no {self.path} at {self.where}; the archiver makes it with its first minute"
                ) from error
            raise StoreAway(self.store, self.where, said.splitlines()[0][:200]) from error

    def check(self) -> None:
        """The archiver's mark. Raises `OtherSchema` for one of another version; where there is none, nothing is yet."""
        with self.told():
            try:
                with self.files.open_input_file(f"{self.path}/globelet.json") as file:
                    found = json.loads(file.read()).get("schema")
            except FileNotFoundError:
                return
            except ValueError:
                found = "that cannot be read"
        if found != SCHEMA:
            raise OtherSchema(f"the bucket {self.path} at {self.where}", f"has schema {found}")

    def objects(self, folder: str) -> list[str]:
        """Paths of all Parquet objects below a folder, in the order of chain, day and minute."""
        fs = columns.lab("pyarrow.fs")
        self.check()
        with self.told():
            below = fs.FileSelector(f"{self.path}/{folder}", recursive=True, allow_not_found=True)
            found = self.files.get_file_info(below)
            if not found and self.store != "S3" and folder == "receipts":
                # The embedded archive has no blocks there, and so no folders for them and for receipts.
                found = self.files.get_file_info(fs.FileSelector(self.path, recursive=True))
            elif not found:
                self.files.get_file_info(fs.FileSelector(self.path))  # is there a bucket at all?
        return sorted(info.path for info in found if info.is_file and info.path.endswith(".parquet"))


def local(folder: Path) -> Bucket:
    """A folder of files: of the embedded archive, or copied from a bucket. Raises `NoArchive`."""
    fs = columns.lab("pyarrow.fs")
    if not folder.is_dir():
        raise NoArchive(f"there is no folder {folder}; name one that holds receipts/…/*.parquet")
    return Bucket(fs.LocalFileSystem(), str(folder.resolve()), str(folder), "Parquet")


def remote(url: str, key: str | None = None, secret: str | None = None) -> Bucket:
    """A bucket, given `http://HOST:PORT[/BUCKET]`; credentials come from the environment where they are not given.

    Raises `BadChoice` and `WrongCredentials`.
    """
    fs = columns.lab("pyarrow.fs")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadChoice(
            f"{url!r} is not the address of an S3 store; it reads http://HOST:PORT or http://HOST:PORT/BUCKET"
        )
    bucket = parts.path.strip("/") or os.environ.get("GLOBELET_S3_BUCKET", "globelet")
    key, secret = key or os.environ.get("AWS_ACCESS_KEY_ID"), secret or os.environ.get("AWS_SECRET_ACCESS_KEY")
    where = parts.netloc.rpartition("@")[2]
    if not key or not secret:
        raise WrongCredentials("S3", where, _KEYS)
    files = fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        region=os.environ.get("AWS_REGION", "us-east-1"),
        scheme=parts.scheme,
        endpoint_override=where,
        connect_timeout=_PATIENCE_S,
        request_timeout=10 * _PATIENCE_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    )
    return Bucket(files, bucket, where, "S3")
