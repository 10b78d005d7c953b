from globelet._native import types as types

__all__ = ["__version__", "types"]

__version__: str
