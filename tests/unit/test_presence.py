"""Logins to the presence service: what counts, what does not, and who is listed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import httpx
import pytest

from globelet import web
from globelet.client.account import Key
from globelet.presence.app import application
from globelet.presence.record import Genesis, Record, RecordRefused
from globelet.presence.register import Near, Register, distance_km
from globelet.world import load

pytestmark = pytest.mark.unit
TOKYO, OSAKA, PARIS = (35.6895, 139.6917), (34.6937, 135.5023), (48.8566, 2.3522)
WORLD = load("tokyo-paris")
KEYS = [Key.derive(node.name) for node in WORLD.nodes]
GENESIS = Genesis(WORLD, 7, tuple(key.public for key in KEYS))
NUMBERS = {node.name: number for number, node in enumerate(WORLD.nodes)}


def unsigned(name: str, at: float, ttl: float = 25.0) -> Record:
    number = NUMBERS[name]
    node = WORLD.nodes[number]
    place = (round(node.latitude * 1e6), round(node.longitude * 1e6))
    stamp = (int(at * 1e6), 0)
    return Record(number, node.chain, *place, node.stake, stamp, stamp, int(ttl * 1e6))


def signed(record: Record, by: str | None = None, tag: int = 7) -> Record:
    key = KEYS[record.node if by is None else NUMBERS[by]]
    return replace(record, signature=key.sign(record.signing_bytes(tag)))


def login(name: str, at: float, ttl: float = 25.0) -> Record:
    return signed(unsigned(name, at, ttl))


def as_json(record: Record) -> dict[str, object]:
    return {**record.__dict__, "since": list(record.since), "at": list(record.at), "signature": record.signature.hex()}


def names(rows: list[dict[str, object]]) -> list[object]:
    return [row["node"] for row in rows]


def test_distances_are_those_of_the_globe():
    assert distance_km(TOKYO, OSAKA) == pytest.approx(397, abs=5)
    assert distance_km(TOKYO, PARIS) == pytest.approx(9712, abs=15)
    assert distance_km((0, 179.5), (0, -179.5)) == pytest.approx(111.2, abs=0.2)


def test_nearest_first_and_filters():
    register = Register(GENESIS)
    register.login([login(name, 100.0) for name in ("paris-h0", "osaka-h0", "tokyo-h0", "tokyo-r0")], 100.0)
    assert names(register.nodes(Near(TOKYO), None, "holder", 101.0)) == ["tokyo-h0", "osaka-h0", "paris-h0"]
    assert names(register.nodes(register.near("paris"), None, None, 101.0, limit=1)) == ["paris-h0"]
    assert names(register.nodes(None, "tokyo", None, 101.0)) == ["tokyo-r0", "tokyo-h0"]
    far = register.nodes(register.near("paris"), "tokyo", "holder", 101.0)[0]
    link = WORLD.link("paris", "tokyo").delay_us + WORLD.link("tokyo", "paris").delay_us
    assert far["round_trip_ms"] == link / 1000
    assert far["distance_km"] > 9000
    with pytest.raises(RecordRefused, match="one of tokyo"):
        register.near("atlantis")


def test_who_does_not_log_in_again_is_gone():
    register = Register(GENESIS)
    register.login([login("tokyo-h0", 0.0), login("tokyo-h1", 0.0)], 1.0)
    assert register.login([login("tokyo-h0", 20.0)], 20.0) == 1
    assert register.login([login("tokyo-h0", 10.0)], 20.0) == 0, "an older login is no news"
    assert names(register.nodes(None, None, None, 26.0)) == ["tokyo-h0"]
    assert names(register.nodes(None, None, None, 46.0)) == []


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (signed(unsigned("tokyo-h0", 50.0), by="tokyo-h1"), "bad_signature"),
        (signed(unsigned("tokyo-h0", 50.0), tag=8), "bad_signature"),
        (replace(login("tokyo-h0", 50.0), ttl_us=26_000_000), "bad_signature"),
        (signed(replace(unsigned("tokyo-h0", 50.0), stake=10**9)), "contradicts_genesis"),
        (signed(replace(unsigned("tokyo-h0", 50.0), latitude=35_700_000)), "contradicts_genesis"),
        (signed(replace(unsigned("tokyo-h0", 50.0), latitude=0)), "outside_municipality"),
        (
            signed(replace(unsigned("tokyo-h0", 50.0), latitude=34_693_700, longitude=135_502_300)),
            "outside_municipality",
        ),
        (signed(replace(unsigned("europe-r0", 50.0), latitude=0)), "outside_municipality"),
        (signed(replace(unsigned("tokyo-h0", 50.0), latitude=2**31 - 1)), "outside_municipality"),
        (signed(unsigned("tokyo-h0", 24.0)), "stale_record"),
        (signed(unsigned("tokyo-h0", 52.0)), "stale_record"),
        (signed(unsigned("tokyo-h0", 50.0, ttl=601.0)), "malformed"),
        (replace(login("tokyo-h0", 50.0), node=999), "unknown_node"),
    ],
)
def test_a_login_that_proves_nothing_is_refused_and_nothing_of_its_company_is_taken(record, code):
    register = Register(GENESIS)
    with pytest.raises(RecordRefused) as caught:
        register.login([login("tokyo-h1", 50.0), record], 50.0)
    assert caught.value.code == code
    assert register.nodes(None, None, None, 50.0) == []


def test_a_genesis_that_has_a_node_elsewhere_is_not_believed():
    number = NUMBERS["tokyo-h0"]
    nodes = list(WORLD.nodes)
    nodes[number] = nodes[number].model_copy(update={"latitude": OSAKA[0], "longitude": OSAKA[1]})
    genesis = Genesis(WORLD.model_copy(update={"nodes": tuple(nodes)}), 7, GENESIS.keys)
    place = {"latitude": round(OSAKA[0] * 1e6), "longitude": round(OSAKA[1] * 1e6)}
    with pytest.raises(RecordRefused, match="outline of tokyo; deal the world") as caught:
        Register(genesis).login([signed(replace(unsigned("tokyo-h0", 50.0), **place))], 50.0)
    assert caught.value.code == "outside_municipality"
    assert Register(GENESIS).login([login("tokyo-h0", 50.0)], 50.0) == 1


@pytest.fixture
def url() -> Iterator[str]:
    server = web.server(application(Register(GENESIS)), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_logins_and_listings_over_http(url):
    record = login("tokyo-h0", time.time())
    assert httpx.post(f"{url}/v1/presence", json={"records": [as_json(record)]}).json() == {"fresh": 1}
    found = httpx.get(f"{url}/v1/nodes?near=35.6,139.7&chain=tokyo&role=holder").json()["nodes"]
    assert names(found) == ["tokyo-h0"]
    assert found[0]["distance_km"] > 0
    assert found[0]["since_us"] == record.since[0]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"signature": "00" * 64}, 401, "bad_signature"),
        ({"signature": "zz"}, 400, "malformed"),
        ({"node": -1}, 400, "malformed"),
        ({"at": [1]}, 400, "malformed"),
        ({"at": [1, 0], "since": [0, 0]}, 401, "stale_record"),
        ({"surplus": 1}, 400, "malformed"),
    ],
)
def test_refusals_over_http_have_codes(url, change, status, code):
    document = {"records": [{**as_json(login("tokyo-h0", time.time())), **change}]}
    answer = httpx.post(f"{url}/v1/presence", json=document)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("query", ["near=x", "near=91,0", "limit=x"])
def test_questions_that_make_no_sense_are_refused(url, query):
    assert httpx.get(f"{url}/v1/nodes?{query}").json()["code"] == "malformed"
    assert httpx.post(f"{url}/v1/presence", json={"records": 5}).json()["code"] == "malformed"
