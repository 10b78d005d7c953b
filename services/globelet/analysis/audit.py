"""Whether the books are right: what chains, stores and proofs say, held against each other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.scenarios import invariants

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """One check: `holds` is None where nobody could tell; `detail` says what was seen, or what it needs."""

    name: str
    holds: bool | None
    detail: str


def table(checks: Iterable[Check]) -> pd.DataFrame:
    """The checks as a frame: check, holds, detail."""
    rows = [(c.name, c.holds, c.detail) for c in checks]
    made = columns.lab("pandas").DataFrame(rows, columns=["check", "holds", "detail"])
    return made.astype({"holds": "boolean"})


def conservation(ledgers: Sequence[dict[str, Any]]) -> Check:
    """Balances plus amounts in transit are the supply; `ledgers` is what `engine.ledgers()` tells."""
    found = invariants.conservation(ledgers)
    return Check("conservation", found.holds, found.detail)


def lanes(ledgers: Sequence[dict[str, Any]]) -> Check:
    """Every lane between municipalities is seen without a gap at its end."""
    found = invariants.lanes(ledgers)
    return Check("lanes without gaps", found.holds, found.detail)


def chains(blocks: pd.DataFrame) -> Check:
    """The stores have every block of every chain once: heights 1, 2, 3, … and one hash at each."""
    wrong = []
    for chain, some in blocks.groupby("chain"):
        heights = some["height"].astype(int)
        if missing := sorted(set(range(1, heights.max() + 1)) - set(heights)):
            wrong.append(f"{chain} lacks {len(missing)} heights, the first {missing[0]}")
        if two := sorted(set(heights[heights.duplicated()])):
            wrong.append(f"{chain} has two hashes at {two[0]}")
    fine = f"{len(blocks)} blocks of {blocks['chain'].nunique()} chains, none missing, one hash at each height"
    return Check("blocks without gaps", not wrong if len(blocks) else None, _few(wrong) or fine)


def ended(transfers: pd.DataFrame) -> Check:
    """Every archived transfer ended exactly once: credited, refunded or refused."""
    ends = transfers[["credited_us", "refunded_us", "refused_us"]].notna()
    counts = ends.sum(axis=1)
    wrong = [f"{order[:12]}… has {n} ends" for order, n in zip(transfers["id"], counts, strict=True) if n != 1]
    fine = ", ".join(f"{int(ends[name].sum())} {name.removesuffix('_us')}" for name in ends)
    return Check("each ended once", not wrong if len(transfers) else None, _few(wrong) or fine)


def lane_sums(transfers: pd.DataFrame, ledgers: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Per lane: the amounts credited, as the archived receipts add up and as the destination's ledger says.

    Columns source, destination, transfers, archived, ledger, difference (ledger − archived).
    """
    pandas = columns.lab("pandas")
    across = transfers[transfers["credited_us"].notna() & (transfers["source"] != transfers["destination"])]
    sums = across.groupby(["source", "destination"])["amount"].agg(transfers="count", archived="sum").reset_index()
    told = [
        {"source": source, "destination": destination, "ledger": int(amount)}
        for destination, replica in farthest(ledgers).items()
        for source, amount in (replica.get("credited") or {}).items()
    ]
    found = pandas.DataFrame(told, columns=["source", "destination", "ledger"])
    found = found.merge(sums, "outer", ["source", "destination"]).fillna({"transfers": 0, "archived": 0, "ledger": 0})
    found = found.astype({"transfers": "Int64", "archived": "Int64", "ledger": "Int64"})
    found["difference"] = found["ledger"] - found["archived"]
    return found[["source", "destination", "transfers", "archived", "ledger", "difference"]]


def booked(sums: pd.DataFrame) -> Check:
    """The archived receipts of each lane add up to what its destination booked."""
    wrong = [
        f"{row.source} → {row.destination}: ledger {row.ledger}, receipts {row.archived}"
        for row in sums[sums["difference"] != 0].itertuples()
    ]
    fine = f"{int(sums['transfers'].sum())} transfers on {int((sums['transfers'] > 0).sum())} lanes add up"
    return Check("receipts add up to the ledgers", not wrong if len(sums) else None, _few(wrong) or fine)


def farthest(ledgers: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The replica of each municipality that is farthest."""
    best: dict[str, dict[str, Any]] = {}
    for ledger in ledgers:
        for replica in ledger.get("replicas", []) if ledger.get("kind") == "municipal" else []:
            if replica["height"] >= best.get(ledger["chain"], {"height": -1})["height"]:
                best[ledger["chain"]] = replica
    return best


def anchors(bodies: Mapping[str, bytes], roots: pd.DataFrame) -> Check:
    """The root that each receipt names is in the Ledger of Roots, under its height and hash.

    A root above the newest archived one is on its way: stores follow, each at its own pace.
    """
    known = {(int(height), str(name)) for height, name in zip(roots["height"], roots["hash"], strict=True)}
    newest = max((height for height, _ in known), default=-1)
    told = {order: (json.loads(body).get("proofs") or {}).get("anchored") for order, body in bodies.items()}
    named = {order: dict(anchor) for order, anchor in told.items() if anchor}
    due = {order: a for order, a in named.items() if a["height"] <= newest}
    wrong = [f"{order[:12]}… names {a['height']}" for order, a in due.items() if (a["height"], a["hash"]) not in known]
    fine = f"{len(due)} receipts name roots that are among the {len(known)} archived ones"
    fine += f", {len(named) - len(due)} name newer ones" if len(due) < len(named) else ""
    return Check("roots of receipts archived", not wrong if due else None, _few(wrong) or fine)


def proven(verified: pd.DataFrame) -> Check:
    """Every receipt proves itself from the genesis alone; `verified` is what `proof.verify` gives.

    Where some wait for what they share with others, and none is wrong, nobody can tell yet.
    """
    waiting = verified[verified["waits"]]
    told = verified[~verified["holds"] & ~verified["waits"]]
    wrong = [f"{row.id[:12]}… at {row.broken}: {row.why}" for row in told.itertuples()]
    fine = f"{int(verified['holds'].sum())} receipts verified offline"
    fine += f", {len(waiting)} wait: {waiting['why'].iloc[0]}" if len(waiting) else ""
    holds = False if wrong else None if len(waiting) or not len(verified) else True
    return Check("receipts prove themselves", holds, _few(wrong) or fine)


def digests(receipts: pd.DataFrame, bodies: Mapping[str, bytes]) -> Check:
    """The digest beside each receipt is that of its body."""
    told = dict(zip(receipts["id"], receipts["digest"], strict=True))
    wrong = [f"{order[:12]}…" for order, body in bodies.items() if columns.digest(body) != told.get(order)]
    fine = f"{len(bodies)} digests are those of the bodies"
    detail = f"another digest: {_few(wrong)}" if wrong else fine
    return Check("digests match bodies", not wrong if bodies else None, detail)


def needs(name: str, what: str) -> Check:
    """A check that the stores at hand cannot make."""
    return Check(name, None, f"needs {what}")


def _few(wrong: Sequence[str]) -> str:
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return "; ".join(wrong[:_SHOWN]) + more
