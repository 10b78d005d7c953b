from globelet._native import signatures as signatures
from globelet._native import types as types

__all__ = ["__version__", "signatures", "types"]

__version__: str
