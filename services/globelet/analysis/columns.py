"""The columns of receipts and blocks: the same names, types and values whatever store they are read from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from globelet.analysis.errors import ExtraMissing
from globelet.archiver import brief
from globelet.client.receipt import LADDER, OTHER_ENDS

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

STAGES = (*LADDER, *OTHER_ENDS)
STAMPS = tuple(f"{stage}_us" for stage in STAGES)
TEXTS = ("id", "process", "state", "source", "destination", "payer", "payee", "route")
RECEIPTS = (*TEXTS, "amount", *STAMPS, "digest", "size")
"""`size` is the length of the canonical body in bytes: a later version of a receipt is longer."""
BLOCKS = ("id", "chain", "height", "hash", "items", "at_us", "kind")
"""`kind` is `root` for the blocks of the global chain, else `block`."""
_WHOLE = {"amount", *STAMPS, "size", "height", "items", "at_us"}


def canonical(body: Mapping[str, Any]) -> bytes:
    """A receipt's body as JSON, keys sorted, no spaces."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def digest(body: bytes) -> str:
    """SHA-256 of a canonical body as the stores keep it, hexadecimal: a whole one names what it shares, and is cut."""
    return hashlib.sha256(brief.encoded(body)).hexdigest()


def micros(stamp: Any) -> int | None:
    """A stage's stamp, microseconds of the epoch, whichever way it is written."""
    value = stamp.get("micros") if isinstance(stamp, Mapping) else stamp
    return None if value is None else int(value)


def flat(process: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt's body as a row of `RECEIPTS`. An opening or a move of an account has no payer, payee and amount."""
    stages, encoded = body.get("stages") or {}, brief.encoded(canonical(body))
    row = {
        "id": body["id"],
        "process": process,
        "state": body.get("state"),
        "source": body.get("source"),
        "destination": body.get("destination"),
        "payer": body.get("from"),
        "payee": body.get("to"),
        "route": body.get("route"),
        "amount": body.get("amount"),
    }
    return row | {f"{s}_us": micros(stages.get(s)) for s in STAGES} | {"digest": digest(encoded), "size": len(encoded)}


def block(record: Mapping[str, Any]) -> dict[str, Any]:
    """A block's record of the outbox as a row of `BLOCKS`."""
    chain, height = str(record["chain"]), int(record["height"])
    at = record.get("at_us", record.get("micros"))
    row = {"id": f"{chain}:{height}", "chain": chain, "height": height, "hash": record.get("hash")}
    kind = record.get("kind", "block")
    return row | {"items": record.get("items"), "at_us": None if at is None else int(at), "kind": kind}


def receipts_frame(rows: Any) -> pd.DataFrame:
    """Rows, or a frame, of receipts as a frame with exactly the columns `RECEIPTS`, by time of admission."""
    return _typed(rows, RECEIPTS, ["admitted_us", "id"])


def blocks_frame(rows: Any) -> pd.DataFrame:
    """Rows, or a frame, of blocks as a frame with exactly the columns `BLOCKS`, by chain and height."""
    return _typed(rows, BLOCKS, ["chain", "height", "hash"])


def _typed(rows: Any, names: tuple[str, ...], order: list[str]) -> pd.DataFrame:
    pandas = lab("pandas")
    some = (
        rows
        if isinstance(rows, pandas.DataFrame)
        else pandas.DataFrame(_listed(rows), columns=list(names), dtype=object)
    )
    types = {name: "Int64" if name in _WHOLE else "string" for name in names}
    return some.reindex(columns=list(names)).astype(types).sort_values(order, ignore_index=True)


def _listed(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list(rows)


def lab(package: str, extra: str = "lab") -> Any:
    """A package of an extra. Raises `ExtraMissing` that names the extra."""
    from importlib import import_module

    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise ExtraMissing(error.name or package, extra) from error
