"""Follows DynamoDB's stream of digests into immuDB: the digest of each receipt, the hash of each root."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

from globelet.archiver import digests, dynamodb_tables
from globelet.archiver.bus import Position
from globelet.archiver.dynamodb_wire import STREAMS, Refused, SignedWire
from globelet.archiver.immudb import Ledger
from globelet.archiver.progress import Progress
from globelet.archiver.refusal import Transient
from globelet.archiver.settings import Settings
from globelet.engines.errors import EngineError

STORE = "immudb"
_PAGE = 50
_IDLE_S, _FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 0.1, 5.0
_GONE = {"TrimmedDataAccessException", "ExpiredIteratorException", "ResourceNotFoundException"}

log = logging.getLogger("globelet.archiver")


class StreamFollower:
    """Reads the shards of the table of digests; the checkpoint of each lies in immuDB, written with its entries."""

    def __init__(self, settings: Settings, ledger: Ledger, progress: Progress) -> None:
        self._settings, self._ledger, self._progress = settings, ledger, progress
        self._wire = SignedWire(settings)
        self._iterators: dict[tuple[str, str], str | None] = {}
        self._again: dict[tuple[str, str], float] = {}
        self._looked = 0.0
        self.stop = Event()

    def run(self) -> None:
        """Runs until `stop` is set."""
        pause = 0.0
        while not self.stop.is_set():
            try:
                found = self.step()
                self._progress.troubles.pop(STORE, None)
                pause = 0.0
                if not found:
                    self.stop.wait(_IDLE_S)
            except (Transient, EngineError, Refused) as error:
                if self._progress.troubles.get(STORE) != str(error):
                    log.warning("%s: %s", STORE, error)
                self._progress.troubles[STORE] = str(error)
                self._iterators.clear()
                self._looked = 0.0
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
                self.stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
        self._ledger.close()
        self._wire.close()

    def step(self) -> int:
        """One page of each shard; returns how many records there were."""
        if not self._iterators or time.monotonic() > self._looked + 10:
            self._look()
        # Before the pages are read: where they are empty, all of this has come through.
        before = {p: self._progress.track("dynamodb", p) for p in self._progress.processes}
        settled = {p: track.settled for p, track in before.items()}
        now = time.monotonic()
        due = [key for key in self._iterators if self._again.get(key, 0.0) <= now]
        found = 0
        for key in due:
            there = self._page(*key)
            # A shard that is silent is asked less often: DynamoDB Local goes through all newer records for it.
            self._again[key] = 0.0 if there else time.monotonic() + _IDLE_S
            found += there
        for process, track in before.items():
            own = self._progress.track(STORE, process)
            own.end = track.end
            if found == 0 and self._iterators and len(due) == len(self._iterators):
                own.settle(settled[process])
            own.notice()
        return found

    def _look(self) -> None:
        """Finds the shards, and begins each where its checkpoint is."""
        for arn, shard in self._shards():
            if (arn, shard) in self._iterators:
                continue
            kept = self._ledger.plain(f"checkpoint:{shard}")
            try:
                self._iterators[arn, shard] = self._iterator(arn, shard, kept)
            except Refused as refused:
                if refused.name not in _GONE or kept is None:
                    raise
                self._iterators[arn, shard] = self._iterator(arn, shard, None)
        self._looked = time.monotonic()

    def _shards(self) -> Iterator[tuple[str, str]]:
        table = dynamodb_tables.describe(self._wire, self._settings.table(dynamodb_tables.STREAMED))
        if table is None or "LatestStreamArn" not in table:
            return  # the DynamoDB store makes it
        arn, request = str(table["LatestStreamArn"]), {"StreamArn": table["LatestStreamArn"]}
        while True:
            told = self._wire.call("DescribeStream", request, STREAMS)["StreamDescription"]
            for shard in told["Shards"]:
                yield arn, str(shard["ShardId"])
            if "LastEvaluatedShardId" not in told:
                return
            request["ExclusiveStartShardId"] = told["LastEvaluatedShardId"]

    def _iterator(self, arn: str, shard: str, after: str | None) -> str:
        request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        return str(self._wire.call("GetShardIterator", request, STREAMS)["ShardIterator"])

    def _page(self, arn: str, shard: str) -> int:
        iterator = self._iterators[arn, shard]
        if iterator is None:
            return 0  # a shard that is closed and read to its end
        answer = self._wire.call("GetRecords", {"ShardIterator": iterator, "Limit": _PAGE}, STREAMS)
        records = answer["Records"]
        if records:
            last = str(records[-1]["dynamodb"]["SequenceNumber"])
            # Without one it expired, or somebody deleted it: the ledger keeps what it has.
            images = [one["dynamodb"]["NewImage"] for one in records if "NewImage" in one["dynamodb"]]
            entries = digests.told(images)
            self._ledger.put(entries | {f"checkpoint:{shard}": last}, f"{shard}:{last}")
            self._note(images, len(entries))
        self._iterators[arn, shard] = answer.get("NextShardIterator")
        return len(records)

    def _note(self, images: list[dict[str, Any]], entries: int) -> None:
        self._progress.count(STORE, entries)
        for process, offset in digests.reached(images).items():
            if process in self._progress.processes:
                own = self._progress.track(STORE, process)
                if offset >= own.settled.bus:
                    own.settle(Position(offset + 1))
