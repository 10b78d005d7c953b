"""Memory of a process that handles batches of megabytes in many threads: given back, not kept for later."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

_ARENAS, _MAPPED, _TRIM = -8, -3, -1


def _library() -> Any:
    """The C library, where it is glibc; None elsewhere."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "malloc_trim") else None
    except OSError:
        return None


def keep_small() -> None:
    """Has glibc use two arenas: what one thread freed, others take. Before any thread starts."""
    if (library := _library()) is not None:
        library.mallopt(_ARENAS, 2)
        library.mallopt(_MAPPED, 4 << 20)
        library.mallopt(_TRIM, 32 << 20)


def give_back() -> None:
    """Gives the system what is free in the middle of the heap, as after a minute was folded."""
    if (library := _library()) is not None:
        library.malloc_trim(0)


def collect_seldom() -> None:
    """Has Python look for cycles seldom: records are many and have none."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
