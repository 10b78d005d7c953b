"""`make load` as people run it: against a real world, and where something is missing."""

import contextlib
import csv
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from globelet._native.simulator import Simulation
from globelet.scenarios.figures import percentile
from globelet.world import load

pytestmark = pytest.mark.load
RUN = Path(__file__).resolve().parents[2] / "scenarios" / "load" / "run.py"
WORLD = load("tokyo-paris")


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=os.environ | environment, check=False
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def wire_ms(source: str, to: str) -> float:
    return WORLD.link(*(WORLD.members(n, "replica")[0].region for n in (number(source), number(to)))).delay_us / 1000


def number(name: str) -> int:
    return [chain.name for chain in WORLD.chains].index(name)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_load_on_a_real_world_leaves_its_folder(engine, tmp_path, processes):
    options = ["--rate", "40", "--for", "5s", "--streams", "20", "--people", "24", "--processes", processes]
    done = run(*options, "--no-alone", "--json", "--settle", "60", "--out", str(tmp_path))
    # 3 says that the generator got too little of a busy machine; the transfers are all there even so.
    assert done.returncode in (0, 3), done.stderr
    told = json.loads(done.stdout)
    assert told == {"folder": str(tmp_path), **json.loads((tmp_path / "load.json").read_text())}
    assert (told["sent"], told["credited"], told["problems"]) == (200, 200, {})
    assert told["generator"]["processes"] == int(processes)
    assert {p["name"] for p in told["processes"]} >= set(engine.processes())
    transfers = rows(tmp_path / "transfers.csv")
    pairs = rows(tmp_path / "pairs.csv")
    the_load_is_even_and_spread(transfers)
    the_ladder_is_climbed_in_order(transfers)
    pairs_are_those_of_the_transfers(pairs, transfers)
    locust_has_the_same_pairs(tmp_path, pairs)
    assert "Saturated" in (tmp_path / "report.md").read_text()
    assert {row["process"] for row in rows(tmp_path / "usage.csv")} >= {"generator", "machine", "tokyo", "links"}


def the_load_is_even_and_spread(transfers: list[dict[str, str]]) -> None:
    due = [int(row["intended_us"]) for row in transfers]
    assert len(due) == 200
    assert due == sorted(due)
    sources = Counter(row["from"] for row in transfers)
    assert sources["tokyo"] > sources["hesse"]
    assert len({row["city"] for row in transfers}) > 6


def the_ladder_is_climbed_in_order(transfers: list[dict[str, str]]) -> None:
    for row in transfers:
        assert row["end"] == "credited"
        assert 0 < float(row["committed_ms"]) <= float(row["credited_ms"])
        far = wire_ms(row["from"], row["to"])
        # Light: no transfer is faster than its wire, but for the jitter that a draw may gain.
        assert float(row["credited_ms"]) > 0.8 * far
        if row["told_ms"]:
            assert float(row["told_ms"]) >= float(row["credited_ms"])
    assert sum(bool(row["told_ms"]) for row in transfers) == 100, "half of them were followed by their streams"


def pairs_are_those_of_the_transfers(pairs: list[dict[str, str]], transfers: list[dict[str, str]]) -> None:
    count = Counter((row["from"], row["to"]) for row in transfers)
    assert {(pair["from"], pair["to"]): int(pair["count"]) for pair in pairs} == count
    for pair in pairs:
        some = [float(t["credited_ms"]) for t in transfers if (t["from"], t["to"]) == (pair["from"], pair["to"])]
        assert pair["errors"] == "0"
        assert float(pair["wire_ms"]) == wire_ms(pair["from"], pair["to"])
        assert float(pair["credited_p99_ms"]) == pytest.approx(percentile(some, 0.99), abs=0.01)
        assert float(pair["stretch_p50"]) == pytest.approx(
            percentile(some, 0.5) / float(pair["wire_ms"]), rel=1e-3, abs=1e-3
        )


def locust_has_the_same_pairs(folder: Path, pairs: list[dict[str, str]]) -> None:
    stats = {row["Name"]: row for row in rows(folder / "locust_stats.csv")}
    for pair in pairs:
        for moment in ("admitted", "committed", "credited"):
            row = stats[f"{pair['from']} → {pair['to']} {moment}"]
            assert (row["Request Count"], row["Failure Count"]) == (pair["count"], "0")
            # Locust keeps two figures of a time.
            exact = float(pair[f"{moment}_p99_ms"])
            assert float(row["99%"]) == pytest.approx(exact, rel=0.06, abs=1.0)
    assert (folder / "locust.html").stat().st_size > 10_000


def test_from_inside_a_container_the_environment_says_where_the_world_is(engine, tmp_path):
    """As compose.load.yaml has it: endpoints of all processes, the genesis and the treasuries mounted, no state."""
    places = engine.endpoints()
    environment = {
        "GLOBELET_STATE": str(tmp_path / "nothing"),
        "GLOBELET_ENDPOINTS": ",".join(f"{name}={url}" for name, url in places.items()),
        "GLOBELET_GENESIS": str(engine.genesis()),
        "GLOBELET_TREASURY": str(engine.state / "secrets" / "treasury"),
    }
    options = ["--rate", "20", "--for", "3s", "--people", "12", "--no-alone", "--json", "--out", str(tmp_path / "out")]
    done = run(*options, **environment)
    assert done.returncode in (0, 3), done.stderr
    told = json.loads(done.stdout)
    assert (told["sent"], told["credited"], told["processes"]) == (60, 60, [])
    assert "not known from here" in (tmp_path / "out" / "report.md").read_text()


def test_what_the_generator_makes_by_itself_is_measured(engine, monkeypatch):
    import alone
    from testbed import Testbed
    from trial import Choice

    monkeypatch.setattr(alone, "RATES", (20, 40))
    monkeypatch.setattr(alone, "MOST_LATE_MS", 60_000.0)
    monkeypatch.setattr(alone, "GIVE_UP", 60.0)
    choice = Choice("tokyo-paris", "60s", 12, 500, 30, 1, 1)
    testbed = Testbed.find("tokyo-paris")
    testbed.require()
    found = alone.alone(testbed, choice, lambda text: None)
    assert found == {"alone_rate": 40.0, "alone_saturated_by": "nothing saturated: that is the highest rate tried"}
    assert {name: url for name, url in testbed.endpoints.items() if name == "paris"} == {
        "paris": engine.endpoints()["paris"]
    }


def test_no_treasury_key_is_told_at_the_door(engine, tmp_path):
    done = run("--rate", "10", "--for", "1s", "--out", str(tmp_path / "out"), GLOBELET_TREASURY=str(tmp_path))
    assert done.returncode == 4
    assert "there is no treasury key" in done.stderr
    assert "GLOBELET_TREASURY" in done.stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "tokyo.key").write_text("not a key")
    assert run("--rate", "10", GLOBELET_TREASURY=str(tmp_path)).returncode == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rate", "fast"], "RATE=500"),
        (["--rate", "0"], "RATE=500"),
        (["--rate", "1000", "--for", "1h"], "makes 3,600,000 transfers"),
        (["--rate", "0.1", "--for", "1s"], "makes 0 transfers"),
        (["--for", "long"], "FOR=60s"),
        (["--rate", "knee", "--for", "long"], "FOR=60s"),
        (["--people", "0"], "--people"),
        (["--processes", "many"], "--processes"),
    ],
)
def test_what_cannot_be_read_is_refused(options, words, tmp_path):
    done = run(*options, "--out", str(tmp_path / "out"), GLOBELET_STATE=str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not done.stdout


def test_a_world_that_is_not_up_is_told(tmp_path):
    done = run("--rate", "10", GLOBELET_STATE=str(tmp_path))
    assert done.returncode == 4
    assert "`globelet up tokyo-paris` starts it" in done.stderr


@pytest.fixture
def genesis(tmp_path) -> dict[str, str]:
    """The files that a container of the load has mounted."""
    (tmp_path / "genesis.json").write_text(Simulation(WORLD.to_json(), 3).genesis())
    (tmp_path / "treasury").mkdir()
    for chain in WORLD.municipalities():
        (tmp_path / "treasury" / f"{chain.name}.key").write_text("07" * 32)
    return {"GLOBELET_GENESIS": str(tmp_path / "genesis.json"), "GLOBELET_TREASURY": str(tmp_path / "treasury")}


def endpoints(url: str) -> str:
    return ",".join(f"{chain.name}={url}" for chain in WORLD.municipalities())


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ("nonsense", 2, "NAME=http://HOST:PORT"),
        ("tokyo=http://127.0.0.1:9", 2, "no endpoint is known of osaka, seoul, paris, london, hesse"),
        (endpoints("http://127.0.0.1:9"), 4, "does not answer"),
    ],
)
def test_endpoints_that_lead_nowhere(genesis, given, status, words):
    environment: dict[str, Any] = {**genesis, "GLOBELET_ENDPOINTS": given, "GLOBELET_IDENTITY": "http://127.0.0.1:9"}
    done = run("--rate", "10", **environment)
    assert done.returncode == status, done.stderr
    assert words in done.stderr


def test_locust_alone_says_what_is_missing(tmp_path):
    """Who starts Locust by hand gets the sentence and the exit status too."""
    command = [sys.executable, "-m", "locust", "-f", str(RUN.with_name("locustfile.py")), "--headless", "--rate", "5"]
    environment = os.environ | {"GLOBELET_STATE": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 4, done.stderr
    assert "`globelet up tokyo-paris` starts it" in done.stderr


def test_locusts_page_shows_the_pairs_and_starts_again(engine, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "locust", "-f", str(RUN.with_name("locustfile.py")), "--web-host", "127.0.0.1"]
    with (tmp_path / "log").open("wb") as log:
        locust = subprocess.Popen([*command, "--web-port", port], stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10.0) as page:
            for rate, stopped_early in ((20, True), (20, False), (30, False)):
                form = {"user_count": 1, "spawn_rate": 1, "rate": rate, "duration": "3s", "people": "12"}
                eventually(lambda form=form: page.post("/swarm", data=form).json()["success"])
                if stopped_early:
                    eventually(lambda: told(page)["state"] == "running")
                    page.post("/stop").raise_for_status()
                else:
                    eventually(lambda rate=rate: counts(page).get("Aggregated") == (9 * rate, 0))
                    assert {"tokyo → london committed", "tokyo → london credited"} < set(counts(page))
                eventually(lambda: told(page)["state"] == "stopped")
    finally:
        locust.terminate()
        locust.wait(30)


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 120.0
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if holds():
                return
        assert time.monotonic() < end


def told(page: httpx.Client) -> Any:
    return page.get("/stats/requests").json()


def counts(page: httpx.Client) -> dict[str, tuple[int, int]]:
    return {row["name"]: (row["num_requests"], row["num_failures"]) for row in told(page)["stats"]}
