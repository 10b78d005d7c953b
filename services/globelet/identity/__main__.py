"""Runs the identity service alone: `python -m globelet.identity --world NAME --state DIR [--port 6400]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from globelet import web
from globelet.identity.app import application
from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.identity")
    parser.add_argument("--world", required=True)
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--port", type=int, default=6400)
    options = parser.parse_args()
    app = application(Issuer(options.world, SigningKeys(options.state / "identity")))
    web.announce("identity")
    web.server(app, options.port).run()


if __name__ == "__main__":
    main()
