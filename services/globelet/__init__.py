"""The whole Earth at 1/100 on one laptop: a hierarchical ledger run for real over emulated, verified links."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from globelet.scenarios import World, scenario  # type: ignore[attr-defined, unused-ignore]

__version__ = "0.1.0"
__all__ = ["World", "__version__", "scenario"]

# What scripts import from here lives further down and is loaded on first use: `globelet --help` must not pay for it.
_HOMES = {"World": "globelet.scenarios", "scenario": "globelet.scenarios"}


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'globelet' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
