"""Selection policies: whom a municipality prefers in S1 (holders of shards) and R2 (replicas that repair asks).

A policy is a function of one Python module, named in a world file: `selection: near:prefer_near`. It is asked when the
candidates change, never for a batch: it gives each candidate a weight, and weighted rendezvous hashing under the VRF's
draw (S1), or the count of the questions (R2), does the rest.

    def prefer_near(stage: Stage, here: Here, candidates: Sequence[Candidate]) -> list[int]:
        return [round(1_000_000 / (1 + one.near_ms)) for one in candidates]

The module's source is part of the resolved world, and so of its genesis: the same world chooses the same way wherever
it runs, and a result folder holds what chose.
"""

from __future__ import annotations

from globelet.selection.candidate import Candidate, Here, Policy, Stage
from globelet.selection.chooser import MOST_WEIGHT, Chooser
from globelet.selection.errors import PolicyError
from globelet.selection.source import MOST_SOURCE, find, load

__all__ = [
    "MOST_SOURCE",
    "MOST_WEIGHT",
    "Candidate",
    "Chooser",
    "Here",
    "Policy",
    "PolicyError",
    "Stage",
    "find",
    "load",
]
