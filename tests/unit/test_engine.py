"""The local engine's parts: state, ports, routes, processes."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from globelet.engines import ports
from globelet.engines.binaries import find
from globelet.engines.errors import DidNotStart, Missing, NotUp, PortTaken, WrongState
from globelet.engines.processes import Processes, start_time
from globelet.engines.routes import Crossing, allocate, crossings, routes, toxics
from globelet.engines.state import StateDirectory
from globelet.world import load

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def world():
    return load("tokyo-paris")


@pytest.fixture
def processes(tmp_path):
    for name in ("pids", "logs"):
        (tmp_path / name).mkdir()
    made = Processes(tmp_path / "pids", tmp_path / "logs")
    yield made
    made.kill(made.names())


def test_a_state_directory_knows_whose_it_is(tmp_path, world):
    state = StateDirectory(tmp_path / "s")
    with pytest.raises(NotUp):
        state.load_world(world.name)
    state.claim(world)
    state.claim(world)
    assert state.load_world(world.name) == world
    with pytest.raises(WrongState, match="holds world"):
        state.claim(world.model_copy(update={"name": "other"}))
    with pytest.raises(WrongState, match="has changed"):
        state.claim(world.model_copy(update={"seed": world.seed + 1}))
    state.write("globelet.json", {"format": 99, "world": world.name})
    with pytest.raises(WrongState, match="format 99"):
        state.claim(world)
    state.wipe()
    assert not state.root.exists()


def test_a_foreign_directory_is_neither_claimed_nor_wiped(tmp_path, world):
    (tmp_path / "letter.txt").write_text("mine")
    state = StateDirectory(tmp_path)
    with pytest.raises(WrongState, match="not empty"):
        state.claim(world)
    state.wipe()
    assert (tmp_path / "letter.txt").exists()


def test_a_taken_port_is_named_with_its_holder():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            ports.require("127.0.0.1", port, "tokyo")
        assert str(port) in str(caught.value)
        assert f"pid {os.getpid()}" in caught.value.holder
        assert caught.value.exit_status == 4
        assert ports.first_free("127.0.0.1", port, set()) > port


def test_every_message_between_regions_has_a_proxy(world):
    made = set(crossings(world))
    for sender in world.nodes:
        for receiver in world.nodes:
            crossing = Crossing(
                world.regions[sender.region], world.regions[receiver.region], world.processes[receiver.process].name
            )
            inside = sender.region == receiver.region and sender.process == receiver.process
            assert crossing in made or inside
    paris = world.link("tokyo", "paris").delay_us / 1000
    shapes = toxics(world, Crossing("tokyo", "paris", "paris"))
    assert [(t["stream"], t["attributes"]["latency"]) for t in shapes if t["type"] == "latency"] == [
        ("upstream", paris),
        ("downstream", world.link("paris", "tokyo").delay_us / 1000),
    ]


def test_ports_stay_and_do_not_collide(world):
    wanted = crossings(world)
    first = allocate(wanted, {}, lambda start, taken: start)
    assert min(first.values()) == 20_000
    assert len(set(first.values())) == len(wanted)
    assert allocate(wanted, first, lambda start, taken: pytest.fail("all are known")) == first
    held = {wanted[5].proxy: 20_000}
    again = allocate(wanted, held, lambda start, taken: next(p for p in range(start, 65_536) if p not in taken))
    assert again[wanted[5].proxy] == 20_000
    assert len(set(again.values())) == len(wanted)
    assert routes(wanted[:1], first) == [
        {"from": wanted[0].source, "to": wanted[0].to, "process": wanted[0].process, "address": "127.0.0.1:20000"}
    ]


def test_a_process_is_found_again_and_its_pid_is_not_mistaken(tmp_path, processes):
    identity = processes.start("cat", [sys.executable, "-c", "import signal; signal.pause()"])
    again = Processes(tmp_path / "pids", tmp_path / "logs")
    assert again.alive("cat") == identity.pid
    (tmp_path / "pids" / "other.json").write_text(json.dumps({"pid": identity.pid, "start": identity.start - 1}))
    assert again.alive("other") is None
    (tmp_path / "pids" / "broken.json").write_text("{")
    assert again.alive("broken") is None
    processes.stop(["cat"])
    assert start_time(identity.pid) is None
    assert processes.names() == ["broken", "other"]


def test_one_that_does_not_listen_to_reason_is_ended(processes):
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    processes.start("deaf", [sys.executable, "-c", code])
    processes.await_ready("deaf", lambda: "deaf" in processes.log("deaf").read_text(), 20)
    processes.stop(["deaf"], grace=0.1)
    assert processes.alive("deaf") is None


def test_one_that_ends_before_it_is_ready_says_why(processes):
    processes.start("bad", [sys.executable, "-c", "import sys; print('port 6100 is taken'); sys.exit(4)"])
    with pytest.raises(DidNotStart, match="port 6100 is taken") as caught:
        processes.await_ready("bad", lambda: False, 20)
    assert caught.value.exit_status == 4


def test_a_missing_program_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GLOBELET_BIN", str(tmp_path))
    with pytest.raises(Missing, match="globelet-nothing"):
        find("globelet-nothing")
    program = tmp_path / "globelet-nothing"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find("globelet-nothing") == Path(program)
