"""How often the nodes did each operation, worked out from the messages they handled, times what it costs by itself.

The core reads no clock, so this is an estimate: it counts an honest run without repairs and leaves out what is rare.
"""

from __future__ import annotations

from collections.abc import Callable

from globelet.bench.metrics import Counts
from globelet.world.resolved import ResolvedWorld

KINDS = ("signatures", "encryption", "erasure")


def operations(counts: Counts, world: ResolvedWorld) -> dict[str, dict[str, float]]:
    """Times each kernel was done, by kind."""
    work = counts.by("core_work_total", "work")
    municipal = next(i for i, c in enumerate(world.chains) if c.kind == "municipal")
    replicas = len(world.members(municipal, "replica"))
    holders = len(world.members(municipal, "holder"))
    others = max(1, replicas - 1)
    orders = counts.get("orders_submitted_total")
    holds = work.get("hold", 0.0)
    sealed = holds / max(1, others + holders)  # each is sent to the other replicas and to the holders
    at_replicas = sealed * others
    votes, parcels = work.get("vote", 0.0), work.get("parcel", 0.0) / replicas
    return {
        "signatures": {
            "verify": 2 * holds,  # the vertex and its proposer's holding proof
            "verify_of_batch": replicas * orders + replicas * world.parameters.proofs_needed * sealed + votes,
            "sign": 2 * sealed + holds + votes / others,
            "mldsa_sign": work.get("interval", 0.0) / others,  # each goes to the other replicas
            "mldsa_verify": work.get("interval", 0.0),
            "bls_share": work.get("checkpoint", 0.0) / others,
            "bls_combine": work.get("checkpoint", 0.0) / others,
        },
        "encryption": {
            "seal": sealed,
            "check_sealed": at_replicas,
            "decryption_share": work.get("open", 0.0) / others,
            "combine": replicas * sealed,
        },
        "erasure": {"cut_shards": sealed + at_replicas + parcels, "rebuild": parcels},
    }


def estimate(counts: Counts, world: ResolvedWorld, cost: Callable[[str], float]) -> dict[str, float]:
    """Seconds by kind."""
    done = operations(counts, world)
    return {kind: sum(times * cost(kernel) for kernel, times in kernels.items()) for kind, kernels in done.items()}
