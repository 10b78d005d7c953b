from globelet._native import kernels as kernels
from globelet._native import receipts as receipts
from globelet._native import signatures as signatures
from globelet._native import simulator as simulator
from globelet._native import types as types

__all__ = ["__version__", "kernels", "receipts", "signatures", "simulator", "types"]

__version__: str
