"""Load on a world for Locust: people in cities pay each other at a constant arrival rate and follow their receipts.

`make load RATE=500 FOR=60s` runs it headless; `locust -f scenarios/load/locustfile.py` serves Locust's page. Rows are
named by pair of municipalities: `tokyo → paris admitted` (the answer), `… committed` and `… credited` (the receipt's
stamps). All times are milliseconds from the INTENDED time of sending.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

import gevent
from crowd import Crowd, Payer
from forge import forge, spent, unsigned
from journey import COLUMNS, Journey
from locust import LoadTestShape, User, constant, events, runners, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from purse import Sessions, provide
from schedule import Schedule, parse_count
from seats import seats
from testbed import Testbed

from globelet._native.signatures import sign
from globelet.client.problem import Problem, Unreachable
from globelet.engines.errors import EngineError

LAST_REPORT = 6.0
"""Seconds that users stay after the last end: workers report to Locust's master every three, pages are written."""
_SEATED_WITHIN = 30.0
_log = logging.getLogger("globelet.load")
logging.getLogger("httpx").setLevel(logging.WARNING)
# Workers sign and open accounts before they send: on a busy machine they are silent for longer than Locust's 3 s.
runners.HEARTBEAT_LIVENESS = 60


class Stage:
    """What one process of a run holds: its crowd, and how many of its fellows are done."""

    crowd: Crowd | None = None
    playing: gevent.Greenlet[..., None] | None = None
    people = 1
    done = 0
    failed = False


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def options(parser: LocustArgumentParser) -> None:
    """The options of a load; Locust's page asks for them too."""
    group = parser.add_argument_group("globelet")
    group.add_argument("--world", default="tokyo-paris", env_var="GLOBELET_WORLD", help="a world that is up")
    group.add_argument("--rate", default="500", env_var="RATE", help="transfers a second, or several: 100,200,400")
    group.add_argument("--for", dest="duration", default="60s", env_var="FOR", help="how long each rate, as 60s or 2m")
    group.add_argument("--people", default="60", env_var="PEOPLE", help="users, spread over cities by population")
    group.add_argument("--streams", default="500", env_var="STREAMS", help="receipt streams a second at most")
    group.add_argument("--settle", default="30", env_var="SETTLE", help="seconds to wait for the last ends")
    group.add_argument("--seed", default="1", env_var="SEED", help="repeats who pays whom")


@events.init.add_listener  # type: ignore[untyped-decorator]
def attend(environment: Environment, **_: Any) -> None:
    """Lets the master count its workers' ends."""
    if isinstance(environment.runner, MasterRunner):

        def done(msg: Any, **_: Any) -> None:
            Stage.done += 1
            Stage.failed = Stage.failed or bool(msg.data["failed"])

        environment.runner.register_message("globelet_done", done)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    """Opens the accounts, signs the transfers, and starts the clock once everybody is seated."""
    _clear()
    try:
        chosen: Any = environment.parsed_options
        schedule = Schedule.parse(chosen.rate, chosen.duration)
        testbed = Testbed.find(chosen.world)
        testbed.require()
        people = parse_count(chosen.people, "PEOPLE", 1, 10_000)
        if isinstance(environment.runner, MasterRunner):
            workers = chosen.expect_workers
            Stage.people = sum(len(seats(testbed.world, people, "", n, workers)) for n in range(workers))
        else:
            _prepare(environment, testbed, schedule, people)
    except (EngineError, Problem, Unreachable, TimeoutError) as error:
        _log.error("%s", error)
        environment.process_exit_code = getattr(error, "exit_status", 4 if isinstance(error, Unreachable) else 1)
        _finish(environment, failed=True)


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def leave(**_: Any) -> None:
    """Ends what goes on where somebody stopped the load in its midst."""
    _clear()


def _clear() -> None:
    if Stage.playing is not None:
        Stage.playing.kill(block=False)
    Stage.crowd, Stage.playing, Stage.people, Stage.done, Stage.failed = None, None, 1, 0, False


def _prepare(environment: Environment, testbed: Testbed, schedule: Schedule, people: int) -> None:
    runner = environment.runner
    chosen: Any = environment.parsed_options
    worker, workers = 0, 1
    if isinstance(runner, WorkerRunner):
        worker, workers = runner.worker_index, chosen.expect_workers
    streams = parse_count(chosen.streams, "STREAMS", 0, 100_000)
    settle = parse_count(chosen.settle, "SETTLE", 1, 3_600)
    dice = random.Random(f"{chosen.seed} {worker}")  # noqa: S311
    crowd_of = seats(testbed.world, people, secrets.token_hex(16), worker, workers)
    seal = unsigned if testbed.null else sign
    journeys = forge(testbed.world, testbed.tag, crowd_of, schedule.due(worker, workers), dice, streams, seal)
    sessions = Sessions(testbed)
    provide(testbed, sessions, crowd_of, spent(journeys))
    for seat in crowd_of:
        sessions.token(seat.seed, seat.public)
    payers = [Payer(seat, testbed.endpoints[seat.municipality], sessions.of(seat)) for seat in crowd_of]
    crowd = Stage.crowd = Crowd(payers, testbed.endpoints, _teller(environment))
    Stage.people = len(payers)
    give_up = float(os.environ.get("GLOBELET_LOAD_GIVE_UP", "0"))
    Stage.playing = gevent.spawn(_play, environment, crowd, journeys, float(settle), give_up, worker)


def _play(
    environment: Environment, crowd: Crowd, journeys: list[Journey], settle: float, give_up: float, worker: int
) -> None:
    end = time.monotonic() + _SEATED_WITHIN
    while not crowd.seated and time.monotonic() < end:
        gevent.sleep(0.05)
    crowd.play(journeys, settle, give_up)
    if folder := os.environ.get("GLOBELET_LOAD_OUT"):
        _write(Path(folder), worker, crowd)
    _finish(environment, failed=False)


def _finish(environment: Environment, *, failed: bool) -> None:
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message("globelet_done", {"failed": failed})
    else:
        Stage.done, Stage.failed = 1, failed


def _teller(environment: Environment) -> Any:
    """Passes what happened on to Locust's statistics."""
    names: dict[tuple[str, str], dict[str, str]] = {}

    def fire(name: str, ms: float | None, error: str = "") -> None:
        environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type="transfer",
            name=name,
            response_time=ms or 0.0,
            response_length=0,
            exception=Exception(error) if error else None,
            context={},
        )

    def tell(journey: Journey, what: str) -> None:
        pair = journey.payer.municipality, journey.payee.municipality
        if pair not in names:
            names[pair] = {s: f"{pair[0]} → {pair[1]} {s}" for s in ("admitted", "committed", "credited")}
        known = names[pair]
        if what == "admitted":
            fire(known["admitted"], journey.after_ms(journey.admitted_us), journey.problem)
            return
        if journey.committed_us:
            fire(known["committed"], journey.after_ms(journey.committed_us))
        if journey.end == "credited":
            fire(known["credited"], journey.after_ms(journey.credited_us))
        elif journey.end != "refused" or journey.committed_us:
            error = f"{journey.end or 'unfinished'} {journey.problem}".strip()
            fire(known["credited"], journey.after_ms(time.time_ns() // 1000), error)

    return tell


def _write(folder: Path, worker: int, crowd: Crowd) -> None:
    """Each transfer, and what this process used; `run.py` puts the processes' files together."""
    with (folder / f"transfers-{worker}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(journey.row() for journey in crowd.journeys)
    said = {"start_us": crowd.start_us, "processors": crowd.processors, "peak": crowd.peak}
    (folder / f"generator-{worker}.json").write_text(json.dumps(said), encoding="utf-8")


class Citizen(User):
    """One person: pays when a payment is due, over a connection and a session of their own."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Takes a seat."""
        self.payer = Stage.crowd.claim() if Stage.crowd else None

    @task
    def pay(self) -> None:
        """Waits for what is due next, sends it, begins to follow it."""
        crowd = Stage.crowd
        if crowd is None or self.payer is None:
            gevent.sleep(1.0)
            return
        crowd.turn(self.payer)


class ConstantArrivals(LoadTestShape):
    """Everybody is there from the beginning to the last end; the rate is the schedule's, not the number of users'."""

    _over = 0.0

    def tick(self) -> tuple[int, float] | None:
        """As many users as there are people; None once every process is done."""
        runner = self.runner
        expected = len(runner.clients) if isinstance(runner, MasterRunner) else 1
        if not Stage.failed and not 0 < expected <= Stage.done:
            self._over = 0.0
            return Stage.people, float(Stage.people)
        now = time.monotonic()
        self._over = self._over or now + (0.0 if Stage.failed else LAST_REPORT)
        if now >= self._over:
            return None
        return Stage.people, float(Stage.people)
