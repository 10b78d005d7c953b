"""Runs the presence service alone: `python -m globelet.presence --state DIR [--port 6401]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from globelet import web
from globelet.presence.app import application
from globelet.presence.record import Genesis
from globelet.presence.register import Register


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.presence")
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--port", type=int, default=6401)
    options = parser.parse_args()
    app = application(Register(Genesis.load(options.state / "genesis.json")))
    web.announce("presence")
    web.server(app, options.port).run()


if __name__ == "__main__":
    main()
