"""One archive, whatever store it lies in: receipts, blocks, roots and links as pandas frames."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from globelet.analysis import stores
from globelet.analysis.embedded import EmbeddedStore
from globelet.analysis.errors import BadChoice, NoArchive, StoreAway
from globelet.analysis.source import Skipped, Source
from globelet.engines.state import StateDirectory, default_root
from globelet.presence.record import Genesis
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

DEFAULT_WORLD = "tokyo-paris"
_POLL = 0.25


class Archive:
    """The archive of one world, read-only, also while the world runs. Frames need the extra `lab`."""

    def __init__(self, world: str = DEFAULT_WORLD, root: Path | None = None, source: Source | None = None) -> None:
        self.name, self._root = world, root
        self.source: Source = source or EmbeddedStore(root or default_root(world), world)

    def __repr__(self) -> str:
        return f"Archive({self.name!r}, {self.source.store})"

    @cached_property
    def world(self) -> ResolvedWorld:
        """The resolved world: of the state directory or of `$GLOBELET_GENESIS` where it is there, else of its file."""
        from globelet.world import load

        for root in (self._root, default_root(self.name), default_root(f"{self.name}.compose")):
            if root is not None and (root / "world.json").exists():
                return StateDirectory(root).load_world(self.name)
        genesis = Path(os.environ.get("GLOBELET_GENESIS") or "-")
        found = Genesis.load(genesis).world if genesis.is_file() else None
        return found if found is not None and found.name == self.name else load(self.name)

    @property
    def skipped(self) -> list[Skipped]:
        """What the last reading had to leave out, each with its reason."""
        return self.source.skipped

    def receipts(self, since_us: int = 0) -> pd.DataFrame:
        """One row per receipt admitted since then: parties, amount, `<stage>_us` in µs of the epoch, digest."""
        return self.source.receipts(since_us)

    def transfers(self, since_us: int = 0) -> pd.DataFrame:
        """The receipts that move an amount: without openings and moves of accounts."""
        found = self.receipts(since_us)
        return found[found["amount"].notna()].reset_index(drop=True)

    def blocks(self) -> pd.DataFrame:
        """One row per certified block of any chain: chain, height, hash, items in it, `at_us`."""
        return self.source.blocks()

    def roots(self) -> pd.DataFrame:
        """The blocks of the global chain: the Ledger of Roots."""
        names = {chain.name for chain in self.world.chains if chain.kind == "global"}
        found = self.blocks()
        return found[found["chain"].isin(names)].reset_index(drop=True)

    def links(self, measured: Path | Iterable[Mapping[str, Any]] | None = None) -> pd.DataFrame:
        """One row per directed link, declared beside measured; see `globelet.analysis.links.frame`."""
        from globelet.analysis.links import frame

        return frame(self.world, measured)

    def stages(self, transfers: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The ladders of those of these transfers that the store has: `{id: {"stages": …}}`."""
        return self.source.stages(list(transfers))

    def bodies(self, transfers: Collection[str]) -> dict[str, bytes]:
        """The bodies of those of these receipts that the store has: canonical JSON, whole. Raises `NoBodies`.

        One whose interval signatures have not come to the store yet stays as it is kept; `proof.verify` says so.
        """
        from globelet.analysis import shared

        return shared.whole(self.source, self.source.bodies(transfers))

    def wait_for(self, transfers: Iterable[str], timeout: float = 60.0) -> list[str]:
        """Waits until the store has these transfers; returns those it lacks when `timeout` seconds are over.

        Stores are written behind: SQLite and MongoDB follow within seconds, objects come at the end of a minute. One
        that is away for a while is waited for too; raises `StoreAway` when it is still away at the end.
        """
        missing, end = list(transfers), time.monotonic() + timeout
        while True:
            away: StoreAway | None = None
            try:
                found = self.stages(missing)
            except NoArchive:  # nothing at all yet
                found = {}
            except StoreAway as error:
                found, away = {}, error
            missing = [order for order in missing if order not in found]
            if not missing or time.monotonic() >= end:
                if away is not None:
                    raise away
                return missing
            time.sleep(_POLL)

    def sql(self, query: str) -> pd.DataFrame:
        """A query of DuckDB over the tables receipts, blocks, roots and links."""
        from globelet.analysis.columns import lab

        with lab("duckdb").connect() as database:
            for table in ("receipts", "blocks", "roots", "links"):
                if table in query:
                    database.register(table, getattr(self, table)())
            return database.sql(query).df()


def open_archive(
    world: str | None = None,
    *,
    mongo: str | None = None,
    s3: str | None = None,
    parquet: Path | str | None = None,
    root: Path | None = None,
) -> Archive:
    """The archive of a world: in MongoDB, in S3, in a folder of Parquet files, or embedded (`root` is its state).

    Where no place is named, `GLOBELET_MONGO_URL` and then `GLOBELET_S3_URL` name it; without them it is the embedded
    store, or MongoDB of the world's containers where only they were ever started. `s3` reads
    `http://HOST:PORT[/BUCKET]`; its credentials come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or from
    those containers. Raises `AnalysisError`.
    """
    name = world or os.environ.get("GLOBELET_WORLD") or DEFAULT_WORLD
    named = {"mongo": mongo, "s3": s3, "parquet": parquet, "root": root}
    if len(chosen := [key for key, value in named.items() if value is not None]) > 1:
        raise BadChoice(f"{' and '.join(chosen)} name different stores; name one of them")
    told = stores.of(name)
    if not chosen and not _embedded(name):
        mongo, s3 = told.mongo, None if told.mongo else told.s3
    return Archive(name, root, _source(name, mongo, s3, parquet, told))


def _embedded(world: str) -> bool:
    """Whether the embedded store is the one to read: nothing else is named, and it is there or nothing else is."""
    if os.environ.get("GLOBELET_MONGO_URL") or os.environ.get("GLOBELET_S3_URL"):
        return False
    return (default_root(world) / "archive").is_dir() or stores.of(world).mongo is None


def _source(
    world: str, mongo: str | None, s3: str | None, parquet: Path | str | None, told: stores.Stores
) -> Source | None:
    """None for the embedded store. What a store needs is imported with it."""
    if mongo:
        from globelet.analysis.mongo import DocumentStore

        return DocumentStore(mongo, world)
    if s3 or parquet:
        from globelet.analysis import buckets
        from globelet.analysis.objects import ObjectStore

        bucket = buckets.remote(s3, told.s3_key, told.s3_secret) if s3 else buckets.local(Path(str(parquet)))
        return ObjectStore(bucket)
    return None
