"""Locust as one more container of the world: without its page as `make load INSIDE=1` runs it, and with it."""

from __future__ import annotations

import contextlib
import csv
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from globelet.engines.errors import LinksUntrue

pytestmark = [pytest.mark.e2e, pytest.mark.compose_only]

PATIENCE = 180.0


@pytest.fixture(scope="module")
def loaded(engine: Any) -> Iterator[Any]:
    """The same world once more, with the overlay; afterwards as it was."""
    before = engine._settings.overlays
    more = type(engine)(engine.world, engine.state, overlays=[*before, "load"])
    with contextlib.suppress(LinksUntrue):  # a slow machine; every run measures for itself
        more.up()
    try:
        yield more
    finally:
        more._containers.get("locust").remove(force=True)
        engine._settings.write(engine.world)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(httpx.HTTPError, FileNotFoundError):
            if holds():
                return
        assert time.monotonic() < end


def test_without_its_page_it_reports_and_says_what_it_could_do_by_itself(loaded):
    name = f"{loaded.project}-locust-1"
    words = ["desk", "python", "/load/run.py", "--rate", "10", "--for", "4s", "--people", "12", "--out", "/results/ten"]
    done = subprocess.run(["docker", "exec", name, *words], capture_output=True, text=True, timeout=300, check=False)
    # 3: the machine was too busy for the generator; the transfers are all there even so.
    assert done.returncode in (0, 3), done.stderr
    assert "40 of 40 credited" in done.stderr
    folder = loaded.state / "load" / "ten"
    transfers = rows(folder / "transfers.csv")
    assert [row["end"] for row in transfers] == ["credited"] * 40
    pairs = rows(folder / "pairs.csv")
    assert sum(int(pair["count"]) for pair in pairs) == 40
    assert all(float(pair["credited_p99_ms"]) >= float(pair["credited_p50_ms"]) > 0 for pair in pairs)
    report = (folder / "report.md").read_text()
    assert "it keeps up with" in report, "it says at what rate it saturates by itself"
    assert "not known from here" in report


def test_its_page_answers_on_loopback_and_its_figures_reach_the_host(loaded):
    (binding,) = loaded._containers.get("locust").attrs["HostConfig"]["PortBindings"]["8089/tcp"]
    assert binding["HostIp"] == "127.0.0.1"
    with httpx.Client(base_url=f"http://127.0.0.1:{binding['HostPort']}", timeout=10.0) as page:
        form = {"user_count": 1, "spawn_rate": 1, "rate": 10, "duration": "3s", "people": "12"}
        eventually(lambda: page.post("/swarm", data=form).json()["success"])

        def counted() -> bool:
            stats = {row["name"]: row for row in page.get("/stats/requests").json()["stats"]}
            whole = stats.get("Aggregated", {})
            # Admitted, committed, credited: three rows' worth of each transfer.
            return (whole.get("num_requests"), whole.get("num_failures")) == (90, 0)

        eventually(counted)
        eventually(lambda: page.get("/stats/requests").json()["state"] == "stopped")
        shown = {row["name"] for row in page.get("/stats/requests").json()["stats"]}
    assert {name.rpartition(" ")[2] for name in shown} >= {"admitted", "committed", "credited"}

    def whole_on_the_host() -> bool:
        left = {row["Name"]: row["Request Count"] for row in rows(loaded.state / "load" / "locust_stats.csv")}
        return set(left) == shown and left["Aggregated"] == "90"

    eventually(whole_on_the_host)
    assert len(rows(loaded.state / "load" / "transfers-0.csv")) == 30
