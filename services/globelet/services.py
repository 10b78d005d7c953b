"""Identity, presence and archiver in one process: what the local engine runs beside the chains.

`python -m globelet.services --world NAME --state DIR [--identity-port 6400] [--presence-port 6401] --outbox …`
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from globelet import web
from globelet.archiver.__main__ import outbox
from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store
from globelet.identity.app import application as identity
from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer
from globelet.presence.app import application as presence
from globelet.presence.record import Genesis
from globelet.presence.register import Register


async def serve(options: argparse.Namespace) -> None:
    """Serves all three until SIGTERM or SIGINT."""
    folder = options.state / "archive"
    follower = Follower(dict(options.outbox), Store(folder / "archive.sqlite"), MinuteFiles(folder / "parquet"))
    issuer = Issuer(options.world, SigningKeys(options.state / "identity"))
    genesis = Genesis.load(options.state / "genesis.json")
    servers = [
        web.server(identity(issuer), options.identity_port),
        web.server(presence(Register(genesis)), options.presence_port),
    ]
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    tasks = [loop.create_task(web.serve(s)) for s in servers] + [loop.create_task(follower.run())]
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    await web.started(servers, stop)
    web.announce("services")
    await stop.wait()
    for server in servers:
        server.should_exit = True
    tasks[-1].cancel()
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
    parser.add_argument("--outbox", nargs="*", type=outbox, default=[])
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
