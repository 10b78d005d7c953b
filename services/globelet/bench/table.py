"""The figures of a run, as one document and as a table for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from globelet.bench.figure import Figure

FORMAT = 1
WIDTH = 150
"""Columns of the table where no terminal says otherwise."""
_NUMBERS = {"value", "ratio"}
_MARK = {True: "yes", False: "NO", None: None}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    models = [line for line in _cpuinfo() if line.startswith("model name")]
    return {
        "processors": os.cpu_count(),
        "model": models[0].partition(":")[2].strip() if models else platform.processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def document(figures: Sequence[Figure], notes: Sequence[str], *, world: str, quick: bool) -> dict[str, Any]:
    """The whole run; `aims` counts those that were judged and those that hold."""
    judged = [f.holds for f in figures if f.holds is not None]
    return {
        "format": FORMAT,
        "world": world,
        "quick": quick,
        "machine": machine(),
        "aims": {"judged": len(judged), "hold": sum(judged)},
        "notes": list(notes),
        "figures": [f.as_dict() for f in figures],
    }


def groups(figures: Sequence[Figure]) -> dict[str, list[list[object]]]:
    """Rows under their group's name, in the order they came."""
    found: dict[str, list[list[object]]] = {}
    for f in figures:
        name = f.name if f.how == "measured" else f"{f.name} ({f.how})"
        against = f.against if f.baseline is None else f"{f.against} ({f.baseline:g})"
        value = None if f.value is None else f"{f.value:g}"
        ratio = None if f.ratio is None else f"{f.ratio:g}"
        found.setdefault(f.group, []).append([name, value, f.unit, ratio, against, f.aim, _MARK[f.holds]])
    return found


def show(figures: Sequence[Figure]) -> None:
    """Prints a table per group."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    for group, rows in groups(figures).items():
        made = Table(title=f"\n{group}", title_justify="left", box=None, header_style="bold", pad_edge=False)
        for head in ("", "value", "unit", "ratio", "against", "aim", "holds"):
            made.add_column(head, justify="right" if head in _NUMBERS else "left")
        for row in rows:
            made.add_row(*("–" if cell is None else str(cell) for cell in row))
        console.print(made)
