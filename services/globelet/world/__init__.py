"""Worlds: reading a world file, saying everything that is wrong with it, resolving it.

A *world file* is what people write (YAML under `scenarios/worlds/`); a *resolved world* has every default filled in and
every place, port and link worked out, and is what the Rust side reads as JSON.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from globelet.world.file import WorldFile
    from globelet.world.mistakes import Mistake, WorldError
    from globelet.world.reader import check, find, load, read
    from globelet.world.resolved import ResolvedWorld

__all__ = ["Mistake", "ResolvedWorld", "WorldError", "WorldFile", "check", "find", "load", "read"]

_HOMES = {
    "Mistake": "mistakes",
    "ResolvedWorld": "resolved",
    "WorldError": "mistakes",
    "WorldFile": "file",
    "check": "reader",
    "find": "reader",
    "load": "reader",
    "read": "reader",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use; pydantic is not paid for by who only asks for help."""
    if name not in _HOMES:
        raise AttributeError(f"module 'globelet.world' has no attribute {name!r}")
    value = getattr(import_module(f"globelet.world.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
