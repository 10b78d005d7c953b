"""Runs the archiver alone, in one of two ways.

With `--state DIR` it writes the embedded store, as the local engine does:
`python -m globelet.archiver --state DIR --outbox tokyo=127.0.0.1:6100 …`.
Without, it publishes to the bus and feeds the stores that the environment names, as in containers:
`GLOBELET_BUS=… GLOBELET_OUTBOXES=tokyo=tokyo:6100,… python -m globelet.archiver`.
Without GLOBELET_OUTBOXES, Consul at GLOBELET_CONSUL says where they are; with GLOBELET_VAULT its passwords come from
there.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from globelet import web
from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store
from globelet.consul import CHAIN, Consul
from globelet.engines.errors import EngineError


def outbox(text: str) -> tuple[str, tuple[str, int]]:
    """Parses NAME=HOST:PORT."""
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    if not (name and host and port.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=HOST:PORT")
    return name, (host, int(port))


def main() -> None:
    """Archives until it is told to stop."""
    parser = argparse.ArgumentParser(prog="globelet.archiver", description=__doc__)
    parser.add_argument("--state", type=Path, help="directory of the embedded store; without it: bus and stores")
    parser.add_argument("--outbox", nargs="+", type=outbox, default=[], metavar="NAME=HOST:PORT")
    parser.add_argument("--stores", default="dynamodb,mongodb,s3,immudb", help="which stores this one feeds")
    parser.add_argument("--check", action="store_true", help="look at each store once, say what is wrong, and end")
    options = parser.parse_args()
    listed = [outbox(text) for text in os.environ.get("GLOBELET_OUTBOXES", "").split(",") if text]
    outboxes, consul = dict(options.outbox or listed), Consul.of()
    if not outboxes and not consul and not options.check:
        parser.error("no outbox is named: give --outbox, or set GLOBELET_OUTBOXES to NAME=HOST:PORT,…")
    if options.state is not None:
        embedded(options.state, outboxes)
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Each store has a thread that mostly waits for its store: it shall not wait long for the interpreter besides.
    sys.setswitchinterval(0.0005)
    try:
        if not outboxes and consul and not options.check:
            outboxes = consul.wait(CHAIN)
        stored(outboxes, options.stores.split(","), only_check=options.check)
    except EngineError as error:
        sys.stderr.write(f"globelet.archiver: {error}\n")
        sys.exit(error.exit_status)


def embedded(state: Path, outboxes: dict[str, tuple[str, int]]) -> None:
    """Outboxes to SQLite and Parquet files below the state directory."""
    folder = state / "archive"
    follower = Follower(outboxes, Store(folder / "archive.sqlite"), MinuteFiles(folder / "parquet"))
    web.announce("archiver")
    asyncio.run(follower.run())


def stored(outboxes: dict[str, tuple[str, int]], stores: list[str], *, only_check: bool) -> None:
    """Outboxes to the bus, the bus to the stores. Needs the extra `stores`."""
    from globelet.archiver import memory
    from globelet.archiver.service import PORT, STORES, Service, check
    from globelet.archiver.settings import Settings
    from globelet.vault import overlaid

    memory.keep_small()
    settings = Settings.read(overlaid(os.environ))
    if unknown := [name for name in stores if name not in STORES]:
        sys.stderr.write(f"globelet.archiver: there is no store {', '.join(unknown)}; there are {', '.join(STORES)}\n")
        sys.exit(2)
    if only_check:
        told = check(settings, stores)
        sys.stderr.writelines(f"globelet.archiver: {line}\n" for line, _ in told)
        sys.exit(min((status for _, status in told), default=0))
    host, _, port = os.environ.get("GLOBELET_ARCHIVER_HOST", "127.0.0.1").partition(":")
    memory.collect_seldom()
    asyncio.run(Service(settings, outboxes, stores).run(int(port) if port else PORT, host))


if __name__ == "__main__":
    main()
