"""Sends the transfers of a load, each at its time, and learns what became of them.

Open model: a transfer is handed to its payer when it is due, whatever became of the ones before. What falls due while
the payer's connection waits for an answer leaves together in the next request. Every latency counts from the due time,
so a server that stalls is charged for all that had to wait (no coordinated omission).
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent
from gevent.event import Event
from journey import ENDS, Journey
from line import Line, LineBroken
from seats import Seat

MOST_AT_ONCE = 200
"""Transfers in one request."""
MOST_STREAMS = 1_500
"""Receipt streams open at once in one process: each is a connection. More are asked for afterwards."""
RETRY, PATIENCE = 0.1, 30.0
CANNOT_TELL = (502, 503, 504)
"""Statuses by which a process says that it cannot tell: it begins, stops, or its replica is silent."""
_PIPELINED, _LOOK = 50, 0.25


class Payer:
    """One person's connection, token and what waits to be sent."""

    def __init__(self, seat: Seat, url: str, token: Callable[[], str | None]) -> None:
        self.seat, self._line, self._token = seat, Line(url), token
        self.waiting: deque[Journey] = deque()
        self.work, self.busy = Event(), False
        self._doubtful: set[str] = set()

    def push(self, journey: Journey) -> None:
        """Hands it over; it leaves as soon as the connection is free."""
        self.waiting.append(journey)
        self.work.set()

    def turn(self) -> list[Journey]:
        """Waits until something is due, sends it, and returns what was answered."""
        while not self.waiting:
            self.work.clear()
            self.work.wait()
        self.busy = True
        try:
            batch = [self.waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self.waiting)))]
            self._send(batch)
            return batch
        finally:
            self.busy = False

    def _send(self, batch: list[Journey]) -> None:
        status, body = self._ask(batch)
        at = time.time_ns() // 1000
        results: list[Any] = [{}] * len(batch)
        if status != 202:
            results = [{"problem": _document(body, status)}] * len(batch)
        elif body.startswith(b'{"results"'):
            results = json.loads(body)["results"]
        for journey, result in zip(batch, results, strict=True):
            journey.admitted_us = at
            problem = result.get("problem")
            if not problem or (problem["code"] == "replayed" and journey.id in self._doubtful):
                continue
            if problem.get("status") in CANNOT_TELL and len(batch) > 1:
                self._doubtful.add(journey.id)
                self._send([journey])
            else:
                journey.refuse(str(problem["code"]))

    def _ask(self, batch: list[Journey]) -> tuple[int, bytes]:
        """Posts until there is an answer; what was posted in vain may have been admitted all the same."""
        body = batch[0].body if len(batch) == 1 else b"[" + b",".join(j.body for j in batch) + b"]"
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._line.post("/v1/transfers", body, self._token())
                if answer[0] not in CANNOT_TELL or time.monotonic() > end:
                    return answer
            except LineBroken as error:
                if time.monotonic() > end:
                    return 0, json.dumps({"code": "unreachable", "detail": str(error)}).encode()
            self._doubtful |= {journey.id for journey in batch}
            gevent.sleep(RETRY)


def _document(body: bytes, status: int) -> dict[str, Any]:
    try:
        found = json.loads(body)
        return {"status": status, **found, "code": found.get("code", f"status_{status}")}
    except (ValueError, TypeError, AttributeError):
        return {"status": status, "code": f"status_{status}"}


class Crowd:
    """Everybody who pays in this process. `tell` is called with each journey: when answered, and when it ended."""

    def __init__(self, payers: Sequence[Payer], urls: Mapping[str, str], tell: Callable[[Journey, str], None]) -> None:
        self._payers = {payer.seat.account: payer for payer in payers}
        self._free = deque(payers)
        self._urls, self._tell = urls, tell
        self._left: list[Journey] = []
        self._streams: set[gevent.Greenlet[..., None]] = set()
        self._answered = self._due = 0
        self.journeys: list[Journey] = []
        self.start_us = 0
        self.processors = 0.0
        """Processor seconds per second of this process while it sent."""
        self.peak = 0.0
        """The same, of its busiest quarter of a second."""
        self.finished = Event()

    def claim(self) -> Payer | None:
        """A person for a user to be; None when all are taken."""
        return self._free.popleft() if self._free else None

    @property
    def seated(self) -> bool:
        """Whether every person is somebody's."""
        return not self._free

    def turn(self, payer: Payer) -> None:
        """What a user does, again and again: waits until something is due, sends it, begins to follow it."""
        for journey in payer.turn():
            self._answered += 1
            journey.body = b""  # no longer needed, and most of what a journey weighs
            self._tell(journey, "admitted")
            if journey.end:
                self._tell(journey, "end")
            elif journey.followed and len(self._streams) < MOST_STREAMS:
                stream = gevent.spawn(self._follow, journey)
                self._streams.add(stream)
                stream.rawlink(self._streams.discard)
            else:
                self._left.append(journey)

    def play(self, journeys: Sequence[Journey], settle: float, give_up: float = 0.0) -> None:
        """Hands every journey over at its time, then waits up to `settle` seconds for the ends of all.

        `give_up`, if above 0, is for measuring the generator alone: it stops when anything is due for so many seconds
        without having been sent, and asks for no ends.
        """
        begin, own = time.monotonic(), time.process_time()
        self.start_us = time.time_ns() // 1000
        looked = begin, own
        for journey in journeys:
            now = time.monotonic()
            ahead = journey.due - (now - begin)
            if now - looked[0] >= _LOOK:
                self.peak, looked = self._peak(looked), (now, time.process_time())
                if give_up and self._oldest(now - begin) > give_up:
                    break
            if ahead > 0:
                gevent.sleep(ahead)
            self._hand_over(journey, int((time.monotonic() - begin - journey.due) * 1e6))
        took = time.monotonic() - begin
        self.processors = (time.process_time() - own) / took if took else 0.0
        self.peak = max(self.peak, self.processors)
        self._settle(time.monotonic() + settle, ask=not give_up)
        self.finished.set()

    def _oldest(self, now: float) -> float:
        """For how many seconds the oldest of what waits to be sent has been due."""
        return max((now - payer.waiting[0].due for payer in self._payers.values() if payer.waiting), default=0.0)

    def _peak(self, since: tuple[float, float]) -> float:
        return max(self.peak, (time.process_time() - since[1]) / (time.monotonic() - since[0]))

    def _hand_over(self, journey: Journey, late_us: int) -> None:
        journey.intended_us = self.start_us + int(journey.due * 1e6)
        journey.lag_us = max(0, late_us)
        self.journeys.append(journey)
        self._due += 1
        self._payers[journey.payer.account].push(journey)
        if self._due % 64 == 0:
            gevent.sleep(0)  # a pacer that is late must not keep everybody else waiting

    def _settle(self, end: float, *, ask: bool) -> None:
        while self._answered < self._due and time.monotonic() < end:
            gevent.sleep(0.01)
        gevent.joinall(list(self._streams), timeout=max(0.0, end - time.monotonic()))
        while self._left and ask:
            waiting, self._left = self._left, []
            gevent.joinall([gevent.spawn(self._look_up, some) for some in _by_place(waiting).values()])
            over = time.monotonic() >= end
            for journey in waiting:
                if journey.end or over:
                    self._tell(journey, "end")
                else:
                    self._left.append(journey)
            if self._left:
                gevent.sleep(0.5)

    def _follow(self, journey: Journey) -> None:
        """Reads the receipt stream until the transfer has ended; what the stream does not tell is asked for later."""
        line = Line(self._urls[journey.payer.municipality], PATIENCE)
        try:
            for event in line.events(f"/v1/transfers/{journey.id}/events"):
                journey.step(str(event["stage"]), int(event["micros"]))
                if event["stage"] in ENDS:
                    journey.told_us = time.time_ns() // 1000
                    journey.problem = str((event.get("refusal") or {}).get("code", ""))
                    self._tell(journey, "end")
                    return
        except LineBroken:
            pass
        self._left.append(journey)

    def _look_up(self, journeys: list[Journey]) -> None:
        line = Line(self._urls[journeys[0].payer.municipality])
        for begin in range(0, len(journeys), _PIPELINED):
            some = journeys[begin : begin + _PIPELINED]
            try:
                answers = line.get([f"/v1/transfers/{journey.id}" for journey in some])
            except LineBroken:
                continue  # the process is away: asked again, or unfinished
            for journey, (status, body) in zip(some, answers, strict=True):
                if status == 200:
                    journey.absorb(json.loads(body))
        line.close()


def _by_place(journeys: Sequence[Journey]) -> dict[str, list[Journey]]:
    places: dict[str, list[Journey]] = {}
    for journey in journeys:
        places.setdefault(journey.payer.municipality, []).append(journey)
    return places
