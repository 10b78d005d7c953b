from globelet._native import election as election
from globelet._native import holding as holding
from globelet._native import kem as kem
from globelet._native import kernels as kernels
from globelet._native import merkle as merkle
from globelet._native import receipts as receipts
from globelet._native import sharding as sharding
from globelet._native import signatures as signatures
from globelet._native import simulator as simulator
from globelet._native import types as types

__all__ = [
    "AlgorithmError",
    "__version__",
    "election",
    "holding",
    "kem",
    "kernels",
    "merkle",
    "receipts",
    "sharding",
    "signatures",
    "simulator",
    "types",
]

__version__: str

class AlgorithmError(ValueError):
    """An algorithm refused its input."""

    code: str
    """Stable, in the style merkle.no-such-leaf."""
