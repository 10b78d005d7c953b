"""The benchmarks by name, and a run of some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from globelet.bench import events, hop, kernels, memory, policy, processor, rates, stages, token
from globelet.bench.figure import Figure
from globelet.bench.session import Session

BENCHMARKS: dict[str, Callable[[Session], list[Figure]]] = {
    "kernels": kernels.rows,
    "policy": policy.rows,
    "hop": hop.rows,
    "rates": rates.rows,
    "stages": stages.rows,
    "token": token.rows,
    "processor": processor.rows,
    "events": events.rows,
    "memory": memory.rows,
    "highest": rates.highest,
}


def run(session: Session, names: Sequence[str]) -> list[Figure]:
    """The figures of these benchmarks, in the order of `BENCHMARKS`: what disturbs most comes last."""
    return [row for name, rows in BENCHMARKS.items() if name in names for row in rows(session)]
