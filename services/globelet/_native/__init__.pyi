from globelet._native import abba as abba
from globelet._native import clock as clock
from globelet._native import election as election
from globelet._native import erasure as erasure
from globelet._native import filters as filters
from globelet._native import gossip as gossip
from globelet._native import holding as holding
from globelet._native import hotstuff as hotstuff
from globelet._native import kem as kem
from globelet._native import kernels as kernels
from globelet._native import merkle as merkle
from globelet._native import place as place
from globelet._native import receipts as receipts
from globelet._native import rendezvous as rendezvous
from globelet._native import sharding as sharding
from globelet._native import signatures as signatures
from globelet._native import simulator as simulator
from globelet._native import threshold as threshold
from globelet._native import types as types
from globelet._native import vrf as vrf

__all__ = [
    "AlgorithmError",
    "__version__",
    "abba",
    "clock",
    "election",
    "erasure",
    "filters",
    "gossip",
    "holding",
    "hotstuff",
    "kem",
    "kernels",
    "merkle",
    "place",
    "receipts",
    "rendezvous",
    "sharding",
    "signatures",
    "simulator",
    "threshold",
    "types",
    "vrf",
]

__version__: str

class AlgorithmError(ValueError):
    """An algorithm refused its input."""

    code: str
    """Stable, in the style merkle.no-such-leaf."""
