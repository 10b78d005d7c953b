"""S3: one Parquet object per process and minute of the bus, written whole; a damaged one is written again."""

from __future__ import annotations

import calendar
import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from globelet.archiver.bus import Position
from globelet.archiver.minute import Minute
from globelet.archiver.record import Record
from globelet.archiver.refusal import OtherSchema, Transient, WrongCredentials
from globelet.archiver.settings import SCHEMA, Settings
from globelet.archiver.sink import Refused

MARK_KEY = "globelet.json"
MOST_BYTES = 512 * 1024 * 1024
"""Bytes of bodies of one object at most: a busier minute goes into several."""
_GRACE_S = 2.0
_KEY = re.compile(r"\w+/chain=(?P<process>[^/]+)/day=(?P<day>[0-9-]+)/(?P<minute>[0-9]{4})(-[0-9]+)?[.]parquet")
_MAGIC = b"PAR1"
_NOT_ALLOWED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "403"}
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}

log = logging.getLogger("globelet.archiver")


class S3Sink:
    """Gathers minutes on disk; a minute that is over becomes an object. Until then nothing of it counts as stored."""

    name = "s3"

    def __init__(self, settings: Settings, *, most_bytes: int = MOST_BYTES, now: Any = time.time) -> None:
        self._settings, self._most, self._now = settings, most_bytes, now
        self._folder = settings.folder / "minutes"
        self.client = connect(settings)
        self._open: dict[str, Minute] = {}
        self._written: dict[str, int] = {}
        self.objects, self._looked = 0, False

    def inspect(self) -> bool:
        """True if the bucket has no mark."""
        bucket = self._settings.bucket
        try:
            answer = self.client.get_object(Bucket=bucket, Key=MARK_KEY)
            mark = json.loads(answer["Body"].read())
        except ClientError as error:
            if _code(error) in _MISSING:
                self._nothing_there()
                return True
            raise self._told(error) from error
        except BotoCoreError as error:
            raise self._told(error) from error
        except ValueError as error:
            raise OtherSchema("S3", f"bucket {bucket}", "an unreadable mark of", SCHEMA) from error
        if mark.get("schema") != SCHEMA:
            raise OtherSchema("S3", f"bucket {bucket}", mark.get("schema"), SCHEMA)
        return False

    def _nothing_there(self) -> None:
        try:
            found = self.client.list_objects_v2(Bucket=self._settings.bucket, Prefix="receipts/", MaxKeys=1)
        except ClientError as error:
            if _code(error) in _MISSING:
                return
            raise self._told(error) from error
        except BotoCoreError as error:
            raise self._told(error) from error
        if found.get("KeyCount"):
            raise OtherSchema("S3", f"bucket {self._settings.bucket}", "no mark of", SCHEMA)

    def reach(self) -> int | None:
        """All that the bus has."""
        return None

    def damaged(self) -> dict[str, int]:
        """The minutes whose objects are no whole Parquet files, among those that the bus can still tell."""
        if self._looked:
            return {}
        since: dict[str, int] = {}
        try:
            now = self._now()
            days = {time.strftime("%Y-%m-%d", time.gmtime(t)) for t in (now, now - 86_400)}
            for key in damaged(self.client, self._settings.bucket):
                found = _KEY.fullmatch(key)
                if found is not None and found["day"] in days:
                    log.warning("%s is damaged: it is written again from the bus", key)
                    minute = calendar.timegm(time.strptime(found["day"] + found["minute"], "%Y-%m-%d%H%M")) * 1000
                    since[found["process"]] = min(minute, since.get(found["process"], minute))
        except (ClientError, BotoCoreError) as error:
            raise self._told(error) from error
        self._looked = True
        return since

    def prepare(self) -> None:
        """The bucket and the mark. Minutes that were open come again from the bus."""
        for minute in self._open.values():
            minute.close()
        self._open.clear()
        self._written.clear()
        for left in self._folder.glob("*-*-*.*"):
            left.unlink()
        bucket, mark = self._settings.bucket, json.dumps({"schema": SCHEMA, "world": self._settings.world})
        try:
            try:
                self.client.create_bucket(Bucket=bucket)
            except ClientError as error:
                if _code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
            self.client.put_object(Bucket=bucket, Key=MARK_KEY, Body=mark.encode())
        except (ClientError, BotoCoreError) as error:
            raise self._told(error) from error

    def write(self, records: Sequence[Record]) -> Refused:
        """Puts records into their minutes; writes those that are over."""
        for record in records:
            self._minute(record).add(record)
        return self.pause()

    def pause(self) -> Refused:
        """Writes the minutes that are over by the clock."""
        over = [m for m in self._open.values() if self._now() >= (m.minute + 1) * 60 + _GRACE_S]
        for minute in over:
            self._finish(minute)
        return []

    def settled(self, consumed: Mapping[str, Position]) -> dict[str, Position]:
        """Up to the first record of each open minute."""
        return dict(consumed) | {process: minute.start for process, minute in self._open.items()}

    def close(self) -> None:
        """Drops what is open: it comes again."""
        for minute in self._open.values():
            minute.close()
        self.client.close()

    def _minute(self, record: Record) -> Minute:
        """The open minute of a record. The bus' clock may be set back; minutes only go on."""
        process = record.place.process
        found = self._open.get(process)
        minute = record.place.at_ms // 60_000
        if found is not None and (minute > found.minute or found.bytes >= self._most):
            self._finish(found)
            found = None
        if found is None:
            last = self._written.get(process, -1)
            minute = max(minute, last)
            found = self._open[process] = Minute(self._folder, record.place, minute, tail=minute == last)
        return found

    def _finish(self, minute: Minute) -> None:
        for key, path in minute.files():
            self._put(key, path)
            self.objects += 1
        self._written[minute.process] = minute.minute
        del self._open[minute.process]
        minute.close()

    def _put(self, key: str, path: Path) -> None:
        """Writes an object whole: S3 shows all of it or what was there before."""
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                self.client.put_object(Bucket=self._settings.bucket, Key=key, Body=file, ContentLength=size)
            found = self.client.head_object(Bucket=self._settings.bucket, Key=key)["ContentLength"]
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._told(error) from error
        if found != size:
            raise Transient(f"S3 has {found} of {size} bytes of {key}")

    def _told(self, error: Exception) -> Exception:
        if isinstance(error, ClientError) and _code(error) in _NOT_ALLOWED:
            return WrongCredentials("S3", self._settings.s3, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return Transient(f"S3: {str(error)[:300]}")


def connect(settings: Settings) -> Any:
    """A client that does not wait for ever and computes no checksum that the server did not ask for."""
    config = Config(
        connect_timeout=3,
        read_timeout=30,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=settings.s3,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        config=config,
    )


def damaged(client: Any, bucket: str) -> list[str]:
    """The keys of objects that are no whole Parquet file, told by the last four bytes. Raises boto3's errors."""

    def whole(entry: Mapping[str, Any]) -> bool:
        size = int(entry["Size"])
        if size < 2 * len(_MAGIC) + 4:
            return False
        answer = client.get_object(Bucket=bucket, Key=entry["Key"], Range=f"bytes={size - len(_MAGIC)}-{size - 1}")
        return bool(answer["Body"].read() == _MAGIC)

    entries = [
        entry
        for prefix in ("receipts/", "intervals/", "blocks/")
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    ]
    with ThreadPoolExecutor(4) as threads:
        return [str(e["Key"]) for e, is_whole in zip(entries, threads.map(whole, entries), strict=True) if not is_whole]


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
