"""A world in containers: what was sent is in every store, links come back by themselves, faults leave their reasons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from globelet.analysis import columns, open_archive, proof
from globelet.analysis.columns import STAMPS
from globelet.analysis.errors import NoArchive
from globelet.analysis.stores import contained
from globelet.archiver import brief
from globelet.archiver.immudb import Ledger
from globelet.archiver.packed import unpack
from globelet.archiver.settings import Settings
from globelet.engines.compose import LINKS
from globelet.engines.containers import Containers
from globelet.engines.errors import ImageMissing, OtherWorld, TooLittleMemory
from globelet.links import LinkEmulator
from globelet.scenarios.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.compose_only]

# A Parquet object is written when its minute is over.
SOON, MINUTE = 60.0, 150.0
EQUAL = ("process", "state", "source", "destination", "payer", "payee", "route", "amount", "digest", *STAMPS)


@pytest.fixture(scope="module")
def world(engine: Any) -> World:
    return World(engine, 1, f"containers {engine.now_us()}")


@pytest.fixture(scope="module")
def credited(world: World) -> list[str]:
    """Transfers that crossed the ocean and are archived, proofs and all."""
    alice, bob = world.account("tokyo", balance=1_000), world.account("paris")
    receipts = [alice.send(bob, 5).wait("credited") for _ in range(5)]
    assert world.settle(receipts, SOON, "archived"), "not archived in time"
    return [receipt.id for receipt in receipts]


def test_the_same_transfer_is_in_every_store_equal_field_by_field(engine, world, credited, tmp_path):
    told = contained(engine.state)
    mongo, objects = open_archive(world.spec.name, mongo=told.mongo), open_archive(world.spec.name, s3=told.s3)
    ledger = Ledger(Settings.read(engine.environment() | {"GLOBELET_STATE": str(tmp_path)}))

    def of(frame: Any) -> list[dict[str, Any]]:
        found = frame[frame["id"].isin(credited)].sort_values("id")
        return [dict(row) for row in json.loads(found[["id", *EQUAL]].to_json(orient="records"))]

    def all_there() -> bool:
        try:
            written = of(objects.receipts())
        except NoArchive:
            return False  # no minute has ended yet
        rows = of(mongo.receipts())
        keyed = sorted(engine.stored().items(credited, ["id", *EQUAL]), key=lambda item: item["id"])
        digests = {row["id"]: row["digest"] for row in rows}
        ledger.open()
        return (
            len(rows) == len(credited)
            and rows == written
            and rows == [{name: item.get(name) for name in ("id", *EQUAL)} for item in keyed]
            and digests == {order: ledger.get(f"receipt:{order}") for order in credited}
        )

    assert world.wait_until(all_there, MINUTE), "the stores do not say the same"
    bodies = objects.bodies(credited)
    proved = proof.verify(engine.genesis_json(), bodies)
    assert proved["holds"].all(), proved.to_string()
    for item in engine.stored().items(credited, ["id", "digest", "body"]):
        assert _whole(engine, item["body"]) == json.loads(bodies[item["id"]])
        assert item["digest"] == columns.digest(bodies[item["id"]])


def _whole(engine: Any, packed: bytes) -> dict[str, Any]:
    """The receipt of an item, with what it shares, from DynamoDB alone."""
    kept = json.loads(unpack(packed))
    names = brief.names(kept)
    assert names, "nothing is shared"
    return brief.whole(kept, engine.stored().intervals(names))


def test_links_come_back_by_themselves_after_the_emulator_was_restarted_by_hand(engine, world):
    links = LinkEmulator(engine.status().link_emulator)
    before = set(links.proxies())
    container = engine._containers.get(LINKS)
    container.restart(timeout=1)
    assert world.wait_until(lambda: links.running() and set(links.proxies()) == before, SOON)
    alice, bob = world.account("osaka", balance=10), world.account("london")
    receipt = alice.send(bob, 1).wait("credited", timeout=SOON)
    assert receipt.stretch >= 1.0, "a transfer outran its wire: the link had no delay"


@pytest.mark.parametrize("name", ["dynamodb", "redpanda", "services", "archiver", "tokyo"])
def test_any_container_can_be_killed_and_started_again(engine, world, name):
    world.process(name).kill()
    assert {p.name: p.state for p in engine.status().processes}[name] == "stopped"
    world.process(name).restart()
    assert {p.name: p.state for p in engine.status().processes}[name] == "running"
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    receipt = alice.send(bob, 1).wait("credited", timeout=SOON)
    assert world.settle([receipt], SOON, "archived")


@pytest.mark.parametrize(("name", "fault"), [("redpanda", "pause"), ("osaka", "pause"), ("mongo", "stop")])
def test_nobody_else_waits_for_a_container_that_is_frozen_or_stopped(engine, world, name, fault):
    process = world.process(name)
    getattr(process, fault)()
    expected = {"pause": "paused", "stop": "stopped"}[fault]
    assert {p.name: p.state for p in engine.status().processes}[name] == expected
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    receipt = alice.send(bob, 1).wait("credited", timeout=SOON)
    process.resume() if fault == "pause" else process.restart()
    assert {p.name: p.state for p in engine.status().processes}[name] == "running"
    assert world.settle([receipt], SOON, "archived")


def test_a_run_leaves_every_log_and_why_a_container_ended(engine, world, tmp_path):
    world.process("hesse").kill()
    try:
        engine.collect(tmp_path)
    finally:
        world.process("hesse").restart()
    about = {row["service"]: row for row in json.loads((tmp_path / "containers.json").read_text())}
    assert about["hesse"]["exit_status"] == 137
    assert not about["hesse"]["out_of_memory"]
    assert about["tokyo"]["state"] == "running"
    assert about["tokyo"]["rss_mb"] > 0
    assert "ready hesse" in (tmp_path / "hesse.log").read_text()
    assert {path.stem for path in tmp_path.glob("*.log")} == set(about)


def test_another_state_directory_does_not_get_hold_of_these_containers(engine, tmp_path):
    other = type(engine)(engine.world, tmp_path / "other")
    with pytest.raises(OtherWorld, match="belongs to the state in"):
        other.up()
    with pytest.raises(OtherWorld):
        other.down(wipe=True)
    assert engine.status().up


def test_nothing_is_published_beyond_loopback_and_nothing_runs_as_root(engine):
    for name, container in engine._containers.all().items():
        bindings = container.attrs["HostConfig"]["PortBindings"] or {}
        assert all(b["HostIp"] == "127.0.0.1" for ports in bindings.values() for b in ports), name
        uid = int(Path(f"/proc/{container.attrs['State']['Pid']}/status").read_text().split("Uid:\t")[1].split("\t")[0])
        assert uid != 0, f"{name} runs as root"


def test_all_of_it_stays_within_four_gigabytes(engine):
    assert sum(p.rss_mb for p in engine.status().processes) < 4_000


def cli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "globelet", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_finds_the_world_by_itself(engine):
    done = cli("status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["engine"] == "compose"
    assert {p["name"] for p in status["processes"]} >= {"tokyo", "toxiproxy", "mongo", "archiver"}
    assert all(p["container"] for p in status["processes"])
    watched = cli("watch", "--once", "--json")
    assert watched.returncode == 0, watched.stderr
    assert {i["name"] for i in json.loads(watched.stdout)["invariants"] if i["holds"] is False} == set()


def test_up_again_changes_nothing_and_an_unknown_overlay_is_told(engine):
    before = {name: c.id for name, c in engine._containers.all().items()}
    done = cli("up", "--engine", "compose", "--overlay", "nonesuch")
    assert done.returncode == 4
    assert "nonesuch" in done.stderr
    assert {name: c.id for name, c in engine._containers.all().items()} == before


def refused(*words: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "globelet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    return done.returncode, done.stderr


def test_no_docker_is_told_with_the_mend(engine, tmp_path):
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock", "GLOBELET_STATE": str(tmp_path / "state")}
    status, told = refused("up", "--engine", "compose", **nowhere)
    assert (status, "[no_docker]" in told, "--engine local" in told) == (4, True, True), told


def test_an_old_compose_is_told_with_the_mend(engine, tmp_path):
    old = tmp_path / "docker"
    old.write_text("#!/bin/sh\necho 1.29.2\n")
    old.chmod(0o755)
    world = {"GLOBELET_STATE": str(tmp_path / "state"), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    status, told = refused("up", "earth", "--engine", "compose", **world)
    assert (status, "[old_docker]" in told, "1.29.2" in told) == (4, True, True), told


def test_a_port_that_is_taken_is_told_by_number_and_holder(engine, tmp_path):
    status, told = refused("up", "earth", "--engine", "compose", GLOBELET_STATE=str(tmp_path / "state"))
    assert status == 4, told
    assert "[port_taken]" in told
    assert "docker-proxy" in told


def test_an_image_that_cannot_be_had_names_the_mirror():
    with pytest.raises(ImageMissing, match="MIRROR=1"):
        Containers("globelet-none").pull("registry.invalid/nothing:1")


def test_too_little_memory_is_told_in_gigabytes():
    with pytest.raises(TooLittleMemory, match=r"this world needs 9000000\.0 GB"):
        Containers("globelet-none").check(9e6)
