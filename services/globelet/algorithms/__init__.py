"""The algorithms of the ledger, each a library of its own.

`globelet.algorithms.<name>` is the Python side of the crate `native/algorithms/<name>`: the code that the chains run.
Arguments of bytes are `bytes`, `memoryview`, or any contiguous buffer of single bytes (bytearray, NumPy, Arrow), and
are not copied; batches are lists of them or two-dimensional arrays. Calls that work for more than a microsecond let
other threads run. What an algorithm refuses is a subclass of `AlgorithmError`, a `ValueError` with a stable `code`;
an argument of the wrong type is a `TypeError`, a number outside the range of its type an `OverflowError`.
"""

from __future__ import annotations

from pkgutil import iter_modules

from globelet._native import AlgorithmError
from globelet.algorithms.about import About

__all__ = ["About", "AlgorithmError", "names"]

_NOT_ALGORITHMS = {"about", "figures", "ntp", "shell"}


def names() -> list[str]:
    """The names of the algorithms that this installation has, sorted."""
    return sorted(m.name for m in iter_modules(__path__) if m.name not in _NOT_ALGORITHMS)
