"""The design's invariants, checked from the ledgers of all replicas and the receipts of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from globelet.client.climb import LADDER, Climb
from globelet.client.receipt import Receipt
from globelet.scenarios.result import Invariant

Ledgers = Sequence[dict[str, Any]]


def _replicas(ledgers: Ledgers, kind: str | None = None) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    for ledger in ledgers:
        if kind in (None, ledger.get("kind")):
            for replica in ledger.get("replicas", []):
                yield ledger, replica


def _longest(ledgers: Ledgers) -> dict[str, dict[str, Any]]:
    """The replica of each municipality that is farthest."""
    best: dict[str, dict[str, Any]] = {}
    for ledger, replica in _replicas(ledgers, "municipal"):
        if replica["height"] >= best.get(ledger["chain"], {"height": -1})["height"]:
            best[ledger["chain"]] = replica
    return best


def conservation(ledgers: Ledgers) -> Invariant:
    """1: balances + amounts in transit = supply. In transit: sent and neither credited nor settled back.

    Accounts that move count with what they hold; what waits for one that is not there yet counts as in transit.
    """
    best = _longest(ledgers)
    if not best:
        return Invariant(name="conservation", holds=None, detail="no municipal ledger answered")
    balances = sum(int(r["balances"]) for r in best.values())
    supply = sum(int(r["supply"]) for r in best.values())
    transit = sum(int(r.get("parked") or 0) for r in best.values())
    for source, replica in best.items():
        for to, amount in (replica.get("sent") or {}).items():
            credited = (best.get(to, {}).get("credited") or {}).get(source, 0)
            returned = (replica.get("refunded") or {}).get(to, 0)
            transit += int(amount) - int(credited) - int(returned)
    detail = f"balances {balances} + in transit {transit} = {balances + transit}, supply {supply}"
    return Invariant(name="conservation", holds=balances + transit == supply and transit >= 0, detail=detail)


def agreement(ledgers: Ledgers) -> Invariant:
    """3: no two heads at one height of one chain."""
    heads: dict[tuple[str, int], set[str]] = defaultdict(set)
    for ledger, replica in _replicas(ledgers):
        if replica.get("head") is not None:
            heads[ledger["chain"], int(replica["height"])].add(str(replica["head"]))
    split = [f"{chain} at {height}" for (chain, height), found in heads.items() if len(found) > 1]
    detail = f"two heads: {', '.join(split)}" if split else f"{len(heads)} heads compared"
    return Invariant(name="agreement", holds=not split if heads else None, detail=detail)


def once(receipts: Sequence[Climb]) -> Invariant:
    """2, as receipts show it: no transfer is both credited and refunded or refused."""
    both = [r.id for r in receipts if "credited" in r.micros and {"refused", "refunded"} & set(r.micros)]
    detail = f"credited and given back: {', '.join(i[:12] for i in both[:5])}" if both else f"{len(receipts)} receipts"
    return Invariant(name="credited_once", holds=not both, detail=detail)


@dataclass(frozen=True)
class Book:
    """One account: what it was given at first, and what it holds now."""

    account: str
    given: int
    held: int


def booked(books: Sequence[Book], receipts: Sequence[Receipt]) -> Invariant:
    """2, as accounts show it: each holds what it was given, less what it paid, more what it was paid, once."""
    due = {book.account: book.given for book in books}
    for receipt in receipts:
        payer, payee, amount = receipt.order.payer.hex(), receipt.order.payee.hex(), receipt.order.amount
        due[payer] = due.get(payer, 0) - (amount if receipt.ended == "credited" else 0)
        due[payee] = due.get(payee, 0) + (amount if receipt.ended == "credited" else 0)
    wrong = [f"{b.account[:12]} holds {b.held}, due {due[b.account]}" for b in books if b.held != due[b.account]]
    detail = "; ".join(wrong[:5]) if wrong else f"{len(books)} accounts hold what their receipts say"
    return Invariant(name="booked_once", holds=not wrong if books else None, detail=detail)


def one_home(homes: Mapping[str, Sequence[str]]) -> Invariant:
    """2, for accounts that moved: each is kept by exactly one municipality."""
    wrong = [
        f"{account[:12]} is in {' and '.join(places) or 'none'}"
        for account, places in homes.items()
        if len(places) != 1
    ]
    detail = "; ".join(wrong[:5]) if wrong else f"{len(homes)} accounts moved, each is in one municipality"
    return Invariant(name="one_home", holds=not wrong, detail=detail)


def repairs(ledgers: Ledgers) -> int:
    """Parcels brought home by R2 to R4: of each municipality, what its busiest replica counted."""
    most: dict[str, int] = {}
    for ledger, replica in _replicas(ledgers, "municipal"):
        most[ledger["chain"]] = max(most.get(ledger["chain"], 0), int(replica.get("repairs") or 0))
    return sum(most.values())


def completeness(ledgers: Ledgers, receipts: Sequence[Climb]) -> Invariant:
    """5: every admitted transfer has ended, every lane is gap-free."""
    open_ends = [r.id[:12] for r in receipts if r.ended is None]
    gaps = _gaps(ledgers)
    parts = []
    if open_ends:
        parts.append(f"{len(open_ends)} transfers without an end: {', '.join(open_ends[:5])}")
    if gaps:
        parts.append(f"gaps in {', '.join(sorted(set(gaps))[:5])}")
    return Invariant(name="completeness", holds=not parts, detail="; ".join(parts) or "all ended, no gaps")


@dataclass(frozen=True)
class Mark:
    """A certified block that a chain had at some moment: its height and, where it could be told, its hash."""

    chain: str
    height: int
    hash: str | None = None


Hashes = Callable[[str, int], set[str] | None]
"""Hashes of the certified blocks of a chain at a height; None where nobody can tell."""


def nobody_tells(_chain: str, _height: int) -> set[str] | None:
    """No hash is known."""
    return None


def marks(ledgers: Ledgers, hashes: Hashes) -> list[Mark]:
    """The newest certified block of each chain: a quorum's disks have it, so it may never be lost."""
    found = []
    for chain, height in certified(ledgers).items():
        told = hashes(chain, height) or set() if height else set()
        found.append(Mark(chain, height, min(told) if len(told) == 1 else None))
    return found


def certified(ledgers: Ledgers) -> dict[str, int]:
    """The newest certified height of each chain."""
    top: dict[str, int] = {}
    for ledger, replica in _replicas(ledgers):
        top[ledger["chain"]] = max(top.get(ledger["chain"], 0), int(replica.get("certified", replica["height"])))
    return top


def durability(ledgers: Ledgers, before: Sequence[Mark], hashes: Hashes = nobody_tells) -> Invariant:
    """4: every block that was certified before a fault still stands at its height. None where nothing was broken."""
    if not before:
        return Invariant(name="durability", holds=None, detail="no process was killed in this run")
    top: dict[str, int] = defaultdict(int)
    for ledger, replica in _replicas(ledgers):
        top[ledger["chain"]] = max(top[ledger["chain"]], int(replica["height"]))
    wrong, compared = [], 0
    for mark in before:
        if top[mark.chain] < mark.height:
            wrong.append(f"{mark.chain}: {mark.height} before, {top[mark.chain]} after")
        elif mark.hash is not None and (now := hashes(mark.chain, mark.height)):
            compared += 1
            if now != {mark.hash}:
                others = " and ".join(sorted(h[:12] for h in now))
                wrong.append(f"{mark.chain} at {mark.height}: {mark.hash[:12]} before, {others} after")
    chains = len({mark.chain for mark in before})
    kept = f"{len(before)} heights of {chains} chains kept, {compared} of them compared by hash"
    return Invariant(name="durability", holds=not wrong, detail="; ".join(wrong[:5]) or kept)


def lanes(ledgers: Ledgers) -> Invariant:
    """5, as ledgers show it while the world runs. None while numbers are missing: a parcel may be on its way."""
    missing = sorted(set(_gaps(ledgers)))
    count = sum(len(r.get("lanes") or {}) for _, r in _replicas(ledgers, "municipal"))
    detail = f"waiting to close gaps in {', '.join(missing[:5])}" if missing else f"{count} ends of lanes without a gap"
    return Invariant(name="lanes", holds=None if missing else True, detail=detail)


def _gaps(ledgers: Ledgers) -> list[str]:
    return [
        f"{name} at {ledger['chain']}"
        for ledger, replica in _replicas(ledgers, "municipal")
        for name, lane in (replica.get("lanes") or {}).items()
        if lane.get("gaps")
    ]


def time_order(receipts: Sequence[Climb]) -> Invariant:
    """7: stamps along the path to credited never go backwards."""
    path = LADDER[:5]
    wrong = []
    for receipt in receipts:
        stamps = [receipt.micros[s] for s in path if s in receipt.micros]
        if stamps != sorted(stamps):
            wrong.append(receipt.id[:12])
    return Invariant(
        name="time",
        holds=not wrong,
        detail=f"backwards: {', '.join(wrong[:5])}" if wrong else f"{len(receipts)} ladders",
    )


def check(
    ledgers: Ledgers, receipts: Sequence[Climb], before: Sequence[Mark], hashes: Hashes = nobody_tells
) -> list[Invariant]:
    """All that ledgers and receipts show."""
    checks: list[Callable[[], Invariant]] = [
        lambda: conservation(ledgers),
        lambda: once(receipts),
        lambda: agreement(ledgers),
        lambda: durability(ledgers, before, hashes),
        lambda: completeness(ledgers, receipts),
        lambda: time_order(receipts),
    ]
    return [one() for one in checks]


def standing(ledgers: Ledgers, before: Sequence[Mark], hashes: Hashes = nobody_tells) -> list[Invariant]:
    """What must hold of ledgers at any moment; `before` are the certified blocks of earlier moments."""
    kept = (
        durability(ledgers, before, hashes)
        if before
        else Invariant(name="durability", holds=None, detail="nothing was seen before")
    )
    return [conservation(ledgers), agreement(ledgers), kept, lanes(ledgers)]
