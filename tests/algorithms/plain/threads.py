"""Whether a call leaves the interpreter's lock to others."""

from __future__ import annotations

import threading
from collections.abc import Callable


def turns_while(work: Callable[[], object]) -> int:
    """Turns that this thread takes while another does `work`: hardly any if the work keeps the lock."""
    turns, started, done = 0, threading.Event(), threading.Event()

    def run() -> None:
        started.set()
        try:
            work()
        finally:
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    while not done.is_set():
        turns += 1
    thread.join()
    return turns
