"""MongoDB, or what speaks its protocol: documents for analysis, without the bodies of receipts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from globelet.analysis import columns
from globelet.analysis.errors import NoArchive, NoBodies, OtherSchema, StoreAway, WrongCredentials
from globelet.analysis.source import Skipped
from globelet.archiver.settings import SCHEMA

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_PATIENCE_MS = 3_000
# Error codes of the server: Unauthorized, AuthenticationFailed.
_REFUSALS = (13, 18)


class DocumentStore:
    """Reads the collections `receipts` and `blocks` of the world's database."""

    store = "MongoDB"

    def __init__(self, url: str, world: str) -> None:
        pymongo = columns.lab("pymongo", "stores")
        self.skipped: list[Skipped] = []
        parts = urlsplit(url)
        self._where = parts.netloc.rpartition("@")[2] or url
        self._world = world
        with self._told():
            self._client: Any = pymongo.MongoClient(url, serverSelectionTimeoutMS=_PATIENCE_MS, tz_aware=True)
        self._db = self._client[database(world)]

    @contextmanager
    def _told(self) -> Iterator[None]:
        from pymongo import errors

        try:
            yield
        except errors.OperationFailure as error:
            if error.code in _REFUSALS:
                raise WrongCredentials(self.store, self._where, "user and password in GLOBELET_MONGO_URL") from error
            raise StoreAway(self.store, self._where, str(error)) from error
        except errors.InvalidURI as error:
            raise StoreAway(self.store, self._where, f"its address is not one ({error})") from error
        except errors.PyMongoError as error:
            raise StoreAway(self.store, self._where, type(error).__name__) from error

    def _check(self) -> None:
        """The archiver's mark. Raises `OtherSchema` for one of another version; where there is none, nothing is yet."""
        with self._told():
            mark = self._db["globelet"].find_one({"_id": "schema"})
        if mark is not None and mark.get("version") != SCHEMA:
            raise OtherSchema(
                f"the database {self._db.name} of {self.store} at {self._where}", f"has schema {mark.get('version')}"
            )

    def _find(self, collection: str, query: dict[str, Any], names: Collection[str]) -> list[dict[str, Any]]:
        """Documents with `_id` renamed to `id`. Raises `NoArchive` where nothing was ever written."""
        self._check()
        wanted = {"_id": 1} | {name: 1 for name in names if name != "id"}
        with self._told():
            found = [{**document, "id": document["_id"]} for document in self._db[collection].find(query, wanted)]
            if not found and collection not in self._db.list_collection_names():
                raise NoArchive(
                    f"{self.store} at {self._where} has no {collection} of world {self._world}; send a transfer, and "
                    "see with `globelet status` whether the archiver runs"
                )
        return found

    def receipts(self, since_us: int = 0) -> pd.DataFrame:
        """One document each; a later version has replaced an earlier one when it was written."""
        query = {"admitted_us": {"$gte": since_us}} if since_us else {}
        return columns.receipts_frame(self._find("receipts", query, columns.RECEIPTS))

    def blocks(self) -> pd.DataFrame:
        """The blocks of every chain."""
        return columns.blocks_frame(self._find("blocks", {}, columns.BLOCKS))

    def stages(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The ladders, stamps as whole microseconds."""
        found = self._find("receipts", {"_id": {"$in": list(ids)}}, columns.STAMPS)
        return {
            str(row["id"]): {"stages": {s: row[f"{s}_us"] for s in columns.STAGES if row.get(f"{s}_us") is not None}}
            for row in found
        }

    def bodies(self, ids: Collection[str]) -> dict[str, bytes]:  # noqa: ARG002
        """There are none."""
        raise NoBodies(self.store)

    def intervals(self, names: Collection[str]) -> dict[str, bytes]:  # noqa: ARG002
        """There are none."""
        raise NoBodies(self.store)


def database(world: str) -> str:
    """The name of a world's database."""
    return f"globelet_{world.replace('-', '_')}"
