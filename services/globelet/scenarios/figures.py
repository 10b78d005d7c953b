"""Figures of a run from its receipts."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from globelet.client.receipt import LADDER, Receipt

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed (nearest rank). Raises `ValueError` on none."""
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def quantiles(values: Sequence[float], names: Iterable[str] = QUANTILES) -> dict[str, float | None]:
    """The named quantiles; None each where there are no values."""
    return {name: round(percentile(values, QUANTILES[name]), 4) if values else None for name in names}


def figures(receipts: Sequence[Receipt]) -> dict[str, Any]:
    """The `figures` of result.json: counts, click → credited, stretch, per stage, per pair of municipalities."""
    ends = Counter(r.ended for r in receipts)
    credited = [r for r in receipts if r.ended == "credited"]
    pairs: dict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for receipt in credited:
        pairs[receipt.source, receipt.destination].append(receipt)
    return {
        "transfers": len(receipts),
        "credited": ends["credited"],
        "refused": ends["refused"],
        "refunded": ends["refunded"],
        "unfinished": ends[None],
        "credited_ms": quantiles([r.stages["credited"] for r in credited]),
        "stretch": quantiles([r.stretch for r in credited], ("p50", "p99")),
        "per_stage": {stage: quantiles([r.stages[stage] for r in receipts if stage in r.micros]) for stage in LADDER},
        "per_pair": [
            {
                "from": source,
                "to": to,
                "transfers": len(some),
                "wire_ms": some[0].wire_ms,
                "credited_ms": quantiles([r.stages["credited"] for r in some]),
                "stretch": quantiles([r.stretch for r in some]),
            }
            for (source, to), some in sorted(pairs.items())
        ],
    }
