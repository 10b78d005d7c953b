"""The emulator under ``toxiproxy-python`` as it comes from PyPI."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from toxiproxy import Toxiproxy
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

pytestmark = pytest.mark.links


@pytest.fixture
def server(emulator_url: str) -> Iterator[Toxiproxy]:
    """A client of the emulator; it leaves no proxy behind."""
    before = (APIConsumer.host, APIConsumer.port)
    server = Toxiproxy()
    address = urlsplit(emulator_url)
    server.update_api_consumer(address.hostname, address.port)
    yield server
    server.destroy_all()
    APIConsumer.host, APIConsumer.port = before


def connect(listen: str) -> socket.socket:
    host, port = listen.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=10)


def round_trip(connection: socket.socket, message: bytes = b"ping") -> float:
    start = time.monotonic()
    connection.sendall(message)
    received = b""
    while len(received) < len(message):
        received += connection.recv(65536)
    assert received == message
    return time.monotonic() - start


def test_it_runs_and_says_its_version(server: Toxiproxy) -> None:
    assert server.running()
    assert json.loads(server.version()) == {"version": "2.12.0"}


def test_a_proxy_is_created_found_and_destroyed(server: Toxiproxy, echo: str) -> None:
    proxy = server.create(upstream=echo, name="link")
    assert proxy.enabled
    assert server.get_proxy("link").listen == proxy.listen
    with connect(proxy.listen) as connection:
        round_trip(connection)
    with pytest.raises(ProxyExists):
        server.create(upstream=echo, name="link")
    assert server.destroy(proxy)
    assert server.get_proxy("link") is None
    with pytest.raises(NotFound):
        proxy.destroy()


def test_latency_is_never_undercut(server: Toxiproxy, echo: str) -> None:
    proxy = server.create(upstream=echo, name="link")
    proxy.add_toxic(type="latency", stream="upstream", attributes={"latency": 15, "jitter": 0})
    proxy.add_toxic(type="latency", attributes={"latency": 10.5})
    toxics = proxy.toxics()
    assert set(toxics) == {"latency_upstream", "latency_downstream"}
    assert toxics["latency_downstream"].attributes["latency"] == 10.5
    with connect(proxy.listen) as connection:
        round_trip(connection)
        assert round_trip(connection) >= 0.0255
    proxy.destroy_toxic("latency_upstream")
    assert proxy.get_toxic("latency_upstream") is None


def test_down_and_up_again(server: Toxiproxy, echo: str) -> None:
    proxy = server.create(upstream=echo, name="link")
    with proxy.down(), pytest.raises(ConnectionRefusedError):
        connect(proxy.listen)
    with connect(proxy.listen) as connection:
        round_trip(connection)


def test_wrong_toxics_are_refused(server: Toxiproxy, echo: str) -> None:
    proxy = server.create(upstream=echo, name="link")
    with pytest.raises(InvalidToxic):
        proxy.add_toxic(type="nonsense")
    with pytest.raises(InvalidToxic):
        proxy.add_toxic(type="latency", stream="sideways")
    proxy.add_toxic(type="latency")
    with pytest.raises(ProxyExists):
        proxy.add_toxic(type="latency")
    with pytest.raises(NotFound):
        proxy.destroy_toxic("nonsense")


def test_populate_and_reset(server: Toxiproxy, echo: str) -> None:
    proxies = server.populate([{"name": name, "upstream": echo, "listen": "127.0.0.1:0"} for name in ("a", "b")])
    assert [proxy.name for proxy in proxies] == ["a", "b"]
    proxies[0].add_toxic(type="timeout", attributes={"timeout": 0})
    proxies[1].disable()
    assert server.reset()
    assert proxies[0].toxics() == {}
    assert server.get_proxy("b").enabled


def test_reset_peer_and_limit_data(server: Toxiproxy, echo: str) -> None:
    proxy = server.create(upstream=echo, name="link")
    proxy.add_toxic(type="limit_data", attributes={"bytes": 3})
    with connect(proxy.listen) as connection:
        connection.sendall(b"abcdef")
        assert connection.recv(10) == b"abc"
        assert connection.recv(10) == b""
    server.reset()
    proxy.add_toxic(type="reset_peer", stream="upstream", attributes={"timeout": 0})
    with connect(proxy.listen) as connection:
        connection.sendall(b"abc")
        with pytest.raises(ConnectionResetError):
            connection.recv(10)
