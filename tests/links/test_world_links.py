"""A world's links in globelet's emulator and in Shopify's server: both routes, cuts, delays, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from globelet import world
from globelet.engines import ports
from globelet.engines.emulator import Emulator
from globelet.engines.errors import EmulatorFailed, NoSuchRoute, UnknownProcess
from globelet.engines.routes import allocate, crossings
from globelet.links import LinkEmulator
from globelet.world.resolved import ResolvedWorld

pytestmark = pytest.mark.links

SERVER = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"


@pytest.fixture(scope="module")
def shopify_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Shopify's Toxiproxy, built by Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on this machine: put go 1.24 or newer on PATH")
    folder = tmp_path_factory.mktemp("toxiproxy")
    environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
    built = subprocess.run([go, "install", SERVER], env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    port = ports.first_free("127.0.0.1", 28_474, set())
    with subprocess.Popen([folder / "server", "-port", str(port)], stdout=subprocess.DEVNULL) as process:
        with LinkEmulator(f"http://127.0.0.1:{port}") as links:
            while not links.running():
                assert process.poll() is None, "the server ended"
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture(params=["globelet", "shopify"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Either server, empty afterwards."""
    found = request.getfixturevalue({"globelet": "emulator_url", "shopify": "shopify_url"}[request.param])
    yield str(found)
    with LinkEmulator(str(found)) as links:
        links.destroy_all()


def two(folder: Path, links: str = "{}") -> ResolvedWorld:
    file = folder / "world.yaml"
    file.write_text(f"name: two\ncontinents: {{asia: [tokyo], europe: [paris]}}\nlinks: {links}\n", encoding="utf-8")
    return world.load(file)


def populated(url: str, made: ResolvedWorld) -> Emulator:
    emulator = Emulator(url, made)
    emulator.populate(allocate(crossings(made), {}, lambda start, taken: ports.first_free("127.0.0.1", start, taken)))
    return emulator


def shown(url: str) -> dict[str, Any]:
    """Each proxy: whether it is open, and its toxics by name with their latency."""
    with LinkEmulator(url) as links:
        found = links.call("GET", "/proxies")
    return {
        name: (proxy["enabled"], {t["name"]: t["attributes"].get("latency") for t in proxy["toxics"]})
        for name, proxy in found.items()
    }


def test_every_route_has_its_declared_delay(url, tmp_path):
    made = two(tmp_path)
    populated(url, made)
    found = shown(url)
    assert set(found) == {c.proxy for c in crossings(made)}
    for crossing in crossings(made):
        enabled, toxics = found[crossing.proxy]
        out = made.link(crossing.source, crossing.to, crossing.route).delay_us / 1000
        back = made.link(crossing.to, crossing.source, crossing.route).delay_us / 1000
        assert enabled
        # Whole milliseconds on Shopify's server; what it adds itself is taken off.
        assert toxics == {
            "latency_up": pytest.approx(out, abs=1.0, rel=0.01),
            "latency_down": pytest.approx(back, abs=1.0, rel=0.01),
        }


def test_a_fault_is_on_the_route_that_was_named_and_heals_without_a_trace(url, tmp_path):
    emulator = populated(url, two(tmp_path))
    before = shown(url)
    emulator.enable("tokyo", "paris", enabled=False, route="backbone")
    closed = {name for name, (enabled, _) in shown(url).items() if not enabled}
    assert closed == {name for name in before if name.startswith("tokyo-paris.") and not name.endswith(".internet")}
    emulator.enable("tokyo", "paris", enabled=False)
    closed = {name for name, (enabled, _) in shown(url).items() if not enabled}
    assert closed == {name for name in before if name.startswith("tokyo-paris.")}
    emulator.slow("tokyo", "paris", 250.0, "internet")
    emulator.slow("tokyo", "paris", 300.0, "internet")
    now = shown(url)
    assert now["tokyo-paris.paris.internet"][1]["fault_slow_upstream"] == 300
    assert now["paris-tokyo.tokyo.internet"][1]["fault_slow_downstream"] == 300
    assert "fault_slow_upstream" not in now["tokyo-paris.paris"][1]
    assert "fault_slow_upstream" not in now["paris-tokyo.tokyo.internet"][1]
    emulator.mend("tokyo", "paris")
    assert shown(url) == before


def test_populating_again_leaves_what_is_there(url, tmp_path):
    made = two(tmp_path)
    populated(url, made).enable("tokyo", "paris", enabled=False)
    before = shown(url)
    populated(url, made)
    assert shown(url) == before


def test_a_proxy_that_was_left_unfinished_is_finished(url, tmp_path):
    made = two(tmp_path)
    populated(url, made)
    before = shown(url)
    with LinkEmulator(url) as links:
        links.call("POST", "/proxies/tokyo-paris.paris", {"enabled": False})
        links.call("DELETE", "/proxies/tokyo-paris.paris/toxics/latency_down")
    assert shown(url) != before
    populated(url, made)
    assert shown(url) == before


def test_loss_is_there_or_what_it_costs_is(url, tmp_path, request):
    emulator = populated(url, two(tmp_path))
    if request.node.callspec.params["url"] == "globelet":
        emulator.lose("tokyo", "paris", 0.1, "backbone")
        assert "fault_loss_upstream" in shown(url)["tokyo-paris.paris"][1]
        assert "fault_loss_upstream" not in shown(url)["tokyo-paris.paris.internet"][1]
        emulator.lose("tokyo", "paris", 0.0)
        assert "fault_loss_upstream" not in shown(url)["tokyo-paris.paris"][1]
        return
    # Shopify's server has no loss: what sending again costs in the mean is added as delay.
    emulator.lose("tokyo", "paris", 0.1)
    (cost,) = (t for t in toxics_of(url, "tokyo-paris.paris") if t["name"] == "fault_loss_upstream")
    again = 2 * emulator._world.link("tokyo", "paris").delay_us / 1000
    assert cost["type"] == "latency"
    assert cost["attributes"]["latency"] == pytest.approx(again / 9, rel=0.05)
    emulator.lose("tokyo", "paris", 0.0)
    assert all(t["name"] != "fault_loss_upstream" for t in toxics_of(url, "tokyo-paris.paris"))
    with LinkEmulator(url) as links:
        links.destroy_all()
    populated(url, two(tmp_path, "{loss: 0.01}"))
    assert any(t["name"] == "loss_up" for t in toxics_of(url, "tokyo-paris.paris"))


def toxics_of(url: str, proxy: str) -> list[dict[str, Any]]:
    with LinkEmulator(url) as links:
        return list(links.call("GET", f"/proxies/{proxy}/toxics"))


def test_a_route_or_region_that_is_not_there_is_named(emulator_url, tmp_path):
    emulator = Emulator(emulator_url, two(tmp_path))
    with pytest.raises(NoSuchRoute, match="backbone") as caught:
        emulator.enable("tokyo", "tokyo", enabled=False, route="internet")
    assert caught.value.exit_status == 2
    with pytest.raises(UnknownProcess, match="atlantis"):
        emulator.slow("tokyo", "atlantis", 1.0)
    with pytest.raises(EmulatorFailed):
        Emulator("http://127.0.0.1:1", two(tmp_path)).mend("tokyo", "paris")
