"""The archiver of containers: outboxes to the bus, the bus to the stores, each store by itself."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from threading import Thread

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.archiver import memory
from globelet.archiver.archived import Archived
from globelet.archiver.consumer import Runner
from globelet.archiver.decoder import Decoder
from globelet.archiver.dynamodb import DynamoSink
from globelet.archiver.immudb import Ledger
from globelet.archiver.mongodb import MongoSink
from globelet.archiver.progress import Progress
from globelet.archiver.publisher import Publisher
from globelet.archiver.refusal import Transient
from globelet.archiver.s3 import S3Sink
from globelet.archiver.settings import Settings
from globelet.archiver.sink import Sink
from globelet.archiver.stream import StreamFollower
from globelet.engines.errors import EngineError

PORT, MISSING = 6402, 4
STORES = ("dynamodb", "mongodb", "s3", "immudb")
_LONGEST_END_S, _GIVE_BACK_S = 20.0, 20.0

log = logging.getLogger("globelet.archiver")


class Service:
    """A thread per store, and one loop for the outboxes and for those who ask how it goes."""

    def __init__(
        self, settings: Settings, outboxes: Mapping[str, tuple[str, int]], stores: Sequence[str] = STORES
    ) -> None:
        self.settings, self.progress = settings, Progress(list(outboxes))
        self._outboxes = outboxes
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        decoder = Decoder()
        self._parts: list[Runner | StreamFollower] = [
            Runner(settings, sink_of(name, settings), self.progress, decoder) for name in stores if name != "immudb"
        ]
        if "immudb" in stores:
            self._parts.append(StreamFollower(settings, Ledger(settings), self.progress))
        self._threads: list[Thread] = []

    async def run(self, port: int = PORT, host: str = "127.0.0.1") -> None:
        """Archives until SIGTERM or SIGINT."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = web.server(web.application(self.routes()), port, host)
        work = [web.serve(server), Publisher(self.settings, self._outboxes, self.progress).run()]
        work += [Archived(self._outboxes, self.progress).run(), _give_back()]
        tasks = [loop.create_task(one) for one in work]
        for task in tasks:
            task.add_done_callback(lambda _: stop.set())
        self.start()
        await web.started([server], stop)
        web.announce("archiver")
        await stop.wait()
        server.should_exit = True
        for task in tasks[1:]:
            task.cancel()
        await asyncio.to_thread(self.end)
        for failure in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(failure, Exception):
                raise failure

    def start(self) -> None:
        """Starts the stores' threads."""
        self._threads = [Thread(target=self._guarded, args=(part,), daemon=True) for part in self._parts]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Ends them, each with its checkpoint kept."""
        for part in self._parts:
            part.stop.set()
        for thread in self._threads:
            thread.join(_LONGEST_END_S)

    def routes(self) -> list[Route]:
        """`/metrics` and `/healthz`."""
        return [Route("/metrics", self._metrics), Route("/healthz", self._health)]

    async def _metrics(self, _: Request) -> Response:
        return PlainTextResponse(self.progress.metrics(), media_type="text/plain; version=0.0.4")

    async def _health(self, _: Request) -> Response:
        troubles = dict(self.progress.troubles)
        told = {"status": "waiting" if troubles else "ok", "troubles": troubles}
        return JSONResponse(told, 503 if troubles else 200)

    @staticmethod
    def _guarded(part: Runner | StreamFollower) -> None:
        try:
            part.run()
        except BaseException:
            # A store's thread that dies silently would look like a store that has nothing to do.
            log.exception("the archiver has a fault and ends")
            os.kill(os.getpid(), signal.SIGTERM)
            raise


async def _give_back() -> None:
    while True:
        await asyncio.sleep(_GIVE_BACK_S)
        await asyncio.to_thread(memory.give_back)


def sink_of(name: str, settings: Settings) -> Sink:
    """The sink of a store, by name."""
    sinks: dict[str, type[DynamoSink] | type[MongoSink] | type[S3Sink]] = {
        "dynamodb": DynamoSink,
        "mongodb": MongoSink,
        "s3": S3Sink,
    }
    return sinks[name](settings)


def check(settings: Settings, stores: Sequence[str] = STORES) -> list[tuple[str, int]]:
    """Looks at each store once; for each that is away, or refuses us, a sentence and an exit status. For the door."""
    told: list[tuple[str, int]] = []
    for name in stores:
        try:
            if name == "immudb":
                Ledger(settings).open()
            else:
                sink_of(name, settings).inspect()
        except EngineError as error:
            told.append((f"{name}: {error}", error.exit_status))
        except Transient as error:
            told.append((f"{name}: {error}; start it, or name the right address", MISSING))
    return told
