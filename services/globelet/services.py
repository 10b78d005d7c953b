"""Identity and presence in one process, and what else an engine wants beside the chains.

`python -m globelet.services --world NAME --state DIR [--identity-port 6400] [--presence-port 6401]`
with `--outbox …` the embedded archiver, with `--links URL` the keeper of a link emulator's proxies.
Where GLOBELET_VAULT names a Vault the signing keys lie there; where GLOBELET_CONSUL names a Consul it says where the
link emulator is, and is kept up to date.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from globelet import web
from globelet.archiver.__main__ import outbox
from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store
from globelet.consul import Consul
from globelet.engines import catalog
from globelet.engines.errors import EngineError
from globelet.engines.keeper import Keeper
from globelet.identity.app import application as identity
from globelet.identity.in_vault import VaultShelf
from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer
from globelet.presence.app import window as presence
from globelet.presence.record import Genesis
from globelet.presence.shared import BadRedis
from globelet.selection import PolicyError
from globelet.vault import OwnPath


def beside(options: argparse.Namespace) -> list[Coroutine[Any, Any, None]]:
    """What runs beside the two: the embedded archiver, the keeper of the links."""
    found: list[Coroutine[Any, Any, None]] = []
    if options.outbox:
        folder = options.state / "archive"
        store, files = Store(folder / "archive.sqlite"), MinuteFiles(folder / "parquet")
        found.append(Follower(dict(options.outbox), store, files).run())
    consul = Consul.of()
    if options.links:
        found.append(Keeper.of(options.links, options.state).run())
    elif consul and (options.state / "ports.json").exists():
        found.append(kept_links(consul, options.state))
    if consul and (options.state / catalog.FILE).exists():
        found.append(catalog.CatalogKeeper.of(consul, options.state).run())
    return found


async def kept_links(consul: Consul, state: Path) -> None:
    """Keeps the links of the emulator that Consul names."""
    url = await asyncio.to_thread(consul.url_of, "toxiproxy")
    await Keeper.of(url, state).run()


def signing_keys(state: Path) -> SigningKeys:
    """In Vault where the environment names one, else in a folder of the state. Raises `EngineError`."""
    own = OwnPath.of(os.environ)
    return SigningKeys(VaultShelf(own) if own else state / "identity")


async def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT."""
    issuer = Issuer(options.world, signing_keys(options.state))
    genesis = Genesis.load(options.state / "genesis.json")
    servers = [
        web.server(identity(issuer), options.identity_port, options.host),
        web.server(presence(genesis), options.presence_port, options.host),
    ]
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    tasks = [loop.create_task(web.serve(s)) for s in servers]
    besides = [loop.create_task(task) for task in beside(options)]
    tasks += besides
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    await web.started(servers, stop)
    web.announce("services")
    await stop.wait()
    for server in servers:
        server.should_exit = True
    for task in besides:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception):
            raise failure


def main() -> None:
    """Parses the options and serves."""
    parser = argparse.ArgumentParser(prog="globelet.services")
    parser.add_argument("--world", required=True)
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--identity-port", type=int, default=6400)
    parser.add_argument("--presence-port", type=int, default=6401)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--outbox", nargs="*", type=outbox, default=[])
    parser.add_argument("--links", help="URL of the link emulator whose proxies are kept")
    try:
        asyncio.run(serve(parser.parse_args()))
    except (BadRedis, PolicyError) as error:
        sys.stderr.write(f"globelet.services: {error}\n")
        sys.exit(2)
    except EngineError as error:
        sys.stderr.write(f"globelet.services: {error}\n")
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
