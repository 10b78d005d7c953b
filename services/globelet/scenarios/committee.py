"""A municipality's elected committee, as its replicas tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Committee:
    """Its epoch, the replicas that sit in it, and the stake behind each candidate, by name."""

    epoch: int
    members: tuple[str, ...]
    stakes: Mapping[str, int]


def of(ledgers: Iterable[Mapping[str, Any]], municipality: str) -> Committee:
    """The committee as the farthest replica knows it. Raises `ValueError` where nobody is elected."""
    replicas = [r for ledger in ledgers if ledger.get("chain") == municipality for r in ledger.get("replicas", [])]
    found = [replica for replica in replicas if "members" in replica]
    if not found:
        raise ValueError(f"{municipality} elects nobody: give the world file `parameters: {{epoch_us: …}}`")
    farthest = max(found, key=lambda replica: (int(replica["epoch"]), int(replica["height"])))
    return Committee(int(farthest["epoch"]), tuple(farthest["members"]), dict(farthest["stakes"]))
