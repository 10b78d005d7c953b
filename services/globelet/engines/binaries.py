"""Finding the Rust programs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from globelet.engines.errors import Missing


def find(name: str) -> Path:
    """`$GLOBELET_BIN`, then beside the package, then the repository's release build, then the path.

    Raises `Missing`.
    """
    package = Path(__file__).resolve().parents[1]
    places = [package / "bin", package.parents[1] / "target" / "release"]
    if chosen := os.environ.get("GLOBELET_BIN"):
        places.insert(0, Path(chosen))
    for place in places:
        if os.access(place / name, os.X_OK) and (place / name).is_file():
            return place / name
    if found := shutil.which(name):
        return Path(found)
    raise Missing(
        f"the program {name} is missing; `cargo build --release` makes it, or name its folder in GLOBELET_BIN"
    )
