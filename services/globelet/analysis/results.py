"""Where runs leave their folders."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """`$GLOBELET_RESULTS`, else `results` of this folder or of the one above (notebooks lie one deeper)."""
    chosen = os.environ.get("GLOBELET_RESULTS")
    if chosen:
        return Path(chosen)
    return next((path for path in (Path("results"), Path("../results")) if path.is_dir()), Path("results"))


def newest(pattern: str) -> list[Path]:
    """The files or folders that match below it, the newest first."""
    return sorted(folder().glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
