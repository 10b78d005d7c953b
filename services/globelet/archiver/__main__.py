"""Runs the archiver alone: `python -m globelet.archiver --state DIR --outbox tokyo=127.0.0.1:6101 …`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from globelet import web
from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store


def outbox(text: str) -> tuple[str, tuple[str, int]]:
    """Parses NAME=HOST:PORT."""
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    if not (name and host and port.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=HOST:PORT")
    return name, (host, int(port))


def main() -> None:
    """Archives until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.archiver")
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--outbox", required=True, nargs="+", type=outbox)
    options = parser.parse_args()
    folder = options.state / "archive"
    follower = Follower(dict(options.outbox), Store(folder / "archive.sqlite"), MinuteFiles(folder / "parquet"))
    web.announce("archiver")
    asyncio.run(follower.run())


if __name__ == "__main__":
    main()
