"""Runs the presence service alone: `python -m globelet.presence [--port 6401]`."""

from __future__ import annotations

import argparse

from globelet import web
from globelet.presence.app import application
from globelet.presence.register import Register


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.presence")
    parser.add_argument("--port", type=int, default=6401)
    options = parser.parse_args()
    web.announce("presence")
    web.server(application(Register()), options.port).run()


if __name__ == "__main__":
    main()
