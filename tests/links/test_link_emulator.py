"""``globelet.links``: what it mends of ``toxiproxy-python``."""

from __future__ import annotations

import importlib.util
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.links


def _load() -> ModuleType:
    # The module alone, so that these tests need neither the package nor its native part.
    path = Path(__file__).resolve().parents[2] / "services" / "globelet" / "links.py"
    spec = importlib.util.spec_from_file_location("globelet_links_module", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


links = _load()


@pytest.fixture
def emulator(emulator_url: str) -> Iterator[Any]:
    """A client of the emulator; it leaves no proxy behind."""
    with links.LinkEmulator(emulator_url) as emulator:
        yield emulator
        emulator.destroy_all()


def test_populate_makes_proxies_with_their_toxics_at_once(emulator: Any, echo: str) -> None:
    wanted = [
        {
            "name": f"link/{number}",
            "upstream": echo,
            "listen": "127.0.0.1:0",
            "toxics": [{"type": "latency", "attributes": {"latency": 0.5}}],
        }
        for number in range(100)
    ]
    proxies = emulator.populate(wanted)
    assert [proxy.name for proxy in proxies] == [proxy["name"] for proxy in wanted]
    assert proxies[7].toxics()["latency_downstream"].attributes["latency"] == 0.5
    assert emulator.get_proxy("link/7").listen == proxies[7].listen


def test_a_toxic_is_updated_in_place(emulator: Any, echo: str) -> None:
    proxy = emulator.create(upstream=echo, name="link")
    proxy.add_toxic("latency", attributes={"latency": 5, "jitter": 1})
    toxic = proxy.update_toxic("latency_downstream", {"latency": 7.25}, toxicity=0.5)
    assert toxic.attributes == {"latency": 7.25, "jitter": 1}
    assert proxy.toxics()["latency_downstream"].toxicity == 0.5
    with pytest.raises(links.NotFound):
        proxy.update_toxic("nonsense", {"latency": 1})


def test_loss_is_a_toxic_like_any_other(emulator: Any, echo: str) -> None:
    proxy = emulator.create(upstream=echo, name="link")
    toxic = proxy.add_toxic("loss", attributes={"probability": 0.01})
    assert toxic.attributes == {"probability": 0.01, "retransmit_ms": 200, "burst": 1}
    with pytest.raises(links.InvalidToxic, match="not between 0 and 1"):
        proxy.update_toxic("loss_downstream", {"probability": 2})


def test_a_failure_of_the_server_is_raised_with_its_sentence(emulator: Any, echo: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(links.LinkEmulatorError, match="address already in use") as caught:
            emulator.create(upstream=echo, name="link", listen=listen)
    assert caught.value.status == 500
    assert emulator.get_proxy("link") is None


def test_an_emulator_that_does_not_answer_is_a_time_out_not_a_hang() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with links.LinkEmulator(url, timeout=0.05) as emulator:
            assert not emulator.running()
            with pytest.raises(links.LinkEmulatorError) as caught:
                emulator.proxies()
    assert caught.value.status is None


def test_two_emulators_have_two_addresses(emulator: Any) -> None:
    other = links.LinkEmulator("http://127.0.0.1:1", timeout=0.5)
    assert not other.running()
    assert emulator.running()
    with pytest.raises(ValueError, match="not an address"):
        links.LinkEmulator("127.0.0.1:8474")


def test_metrics_name_the_proxy(emulator: Any, echo: str) -> None:
    emulator.create(upstream=echo, name="tokyo-paris")
    assert 'proxy="tokyo-paris"' in emulator.metrics()
