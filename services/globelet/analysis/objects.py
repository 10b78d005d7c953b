"""Parquet objects, one per chain process and minute: in a bucket or in a folder."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.analysis.buckets import Bucket
from globelet.analysis.errors import NoArchive
from globelet.analysis.source import Skipped

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_AT_ONCE = 8
_CHAIN = re.compile(r"chain=([^/]+)/")


class HalfWrittenWarning(UserWarning):
    """Objects that cannot be read were left out."""


class ObjectStore:
    """Reads `receipts/chain=…/day=…/HHMM.parquet`, `intervals/…` and `blocks/…`.

    An object that is not whole is named and left out.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.store = f"Parquet on {bucket.store}" if bucket.store != "Parquet" else "Parquet"
        self.skipped: list[Skipped] = []
        self._pq = columns.lab("pyarrow.parquet")

    def receipts(self, since_us: int = 0) -> pd.DataFrame:
        """The newest version of each receipt: a later one is longer, and may lie in a later object."""
        paths = self._bucket.objects("receipts")
        rows = self._frame(paths, columns.RECEIPTS, "process")
        rows = rows[rows["admitted_us"].fillna(0) >= since_us] if since_us else rows
        rows = rows.assign(length=rows["size"].fillna(0)).sort_values(["id", "length", "object"], kind="stable")
        return columns.receipts_frame(rows.drop_duplicates("id", keep="last"))

    def blocks(self) -> pd.DataFrame:
        """The blocks of every chain, each once."""
        found = self._frame(self._bucket.objects("blocks"), columns.BLOCKS, "chain")
        return columns.blocks_frame(found.drop_duplicates(["chain", "height", "hash"], keep="last"))

    def stages(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The ladders, stamps as whole microseconds."""
        found = self.receipts()
        found = found[found["id"].isin(list(ids))].set_index("id")[list(columns.STAMPS)]
        ladders = {row: dict(zip(columns.STAGES, of, strict=True)) for row, *of in found.itertuples()}
        known = found.notna()
        return {
            row: {"stages": {s: int(at) for s, at in ladder.items() if known.at[row, f"{s}_us"]}}
            for row, ladder in ladders.items()
        }

    def bodies(self, ids: Collection[str]) -> dict[str, bytes]:
        """The longest body of each."""
        return self._longest("receipts", ids)

    def intervals(self, names: Collection[str]) -> dict[str, bytes]:
        """From the objects of interval signatures, which were written before those of the receipts that name them."""
        return self._longest("intervals", names) if names else {}

    def _longest(self, folder: str, ids: Collection[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for table in self._tables(self._bucket.objects(folder), ("id", "body"), list(ids)):
            if "body" in table.column_names:
                for row, body in zip(table["id"].to_pylist(), table["body"].to_pylist(), strict=True):
                    if body is not None and len(body) >= len(found.get(row, b"")):
                        found[row] = body
        return found

    def _frame(self, paths: Sequence[str], names: Sequence[str], owner: str) -> pd.DataFrame:
        """Rows of all objects, with the object's path; the chain process comes from it where the object is silent."""
        pandas = columns.lab("pandas")
        if not paths:
            raise NoArchive(
                f"there are no Parquet objects at {self._bucket.where}; the archiver writes them as minutes end"
            )
        frames = []
        for path, table in zip(paths, self._read_all(paths, names), strict=True):
            if table is not None:
                frame = table.to_pandas(integer_object_nulls=True).reindex(columns=list(names)).assign(object=path)
                if frame[owner].isna().all():
                    frame[owner] = _owner(path)
                frames.append(frame.astype(object))
        self._warn()
        empty = pandas.DataFrame(columns=[*names, "object"])
        return pandas.concat(frames, ignore_index=True) if frames else empty

    def _tables(self, paths: Sequence[str], names: Sequence[str], ids: list[str]) -> list[Any]:
        found = [table for table in self._read_all(paths, names, ids) if table is not None]
        self._warn()
        return found

    def _read_all(self, paths: Sequence[str], names: Sequence[str], ids: list[str] | None = None) -> list[Any]:
        self.skipped = []
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda path: self._read(path, names, ids), paths))

    def _read(self, path: str, names: Sequence[str], ids: list[str] | None) -> Any:
        """One object; None, and a note in `skipped`, where it is not whole or not one of ours."""
        arrow = columns.lab("pyarrow")
        with self._bucket.told():
            try:
                with self._bucket.files.open_input_file(path) as file:
                    opened = self._pq.ParquetFile(file)
                    there = opened.schema_arrow.names
                    if "id" not in there:
                        raise arrow.ArrowInvalid("it has no column id")
                    if ids is not None and not _any(_among(opened.read(columns=["id"])["id"], ids)):
                        return None
                    table = opened.read(columns=[name for name in names if name in there])
            except FileNotFoundError:
                return self._skip(path, "it was taken away while it was read")
            except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
                return self._skip(path, str(error).splitlines()[0])
            except OSError as error:
                if "parquet" not in str(error).lower() and "Unexpected end of stream" not in str(error):
                    raise
                return self._skip(path, str(error).splitlines()[0])
        return table if ids is None else table.filter(_among(table["id"], ids))

    def _skip(self, path: str, why: str) -> None:
        self.skipped.append(Skipped(path, why))

    def _warn(self) -> None:
        if self.skipped:
            listed = "\n".join(f"  {one}" for one in self.skipped)
            text = f"{len(self.skipped)} of the Parquet objects are not whole and were left out:\n{listed}"
            warnings.warn(text, HalfWrittenWarning, stacklevel=4)


def _among(column: Any, ids: list[str]) -> Any:
    arrow, compute = columns.lab("pyarrow"), columns.lab("pyarrow.compute")
    return compute.is_in(column, value_set=arrow.array(ids, arrow.string()))


def _any(mask: Any) -> bool:
    """Whether any is true: bodies are large, and an object without one that is asked for is not read further."""
    return bool(columns.lab("pyarrow.compute").any(mask).as_py())


def _owner(path: str) -> str:
    """The chain process of `…/chain=tokyo/day=…/0759.parquet`, or of the embedded `…/tokyo/20261121T0759.parquet`."""
    found = _CHAIN.search(path)
    return found.group(1) if found else path.split("/")[-2]
