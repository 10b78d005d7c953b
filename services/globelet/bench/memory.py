"""Resident memory: every process, and each node that it hosts."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from globelet.bench.figure import Aim, Figure, figure
from globelet.bench.session import RATES

if TYPE_CHECKING:
    from globelet.bench.session import Session

GROUP = "memory"
_OWN = "import re; print(re.search(r'VmRSS:\\s+(\\d+)', open('/proc/self/status').read())[1])"


def interpreter_mb() -> float:
    """Resident megabytes of a Python interpreter that does nothing: what people have a feeling for."""
    told = subprocess.run([sys.executable, "-I", "-c", _OWN], capture_output=True, text=True, check=True)  # noqa: S603
    return int(told.stdout) * 1024 / 1e6


def rows(session: Session) -> list[Figure]:
    """Fresh, and after a load."""
    session.load("everyone", RATES[1])
    processes = session.world.engine.status().processes
    bare, against = interpreter_mb(), "a bare Python interpreter"
    hosting = [p for p in processes if p.nodes]
    nodes = sum(len(p.nodes) for p in hosting)

    def row(name: str, megabytes: float, aim: Aim | None = None) -> Figure:
        return figure(GROUP, name, megabytes, "MB", against=against, baseline=bare, aim=aim)

    found = [
        row("the whole world, fresh", sum(session.fresh.values()), Aim(600)),
        row(f"the whole world, after {session.transfers} transfers", sum(p.rss_mb for p in processes), Aim(600)),
        row(f"per node ({nodes} nodes), fresh", sum(session.fresh[p.name] for p in hosting) / nodes),
        row(f"per node ({nodes} nodes), after the load", sum(p.rss_mb for p in hosting) / nodes),
    ]
    return found + [row(f"{p.name} ({len(p.nodes)} nodes)" if p.nodes else p.name, p.rss_mb) for p in processes]
