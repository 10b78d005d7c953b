"""The register of those present, and its change feed by HTTP."""

import time
from threading import Thread

import httpx
import pytest

from globelet import web
from globelet.presence.app import application
from globelet.presence.register import Candidate, Register, distance_km

pytestmark = pytest.mark.unit
TOKYO, OSAKA, PARIS = (35.6895, 139.6917), (34.6937, 135.5023), (48.8566, 2.3522)


def candidate(node: str, at: tuple[float, float], municipality: str = "tokyo", role: str = "holder") -> Candidate:
    return Candidate(node, municipality, role, *at, address="127.0.0.1:1")


def test_distances_are_those_of_the_globe():
    assert distance_km(TOKYO, OSAKA) == pytest.approx(397, abs=5)
    assert distance_km(TOKYO, PARIS) == pytest.approx(9712, abs=15)
    assert distance_km((0, 179.5), (0, -179.5)) == pytest.approx(111.2, abs=0.2)


def test_nearest_first_and_filters():
    register = Register()
    for node, at, place in (("p", PARIS, "paris"), ("o", OSAKA, "osaka"), ("t", TOKYO, "tokyo")):
        register.login(candidate(node, at, place), 10, now=0)
    assert [c["node"] for c in register.candidates(TOKYO, None, 1)] == ["t", "o", "p"]
    assert [c["node"] for c in register.candidates(PARIS, None, 1, limit=2)] == ["p", "o"]
    assert [c["node"] for c in register.candidates(TOKYO, "paris", 1)] == ["p"]


def test_who_does_not_log_in_again_is_gone():
    register = Register()
    register.login(candidate("a", TOKYO), 10, now=0)
    register.login(candidate("b", TOKYO), 10, now=0)
    assert not register.login(candidate("a", TOKYO), 10, now=9)
    assert [c["node"] for c in register.candidates(None, None, 11)] == ["a"]
    assert [(c["kind"], c["node"]) for c in register.changes(0)] == [("joined", "a"), ("joined", "b"), ("left", "b")]


def test_a_feed_that_has_forgotten_says_so():
    register = Register(history=2)
    for number in range(4):
        register.login(candidate(str(number), TOKYO), 10, now=0)
    assert register.changes(1) is None
    assert [c["version"] for c in register.changes(2)] == [3, 4]
    assert register.changes(4) == []
    assert register.changes(9) is None


@pytest.mark.parametrize(("at", "ttl"), [((91.0, 0.0), 1), ((0.0, 181.0), 1), ((0.0, 0.0), 0), ((0.0, 0.0), 1e9)])
def test_places_and_times_are_bounded(at, ttl):
    with pytest.raises(ValueError, match="must be"):
        Register().login(candidate("a", at), ttl, 0)


def test_a_waiting_poll_is_answered_by_a_login():
    server = web.server(application(Register()), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    answers = []
    try:
        poll = Thread(target=lambda: answers.append(httpx.get(f"{url}/v1/changes?after=0&wait=30", timeout=40).json()))
        poll.start()
        body = {
            "node": "n",
            "municipality": "tokyo",
            "role": "holder",
            "address": "127.0.0.1:1",
            "latitude": 35,
            "longitude": 139.5,
            "ttl": 20,
        }
        assert httpx.post(f"{url}/v1/presence", json=body).status_code == 200
        began = time.monotonic()
        poll.join(20)
        assert time.monotonic() - began < 20, "the poll was not woken"
        assert [c["node"] for c in answers[0]["changes"]] == ["n"]
        found = httpx.get(f"{url}/v1/candidates?near=35.6,139.7&municipality=tokyo").json()["candidates"]
        assert found[0]["distance_km"] > 0
        assert httpx.get(f"{url}/v1/candidates?near=x").json()["code"] == "malformed"
        assert httpx.delete(f"{url}/v1/presence/n").status_code == 204
        assert httpx.delete(f"{url}/v1/presence/n").status_code == 404
    finally:
        server.should_exit = True
        thread.join()
