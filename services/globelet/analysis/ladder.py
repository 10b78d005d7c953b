"""One transfer as the rows of a waterfall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.client.receipt import LADDER

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

PATH = LADDER[:5]
"""The stages that the payee waits for; the others run beside them."""


def waterfall(micros: Mapping[str, Any], wire_ms: float, since_us: int | None = None) -> pd.DataFrame:
    """One row per stage reached: `start_ms`, `end_ms`, `share_of_wire`, `beside`, in the order of time on each side.

    `micros` holds the stamps: `{stage: µs}` as `Receipt.micros` does, or a row of `Archive.receipts()`. Times count
    from the click, `since_us`, or (stores know no click) from admission. A stage on the path starts where the one
    before it ended; one beside the path starts at the click.
    """
    stamps = {s: _stamp(micros, s) for s in columns.STAGES}
    reached = {stage: at for stage, at in stamps.items() if at is not None}
    begin = reached.get("admitted", 0) if since_us is None else since_us
    rows, before = [], 0.0
    for stage, at in reached.items():
        end, beside = (at - begin) / 1000, stage not in PATH
        rows.append((stage, 0.0 if beside else before, end, end / wire_ms, beside))
        before = before if beside else end
    names = ["stage", "start_ms", "end_ms", "share_of_wire", "beside"]
    made = columns.lab("pandas").DataFrame(rows, columns=names)
    return made.sort_values(["beside", "end_ms"], kind="stable", ignore_index=True)


def _stamp(micros: Mapping[str, Any], stage: str) -> int | None:
    pandas = columns.lab("pandas")
    value = micros.get(stage, micros.get(f"{stage}_us"))
    return None if value is None or pandas.isna(value) else int(value)
