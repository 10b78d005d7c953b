"""Each real store alone, in a container on loopback, and the bus in front of it."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import docker
import pytest
import testcontainers.core.container as core
import yaml
from testcontainers.core.config import testcontainers_config

from globelet.archiver import bus as buses
from globelet.archiver.consumer import Runner
from globelet.archiver.decoder import Decoder
from globelet.archiver.progress import Progress
from globelet.archiver.settings import Settings
from globelet.engines.ports import first_free

# Its image cannot be had everywhere; each container here is taken down by the fixture that made it.
testcontainers_config.ryuk_disabled = True

COMPOSE = Path(__file__).parents[2] / "compose"
KEY, SECRET = "globelet", "globelet-secret"
VAULT_ROOT = "root-of-the-tests"
PROCESS = "tokyo"
_tick = Event()
_given: set[int] = set()


def image(name: str) -> str:
    return os.environ.get(f"GLOBELET_{name.upper()}_IMAGE", f"globelet/mirror-{name}")


def free_port() -> int:
    """A port for a container that stops and starts again, below those that the kernel gives to connections."""
    port = first_free("127.0.0.1", 28_000, _given)
    _given.add(port)
    return port


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits for something to be true, looking now and then, up to a deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds:.0f} s"
        _tick.wait(0.1)


class Box:
    """A container on a port of its own, which stays the same when it is stopped and started."""

    until = staticmethod(until)
    free_port = staticmethod(free_port)

    def __init__(
        self,
        name: str,
        inner: int,
        env: dict[str, str] | None = None,
        port: int | None = None,
        memory: str | None = None,
    ) -> None:
        self.port, self.name = port or free_port(), name
        try:
            docker.from_env().images.get(image(name))
        except docker.errors.DockerException as error:
            # A skip would look like a pass.
            pytest.fail(
                f"the image {image(name)} is not here, `compose/mirror {name}` builds it: {error}", pytrace=False
            )
        self._container = core.DockerContainer(image(name)).with_tmpfs_mount("/tmp", "exec")
        self._container.ports[inner] = ("127.0.0.1", self.port)
        if memory:
            self._container.with_kwargs(mem_limit=memory)
        for key, value in (env or {}).items():
            self._container.with_env(key, value)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        self._container.start()

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=15)

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def down(self) -> None:
        self._container.stop()


@contextmanager
def boxed(box: Box) -> Iterator[Box]:
    try:
        box.up()
        yield box
    finally:
        box.down()


@pytest.fixture(scope="session")
def bus() -> Iterator[Box]:
    port = free_port()
    with boxed(Box("redpanda", 19092, {"BUS_EXTERNAL": f"127.0.0.1:{port}"}, port)) as box:
        yield box


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[Box]:
    with boxed(Box("dynamodb", 8000)) as box:
        yield box


@pytest.fixture(scope="session")
def mongo() -> Iterator[Box]:
    with boxed(Box("mongo", 27017)) as box:
        yield box


@pytest.fixture(scope="session")
def minio() -> Iterator[Box]:
    with boxed(Box("minio", 9000, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})) as box:
        yield box


@pytest.fixture(scope="session")
def immudb() -> Iterator[Box]:
    with boxed(Box("immudb", 3322)) as box:
        yield box


@pytest.fixture
def immudb_as_composed() -> Iterator[Box]:
    """With the memory that compose gives it."""
    service = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]["immudb"]
    limits = {name: service["environment"][name] for name in ("GOGC", "GOMEMLIMIT")}
    with boxed(Box("immudb", 3322, limits, memory=service["mem_limit"])) as box:
        yield box


@pytest.fixture(scope="session")
def vault() -> Iterator[Box]:
    with boxed(Box("vault", 8200, {"VAULT_DEV_ROOT_TOKEN_ID": VAULT_ROOT})) as box:
        yield box


@pytest.fixture(scope="session")
def consul() -> Iterator[Box]:
    with boxed(Box("consul", 8500)) as box:
        yield box


@dataclass
class Desk:
    """A world of its own on the bus, for one test: topics, tables, database, bucket, folder."""

    settings: Settings
    offset: int = 0
    until = staticmethod(until)

    def receipt(self, number: int, proofs: int = 0, **changes: object) -> dict:
        """A receipt of this world; with more proofs it is a later version and longer."""
        at = 1_795_000_000_000_000 + number
        return {
            "id": f"{number:064x}",
            "kind": "transfer",
            "state": "credited",
            "source": "tokyo",
            "destination": "paris",
            "from": f"{number % 7:064x}",
            "to": f"{number % 5:064x}",
            "amount": number,
            "stages": {"admitted": {"micros": at, "counter": 0}, "credited": {"micros": at + 128_000, "counter": 1}},
            "encoded": secrets.token_hex(2000 + 500 * proofs),
        } | changes

    def publish(self, *receipts: dict) -> None:
        """Puts receipts on the bus as the publisher does."""
        self.put(*({"kind": "receipt", "receipt": one} for one in receipts))

    def put(self, *documents: dict | bytes) -> None:
        """Puts documents, or bytes that are none, on the bus."""
        producer = buses.producer(self.settings)
        failed: list[object] = []
        for document in documents:
            self.offset += 1
            headers = {buses.GENERATION: "0", buses.OUTBOX: str(self.offset)}
            value = document
            if isinstance(document, dict):
                value = json.dumps({"offset": self.offset, "process": PROCESS} | document).encode()
            told = lambda error, _: error and failed.append(error)  # noqa: E731
            producer.produce(self.settings.topic(PROCESS), value, b"key", headers=headers, on_delivery=told)
        assert producer.flush(30) == 0
        assert not failed

    @contextmanager
    def running(self, sink: object) -> Iterator[Runner]:
        """A runner with this sink, in a thread; its checkpoint is kept at the end."""
        runner = Runner(self.settings, sink, Progress([PROCESS]), Decoder())
        thread = Thread(target=runner.run, daemon=True)
        thread.start()
        try:
            yield runner
        finally:
            runner.stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def settled(self, runner: Runner) -> bool:
        """Whether the store has all that was put on the bus."""
        return runner.progress.track(runner.sink.name, PROCESS).settled.outbox >= self.offset


@pytest.fixture
def desk(bus: Box, tmp_path: Path) -> Desk:
    world = f"test-{secrets.token_hex(4)}"
    nowhere = "127.0.0.1:1"
    settings = Settings(
        world=world,
        bus=bus.address,
        mongo=f"mongodb://{nowhere}",
        dynamodb=f"http://{nowhere}",
        s3=f"http://{nowhere}",
        bucket=world,
        immudb=nowhere,
        access_key=KEY,
        secret_key=SECRET,
        region="us-east-1",
        immudb_user="immudb",
        immudb_password="immudb",
        folder=tmp_path / "archiver",
    )
    made: list[bool] = []

    def topics() -> bool:
        try:
            buses.make_topics(settings, [PROCESS])
            client = buses.consumer(settings, settings.group("reader"))
            try:
                made.append(buses.ends(client, settings.topic(PROCESS)) == (0, 0))
            finally:
                client.close()
        except Exception:
            return False
        return True

    until(topics)
    return Desk(settings)


@pytest.fixture
def other() -> Callable[..., Settings]:
    """Settings with some of them changed."""
    return lambda settings, **changes: replace(settings, **changes)
