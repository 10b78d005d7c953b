"""Presence through a real Redis: filled at login, read at lookups, left aside while it is away."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from globelet import web
from globelet.bench.metrics import Counts
from globelet.client.account import Key
from globelet.presence import BadRedis, Genesis, Record, Register, Shared, shared
from globelet.presence.app import application
from globelet.world import load

pytestmark = pytest.mark.stores
WORLD = load("tokyo-paris")
KEYS = [Key.derive(node.name) for node in WORLD.nodes]
GENESIS = Genesis(WORLD, 7, tuple(key.public for key in KEYS))
NUMBERS = {node.name: number for number, node in enumerate(WORLD.nodes)}
SOON = 30.0
IMAGES = (os.environ.get("GLOBELET_REDIS_IMAGE", "redis:8"), "globelet/mirror-redis")


class OwnRedis:
    """Debian's redis-server as a process, empty after every start."""

    def __init__(self, port: int, folder: Path) -> None:
        program = shutil.which("redis-server")
        assert program is not None
        self._command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


class ContainedRedis:
    """The image of the compose engine, or its mirror, as a container, empty after every start."""

    def __init__(self, port: int, image: str) -> None:
        name = f"globelet-test-redis-{port}"
        self._run = ["run", "--detach", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:6379", image]
        self._run += ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]
        self._name = name
        self.start()

    def start(self) -> None:
        _docker(*self._run)

    def stop(self) -> None:
        _docker("rm", "--force", self._name)

    def freeze(self) -> None:
        _docker("pause", self._name)

    def thaw(self) -> None:
        _docker("unpause", self._name)


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True, timeout=120)


def _image() -> str | None:
    if shutil.which("docker") is None:
        return None
    for image in IMAGES:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
            return image
    return None


class Place:
    """A Redis that can be stopped, and a client of it."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"
        if shutil.which("redis-server"):
            self.server: OwnRedis | ContainedRedis = OwnRedis(port, folder)
        elif image := _image():
            self.server = ContainedRedis(port, image)
        else:
            # A skip would look like a pass.
            pytest.fail("no redis-server and no image of it; `apt-get install redis-server`", pytrace=False)
        patience = Retry(ConstantBackoff(0.05), 600)
        self.client = redis.Redis.from_url(self.url, retry=patience, retry_on_error=[redis.ConnectionError])
        self.client.ping()

    def back(self) -> None:
        self.server.start()
        self.client.ping()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("redis"))
    yield made
    made.client.close()
    made.server.stop()


@pytest.fixture
def there(place: Place) -> Place:
    place.client.flushall()
    return place


@contextmanager
def service(url: str | None) -> Iterator[httpx.Client]:
    """One presence service, with a register of its own."""
    server = web.server(application(Register(GENESIS), Shared(url, GENESIS) if url else None), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}") as client:
        yield client
    server.should_exit = True
    thread.join()


def record(name: str, at: float | None = None, ttl: float = 25.0) -> Record:
    number = NUMBERS[name]
    node = WORLD.nodes[number]
    stamp = (int((time.time() if at is None else at) * 1e6), 0)
    place = (round(node.latitude * 1e6), round(node.longitude * 1e6))
    made = Record(number, node.chain, *place, node.stake, stamp, stamp, int(ttl * 1e6))
    return replace(made, signature=KEYS[number].sign(made.signing_bytes(7)))


def login(client: httpx.Client, *records: Record) -> None:
    answer = client.post("/v1/presence", json={"records": [r.as_json() for r in records]})
    assert answer.json() == {"fresh": len(records)}


def listed(client: httpx.Client, **query: str) -> tuple[list[str], str]:
    answer = client.get("/v1/nodes", params=query).raise_for_status().json()
    return [row["node"] for row in answer["nodes"]], answer["answered_by"]


def counted(client: httpx.Client, name: str) -> float:
    return Counts.read([client.get("/metrics").text]).get(f"presence_{name}")


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end


def key(name: str) -> str:
    return f"globelet:presence:0000000000000007:{NUMBERS[name]}"


def test_a_login_at_one_service_is_found_at_another_and_after_a_restart(there):
    with service(there.url) as one, service(there.url) as other:
        login(one, record("tokyo-h0"), record("tokyo-r1"), record("paris-h2"))
        everybody = ["tokyo-r1", "tokyo-h0", "paris-h2"]
        assert listed(one) == (everybody, "redis")
        assert listed(other) == (everybody, "redis")
        assert listed(other, chain="tokyo", role="holder") == (["tokyo-h0"], "redis")
        assert listed(other, near="paris", limit="1") == (["paris-h2"], "redis")
        assert 0 < there.client.pttl(key("tokyo-h0")) <= 25_000
    with service(there.url) as restarted:
        assert listed(restarted) == (everybody, "redis")
        assert 'lookups_total{answered_by="redis"} 1\n' in restarted.get("/metrics").text


def test_without_redis_the_store_answers():
    with service(None) as alone:
        login(alone, record("tokyo-h0"))
        assert listed(alone) == (["tokyo-h0"], "store")
        assert "redis_up" not in alone.get("/metrics").text


def test_a_record_is_gone_when_its_time_is_over(there):
    with service(there.url) as one, service(there.url) as other:
        login(one, record("tokyo-h0", ttl=1.5), record("tokyo-h1"))
        assert set(listed(other)[0]) == {"tokyo-h0", "tokyo-h1"}
        eventually(lambda: listed(other) == (["tokyo-h1"], "redis") == listed(one))
        eventually(lambda: not there.client.exists(key("tokyo-h0")))


def test_redis_stopped_and_back(there):
    with service(there.url) as one, service(there.url) as other:
        login(one, record("tokyo-h0"))
        there.server.stop()
        try:
            assert listed(one) == (["tokyo-h0"], "store")
            assert (counted(one, "redis_up"), counted(one, "redis_failures_total")) == (0, 1)
            login(one, record("tokyo-h1"))  # logins go on
            assert listed(one) == (["tokyo-h0", "tokyo-h1"], "store")
            assert listed(other) == ([], "store")
        finally:
            there.back()
        # It came back empty: what the store knows is not lost, and the next logins fill it again.
        eventually(lambda: listed(one) == (["tokyo-h0", "tokyo-h1"], "redis"))
        assert counted(one, "redis_up") == 1
        login(one, record("tokyo-h0"), record("tokyo-h1"))
        eventually(lambda: listed(other) == (["tokyo-h0", "tokyo-h1"], "redis"))


def test_a_redis_that_hangs_holds_nobody_up_for_long(there):
    with service(there.url) as one:
        login(one, record("tokyo-h0"))
        there.server.freeze()
        try:
            assert listed(one) == (["tokyo-h0"], "store")
            failures = counted(one, "redis_failures_total")
            login(one, record("tokyo-h1"))
            assert listed(one) == (["tokyo-h0", "tokyo-h1"], "store")
            assert counted(one, "redis_failures_total") > failures >= 1
        finally:
            there.server.thaw()
        eventually(lambda: listed(one) == (["tokyo-h0", "tokyo-h1"], "redis"))


def poisons() -> dict[str, bytes]:
    good = record("tokyo-h1")
    return {
        "no JSON": b"\xff\x00",
        "no record": b"[1, 2]",
        "nested": b"[" * 2_000,
        "too large": json.dumps({**good.as_json(), "since": [0] * 5_000}).encode(),
        "another node's": json.dumps(record("tokyo-h2").as_json()).encode(),
        "forged": json.dumps(replace(good, ttl_us=good.ttl_us + 1).as_json()).encode(),
        "over": json.dumps(record("tokyo-h1", at=time.time() - 60).as_json()).encode(),
    }


@pytest.mark.parametrize("poison", poisons())
def test_who_can_write_to_redis_can_invent_nobody(there, poison):
    with service(there.url) as one:
        login(one, record("tokyo-h0"))
        there.client.set(key("tokyo-h1"), poisons()[poison])
        assert listed(one) == (["tokyo-h0"], "redis")
        assert counted(one, "redis_refused_total") == 1


def test_the_newer_of_two_records_counts(there):
    old, new = record("tokyo-h0", at=time.time() - 5), record("tokyo-h0")
    with service(there.url) as one:
        login(one, new)
        there.client.set(key("tokyo-h0"), json.dumps(old.as_json()))
        rows: list[dict[str, Any]] = one.get("/v1/nodes").json()["nodes"]
        assert rows[0]["since_us"] == new.since[0]
    with service(there.url) as fresh:
        assert fresh.get("/v1/nodes").json()["nodes"][0]["since_us"] == old.since[0]
        there.client.set(key("tokyo-h0"), json.dumps(new.as_json()))
        assert fresh.get("/v1/nodes").json()["nodes"][0]["since_us"] == new.since[0]
        there.client.set(key("tokyo-h0"), json.dumps(old.as_json()))
        assert fresh.get("/v1/nodes").json()["nodes"][0]["since_us"] == new.since[0]


def test_many_nodes_are_asked_for_in_parts(there, monkeypatch):
    monkeypatch.setattr(shared, "TOGETHER", 4)
    names = [node.name for node in WORLD.nodes if node.role == "holder"][:11]

    async def there_and_back() -> list[int]:
        cache = Shared(there.url, GENESIS)
        assert await cache.put([record(name) for name in names], time.time())
        found = await cache.get(range(len(WORLD.nodes)), time.time())
        await cache.close()
        assert found is not None
        return [one.node for one in found]

    assert asyncio.run(there_and_back()) == [NUMBERS[name] for name in names]


@pytest.mark.parametrize("url", ["redis", "http://redis:6379", "redis://h:port/0"])
def test_an_address_that_is_none_is_told_at_the_start(url, monkeypatch, tmp_path):
    monkeypatch.setenv("GLOBELET_REDIS_URL", url)
    with pytest.raises(BadRedis, match="redis://HOST:PORT/0"):
        Shared.of_environment(GENESIS)
    from globelet._native.simulator import Simulation

    (tmp_path / "genesis.json").write_text(Simulation(WORLD.to_json(), 3).genesis())
    command = [sys.executable, "-m", "globelet.presence", "--state", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "redis://HOST:PORT/0" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_address_means_no_redis(monkeypatch):
    monkeypatch.delenv("GLOBELET_REDIS_URL", raising=False)
    assert Shared.of_environment(GENESIS) is None
