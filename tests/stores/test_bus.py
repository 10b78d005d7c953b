"""Outboxes over HTTP to a real bus, and what is told to the processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from starlette.responses import JSONResponse
from starlette.routing import Route

from globelet import web
from globelet.archiver import bus as buses
from globelet.archiver import dead_letter
from globelet.archiver.archived import STORES, Archived
from globelet.archiver.bus import Position
from globelet.archiver.carried import readable
from globelet.archiver.progress import Progress
from globelet.archiver.publisher import Publisher

pytestmark = pytest.mark.stores
PROCESS = "tokyo"


class Outbox:
    """The outbox of one process, over HTTP."""

    def __init__(self) -> None:
        self.records: list[dict] = []
        self.told: list[int] = []
        self._server = web.server(
            web.application(
                [
                    Route("/v1/outbox", self._page),
                    Route("/v1/outbox/archived", self._archived, methods=["POST"]),
                ]
            ),
            0,
        )
        self._thread = Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
        self.address = ("127.0.0.1", self._server.servers[0].sockets[0].getsockname()[1])

    async def _page(self, request):
        after, limit = int(request.query_params["after"]), 7
        found = [one for one in self.records if one["offset"] > after][:limit]
        newest = self.records[-1]["offset"] if self.records else 0
        return JSONResponse({"records": found, "next": found[-1]["offset"] if found else after, "newest": newest})

    async def _archived(self, request):
        self.told.append((await request.json())["upto"])
        return JSONResponse({})

    def add(self, *receipts: dict) -> None:
        for receipt in receipts:
            offset = self.records[-1]["offset"] + 1 if self.records else 1
            self.records.append({"offset": offset, "kind": "receipt", "receipt": receipt})

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    made = Outbox()
    yield made
    made.close()


@contextmanager
def publishing(desk, outbox: Outbox) -> Iterator[Progress]:
    """A publisher in a loop of its own."""
    progress = Progress([PROCESS])
    loop = asyncio.new_event_loop()
    task = loop.create_task(Publisher(desk.settings, {PROCESS: outbox.address}, progress).run())
    thread = Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])), daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(30)
        assert not thread.is_alive()
        loop.close()


def on_bus(desk) -> list[tuple[Position, dict]]:
    client = buses.consumer(desk.settings, desk.settings.group("reader"))
    try:
        messages = buses.read(client, desk.settings.topic(PROCESS), *buses.ends(client, desk.settings.topic(PROCESS)))
    finally:
        client.close()
    places = [(buses.place(PROCESS, m), json.loads(readable(m.value()))) for m in messages]
    return [(Position(at.bus, at.generation, at.outbox), document) for at, document in places]


def test_an_outbox_is_on_the_bus_once_in_order_and_goes_on_after_a_restart(desk, outbox):
    outbox.add(*(desk.receipt(n) for n in range(40)))
    with publishing(desk, outbox) as progress:
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 40)
    outbox.add(*(desk.receipt(n) for n in range(40, 60)))
    with publishing(desk, outbox) as progress:
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 60)
    found = on_bus(desk)
    assert [at for at, _ in found] == [Position(n, 0, n + 1) for n in range(60)]
    assert [document for _, document in found] == [
        {"kind": "receipt", "process": PROCESS, "receipt": one["receipt"]} for one in outbox.records
    ]


def test_an_outbox_that_lost_its_end_is_published_again_as_another_generation(desk, outbox):
    outbox.add(*(desk.receipt(n) for n in range(10)))
    with publishing(desk, outbox) as progress:
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 10)
        del outbox.records[6:]
        desk.until(lambda: progress.generations[PROCESS] == 1)
        outbox.add(desk.receipt(77))
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 7)
    found = on_bus(desk)
    assert [at.outbox for at, _ in found] == [*range(1, 11), *range(1, 8)]
    assert [at.generation for at, _ in found] == [0] * 10 + [1] * 7
    assert buses.last_published(desk.settings, PROCESS) == Position(17, 1, 7)


def test_a_record_that_no_bus_takes_is_a_dead_letter_and_holds_nothing_up(desk, outbox):
    outbox.add(desk.receipt(1), desk.receipt(2, encoded="0" * 2 * buses.LARGEST), desk.receipt(3))
    with publishing(desk, outbox) as progress:
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 3)
    assert [at.outbox for at, _ in on_bus(desk)] == [1, 3]
    letters = dead_letter.every(desk.settings)
    assert [(one.store, one.code, one.outbox_offset, one.value) for one in letters] == [("bus", "oversized", 2, None)]


def test_a_process_is_told_what_both_stores_have(outbox):
    progress = Progress([PROCESS])
    progress.generations[PROCESS] = 0
    archived = Archived({PROCESS: outbox.address}, progress)

    async def tell() -> None:
        for dynamodb, mongodb in ((0, 9), (4, 9), (4, 12), (20, 12)):
            progress.track(STORES[0], PROCESS).settle(Position(0, 0, dynamodb))
            progress.track(STORES[1], PROCESS).settle(Position(0, 0, mongodb))
            await archived.tell(PROCESS)

    asyncio.run(tell())
    assert outbox.told == [4, 12]


def test_the_bus_stops_and_starts_and_nothing_is_lost(desk, outbox, bus):
    outbox.add(*(desk.receipt(n) for n in range(20)))
    with publishing(desk, outbox) as progress:
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 20)
        bus.stop()
        outbox.add(*(desk.receipt(n) for n in range(20, 60)))
        desk.until(lambda: progress.track("bus", PROCESS).lag == 40)
        bus.start()
        desk.until(lambda: progress.track("bus", PROCESS).settled.bus == 60, 120)
    assert [at.outbox for at, _ in on_bus(desk)] == list(range(1, 61))
