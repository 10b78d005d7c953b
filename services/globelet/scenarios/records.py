"""What is left of a run for good: its receipts acknowledged, anchored and in the stores, each proving itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from globelet._native import receipts as proofs
from globelet.client.climb import Climb
from globelet.scenarios.result import Invariant

if TYPE_CHECKING:
    from globelet.scenarios.world import World

# A receipt is anchored within seconds of its end, and archived a second later. Stores that have much to catch up with
# are waited for as long as they go on: so long without a single new one, and no more come.
PATIENCE = 30.0
MOST_VERIFIED = 2_000


def owed(receipts: Sequence[Climb]) -> list[Climb]:
    """Those that were admitted: they end, and their records follow. One refused at the door leaves none."""
    return [r for r in receipts if "admitted" in r.micros]


def gather(world: World, timeout: float = PATIENCE) -> set[str] | None:
    """Waits until every admitted transfer is acknowledged, anchored and archived; the ids that the stores have.

    Gives up when `timeout` seconds brought nothing new.

    None where the engine has no stores. The stores are asked in bulk, and only for what they did not have before;
    chains are asked for what the stores have not got in time.
    """
    receipts = {r.id: r for r in owed(world.climbs)}
    if world.engine.archived([]) is None:
        world.settle(list(receipts.values()), timeout, "anchored")
        return None
    archived: set[str] = set()

    def all_there() -> bool:
        for order, state in (world.engine.archived([i for i in receipts if i not in archived]) or {}).items():
            receipts[order].absorb(state)
            archived.add(order)
        return len(archived) == len(receipts)

    before = -1
    while not (done := world.wait_until(all_there, timeout)) and len(archived) > before:
        before = len(archived)
    if not done:
        left = {i: r for i, r in receipts.items() if i not in archived}
        for order, state in world.engine.states({i: r.source for i, r in left.items()}).items():
            left[order].absorb(state)
    return archived


def complete(before: Invariant, receipts: Sequence[Climb], archived: set[str] | None) -> Invariant:
    """5, the rest of it: what was admitted is acknowledged, anchored and (where there are stores) archived."""
    admitted = owed(receipts)
    have = {stage: {r.id for r in admitted if stage in r.micros} for stage in ("acknowledged", "anchored")}
    if archived is not None:
        have["archived"] = archived & {r.id for r in admitted}
    counts = ", ".join(f"{len(ids)} {stage}" for stage, ids in have.items())
    behind = [r.id[:12] for r in admitted if any(r.id not in ids for ids in have.values())]
    detail = f"{before.detail}; {len(admitted)} admitted: {counts}"
    detail += f"; behind: {', '.join(behind[:5])}" if behind else ""
    return Invariant(name=before.name, holds=before.holds is not False and not behind, detail=detail)


def verifiability(world: World) -> Invariant:
    """6: complete receipts prove themselves offline, from the genesis alone; beyond 2,000, a sample by the seed."""
    found = [r for r in owed(world.climbs) if r.ended is not None and "anchored" in r.micros]
    asked = found
    if len(found) > MOST_VERIFIED:
        dice = random.Random(f"{world.seed} verifiability")  # noqa: S311
        asked = dice.sample(sorted(found, key=lambda r: r.id), MOST_VERIFIED)
    documents = world.engine.documents({r.id: r.source for r in asked})
    checked = dict(zip(documents, proofs.verify(world.engine.genesis_json(), list(documents.values())), strict=True))
    broken = {order: [name for name, holds, _ in steps if not holds] for order, steps in checked.items()}
    broken = {order: names for order, names in broken.items() if names}
    silent = len(asked) - len(documents)
    parts = [f"{len(checked)} of {len(found)} complete receipts checked from the genesis alone"]
    parts += [f"a sample by seed {world.seed}"] if len(asked) < len(found) else []
    parts += [f"{silent} not told by their municipality"] if silent else []
    parts += [f"{order[:12]} fails at {', '.join(names)}" for order, names in list(broken.items())[:5]]
    holds = not broken and not silent if asked else None
    return Invariant(name="verifiability", holds=holds, detail="; ".join(parts))
