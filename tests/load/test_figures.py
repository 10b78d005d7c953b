"""Schedules, people, verdicts and the search for the knee, as laws."""

import json
import random
from dataclasses import replace

import pytest
from figures import Transfer, keeps_up, lag, reached
from forge import forge, spent
from knee import search
from meter import Usage, Used
from schedule import BadFigure, Schedule, Step, parse_count, parse_rate, parse_seconds
from seats import apportion, seats
from testbed import BadEndpoints, parse_endpoints
from verdict import holds, judge

from globelet._native.signatures import verify
from globelet.client.orders import Transfer as Order
from globelet.world import load

pytestmark = pytest.mark.load
WORLD = load("tokyo-paris")


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_workers_share_one_even_schedule(workers):
    schedule = Schedule((Step(40, 2.0), Step(10, 1.0)))
    parts = [list(schedule.due(worker, workers)) for worker in range(workers)]
    together = sorted(due for part in parts for due in part)
    assert [at for at, _ in together] == pytest.approx([n / 40 for n in range(80)] + [2 + n / 10 for n in range(10)])
    assert [rate for _, rate in together] == [40] * 80 + [10] * 10
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert (schedule.count, schedule.seconds) == (90, 3.0)


@pytest.mark.parametrize("text", ["", "fast", "0", "-5", "nan", "inf", "1e9"])
def test_a_rate_that_is_none_is_told_with_the_mend(text):
    with pytest.raises(BadFigure, match="RATE=500") as caught:
        parse_rate(text)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("60s", 60), ("1.5m", 90), ("1h", 3600)])
def test_durations(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "5 parsecs", "25h"])
def test_a_duration_that_is_none(text):
    with pytest.raises(BadFigure, match="FOR=60s"):
        parse_seconds(text)


def test_counts_have_bounds():
    assert parse_count("7", "PEOPLE", 1, 10) == 7
    for text in ("0", "11", "x", "1.5"):
        with pytest.raises(BadFigure, match="PEOPLE"):
            parse_count(text, "PEOPLE", 1, 10)


def test_endpoints_of_the_environment():
    assert parse_endpoints("tokyo=http://tokyo:6100, paris=http://h:1/") == {
        "tokyo": "http://tokyo:6100",
        "paris": "http://h:1",
    }
    for text in ("tokyo", "tokyo=tokyo:6100", "tokyo=http://", "tokyo=http://h:x", "tokyo=ftp://h:1"):
        with pytest.raises(BadEndpoints, match="NAME=http://HOST:PORT"):
            parse_endpoints(text)


@pytest.mark.parametrize("total", [1, 6, 60, 1001])
def test_shares_add_up_and_follow_the_weights(total):
    weights = {"a": 5.0, "b": 3.0, "c": 1.9, "d": 0.1}
    shares = apportion(total, weights)
    assert sum(shares.values()) == total
    assert all(abs(shares[name] - total * weight / 10) < 1 for name, weight in weights.items())
    assert min(apportion(total, weights, least=2).values()) >= 2


def test_people_live_in_cities_by_population():
    people = seats(WORLD, 600, "run")
    count = {chain.name: sum(seat.municipality == chain.name for seat in people) for chain in WORLD.municipalities()}
    population = {chain.name: chain.population for chain in WORLD.municipalities()}
    assert sorted(count, key=count.__getitem__) == sorted(population, key=population.__getitem__)
    assert len({seat.city for seat in people if seat.municipality == "tokyo"}) > 3
    keys = [{seat.public for seat in seats(WORLD, 60, run, worker, 2)} for run in "ab" for worker in (0, 1)]
    assert len(set.union(*keys)) == sum(map(len, keys)), "nobody has another's key"


def test_what_is_forged_is_signed_and_paid_for():
    people = seats(WORLD, 30, "run")
    due = Schedule((Step(100, 3.0),)).due()
    made = forge(WORLD, 77, people, due, random.Random(5), 20)
    assert sum(journey.followed for journey in made) == 60
    nonces: dict[str, list[int]] = {}
    for journey in made:
        body = json.loads(journey.body)
        order = Order(
            77, journey.payer.number, journey.payee.number, journey.payer.public, journey.payee.public,
            body["amount"], body["nonce"], body["expires_us"],
        )  # fmt: skip
        assert verify(journey.payer.public, order.signing_bytes(), bytes.fromhex(body["signature"]))
        assert (order.id, body["source"]) == (journey.id, journey.payer.municipality)
        assert journey.payer is not journey.payee
        nonces.setdefault(journey.payer.account, []).append(body["nonce"])
    assert all(used == sorted(set(used)) for used in nonces.values())
    assert sum(spent(made).values()) == sum(journey.amount for journey in made)
    again = forge(WORLD, 77, people, Schedule((Step(100, 3.0),)).due(), random.Random(5), 20)
    assert [(j.payer, j.payee, j.amount) for j in again] == [(j.payer, j.payee, j.amount) for j in made]


def transfers(rate: float, seconds: float, late_ms: float) -> list[Transfer]:
    """A generator that falls behind by `late_ms` each second."""
    due = [number / rate for number in range(int(rate * seconds))]
    return [
        Transfer(int(at * 1e6), "tokyo", "paris", at * late_ms, {"admitted": at * late_ms}, "credited", "")
        for at in due
    ]


def test_a_generator_that_falls_behind_does_not_keep_up():
    schedule = Schedule((Step(100, 2.0),))
    assert keeps_up(transfers(100, 2.0, 10), schedule, 50) == [True]
    assert keeps_up(transfers(100, 2.0, 100), schedule, 50) == [False]
    assert keeps_up([], schedule, 50) == [False], "what was not begun was not kept up with"
    assert keeps_up(transfers(100, 2.0, 0), Schedule((Step(100, 2.0), Step(200, 2.0))), 50) == [True, False]
    assert reached(transfers(100, 2.0, 0), schedule) == pytest.approx(100)
    assert reached(transfers(100, 2.0, 1000), schedule) == pytest.approx(50, abs=1)
    assert lag(transfers(100, 2.0, 100))["max"] == pytest.approx(199)


LOAD = {
    "rate": 100.0, "reached": 100.0, "sent": 1000, "credited": 1000, "problems": {}, "ocean": {"stretch": {"p99": 1.4}},
    "generator": {"processes": 2, "processors": 0.4, "lag_ms": {"p99": 1.0}},
}  # fmt: skip
ROOM = Usage(2, 60.0, 0.0, 0.4, 0.4, 0.0, [Used("tokyo", 0.5, 0.5, "core", 0.4, 40.0, 3, 9)])


def with_generator(**change: object) -> dict[str, object]:
    return {**LOAD, "generator": {**LOAD["generator"], **change}}


@pytest.mark.parametrize(
    ("load_", "usage", "what"),
    [
        (LOAD, ROOM, "none"),
        (with_generator(processors=1.9), ROOM, "generator"),
        (with_generator(lag_ms={"p99": 80.0}), ROOM, "generator"),
        (with_generator(lag_ms={"p99": 80.0}), replace(ROOM, busy_percent=99.0), "machine"),
        (LOAD, replace(ROOM, busy_percent=99.0, others=0.8), "others"),
        (LOAD, replace(ROOM, others=0.8), "none"),
        (LOAD, replace(ROOM, processes=[replace(ROOM.processes[0], thread_processors=0.97)]), "process:tokyo"),
        ({**LOAD, "problems": {"busy": 3}}, ROOM, "refusals"),
    ],
)
def test_what_saturated_is_named(load_, usage, what):
    verdict = judge(load_, usage)
    assert verdict.what == what
    if what == "machine":
        assert "tokyo 0.50" in verdict.sentence
        assert "9 effects waiting for the disk" in verdict.sentence


def test_from_a_container_nobody_else_is_blamed_for_what_the_world_may_have_used():
    verdict = judge(LOAD, replace(ROOM, busy_percent=99.0, others=1.5, processes=[]))
    assert verdict.what == "machine"
    assert "not known from here" in verdict.sentence


@pytest.mark.parametrize(
    "change", [{"credited": 999}, {"reached": 90.0}, {"ocean": {"stretch": {"p99": 2.5}}}, {"sent": 0, "credited": 0}]
)
def test_a_rate_holds_only_with_everything_credited_in_time(change):
    assert holds(LOAD)
    assert not holds({**LOAD, **change})


def bears_up_to(most: float):
    def step(rate: float) -> dict[str, object]:
        held = rate <= most
        return {"rate": rate, "holds": held, "saturated": "x", "saturated_what": "none" if held else "machine"}

    return step


@pytest.mark.parametrize("most", [100, 370, 1000, 5000])
def test_the_knee_is_found_from_below(most):
    found = search(bears_up_to(most), alone_rate=0)
    assert found["knee"] <= most < found["broke_at"]
    assert found["broke_at"] / found["knee"] <= 2**0.26, "the gap was halved twice"
    assert found["saturated_what"] == "machine"
    assert all(step["holds"] == (step["rate"] <= most) for step in found["steps"])


@pytest.mark.parametrize("most", [13, 40, 60])
def test_the_knee_is_found_below_the_first_rate(most):
    found = search(bears_up_to(most), alone_rate=0)
    assert found["knee"] <= most < found["broke_at"]
    # Rates between are whole numbers.
    assert found["broke_at"] <= 2**0.26 * found["knee"] + 1
    assert all(step["holds"] == (step["rate"] <= most) for step in found["steps"])


def test_a_bears_up_to_nothing_and_one_that_bears_more_than_the_generator_makes():
    assert search(bears_up_to(10), alone_rate=0)["knee"] == 0
    found = search(bears_up_to(10**9), alone_rate=1000)
    assert (found["knee"], found["broke_at"]) == (800, 0)
    assert max(step["rate"] for step in found["steps"]) <= 1000
