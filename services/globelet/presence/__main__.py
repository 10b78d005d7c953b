"""Runs the presence service alone: `python -m globelet.presence --state DIR [--port 6401]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from globelet import web
from globelet.presence.app import window
from globelet.presence.record import Genesis
from globelet.presence.shared import BadRedis
from globelet.selection import PolicyError


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.presence")
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--port", type=int, default=6401)
    options = parser.parse_args()
    try:
        app = window(Genesis.load(options.state / "genesis.json"))
    except (BadRedis, PolicyError) as error:
        sys.exit(_refused(str(error)))
    web.announce("presence")
    web.server(app, options.port).run()


def _refused(sentence: str) -> int:
    sys.stderr.write(f"globelet.presence: {sentence}\n")
    return 2


if __name__ == "__main__":
    main()
