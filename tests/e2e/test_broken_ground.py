"""What a world stands on is taken away: ports, its state directory, room on the disk."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from globelet.client.orders import Transfer
from globelet.client.problem import Problem, Unreachable
from globelet.engines.binaries import find
from globelet.engines.local import IDENTITY_PORT, PRESENCE_PORT, LocalEngine
from globelet.engines.state import StateDirectory
from globelet.scenarios.world import World
from globelet.world import load

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]


def cli(*arguments: str, state: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"GLOBELET_STATE": str(state)} if state else {})}
    command = [sys.executable, "-m", "globelet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


# Ports


def test_a_second_world_finds_the_ports_taken_and_says_by_whom(engine, tmp_path):
    done = cli("up", "tokyo-paris", state=tmp_path / "second")
    assert done.returncode == 4
    assert "[port_taken]" in done.stderr
    assert "is taken by globelet-links (pid " in done.stderr
    assert "give the world other ports" in done.stderr
    assert "Traceback" not in done.stderr
    assert engine.status().up


def test_a_node_finds_its_port_taken_and_says_so(engine, tmp_path):
    command = [find("globelet-node"), "run", "--state", engine.state, "--process", "tokyo"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "the HTTP port 127.0.0.1:" in done.stderr
    assert "[port_taken]" in done.stderr


def test_a_port_taken_while_a_process_was_down_is_named_and_given_back(engine):
    process = next(p for p in engine.world.processes if p.name == "seoul")
    engine.kill("seoul")
    with socket.create_server((process.host, process.http_port)):
        done = cli("up")
        assert done.returncode == 4
        assert f"port {process.http_port}, needed by seoul, is taken by" in done.stderr
        assert f"(pid {os.getpid()})" in done.stderr
    assert cli("up", "--json").returncode == 0
    assert engine.status().up


# State directories


def mark(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "globelet.json").read_text()))


@pytest.fixture
def claimed(tmp_path) -> Path:
    StateDirectory(tmp_path / "state").claim(load("tokyo-paris"))
    return tmp_path / "state"


def of_another_world(folder: Path) -> None:
    (folder / "globelet.json").write_text(json.dumps({**mark(folder), "world": "mars"}))


def of_another_version(folder: Path) -> None:
    (folder / "globelet.json").write_text(json.dumps({**mark(folder), "format": 99, "version": "9.9.9"}))


def of_a_changed_world(folder: Path) -> None:
    world = json.loads((folder / "world.json").read_text())
    (folder / "world.json").write_text(json.dumps({**world, "seed": 8}))


def with_a_broken_mark(folder: Path) -> None:
    (folder / "globelet.json").write_text("{")


def of_somebody_else(folder: Path) -> None:
    (folder / "globelet.json").unlink()
    (folder / "thesis.txt").write_text("mine")


@pytest.mark.parametrize(
    ("spoil", "code", "mend"),
    [
        (of_another_world, "other_world", "name another directory in GLOBELET_STATE"),
        (of_another_version, "other_version", "written by globelet 9.9.9"),
        (of_a_changed_world, "other_world", "--wipe` removes it"),
        (with_a_broken_mark, "damaged_state", "restore it from a copy"),
        (of_somebody_else, "foreign_state", "name another one in GLOBELET_STATE"),
    ],
)
def test_a_state_directory_that_is_not_this_worlds_is_left_alone(claimed, spoil, code, mend):
    spoil(claimed)
    before = {path: path.read_bytes() for path in claimed.rglob("*") if path.is_file()}
    done = cli("up", state=claimed)
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr
    assert mend in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in claimed.rglob("*") if path.is_file()} == before


def test_the_state_records_its_format_and_version(claimed):
    from globelet import __version__

    assert mark(claimed) == {"format": 4, "version": __version__, "world": "tokyo-paris"}


@pytest.mark.parametrize(
    ("place", "value", "code", "mend"),
    [(8, 99, "other_version", "format 99"), (20, None, "other_world", "belongs to world"), (0, 0, "not_a_log", "away")],
)
def test_a_node_refuses_a_log_that_is_not_its_own(engine, place, value, code, mend):
    node = next(n.name for n in engine.world.nodes if n.name.startswith("hesse"))
    log = engine.state / "nodes" / node / "log"
    engine.kill("hesse")
    whole = log.read_bytes()
    try:
        spoilt = bytearray(whole)
        spoilt[place] = whole[place] ^ 1 if value is None else value
        if code == "other_world":
            import zlib

            spoilt[44:48] = zlib.crc32(bytes(spoilt[:44])).to_bytes(4, "little")
        log.write_bytes(spoilt)
        done = cli("up")
        assert done.returncode == 2, done.stderr
        assert f"[{code}]" in done.stderr
        assert mend in done.stderr
        assert log.read_bytes() == bytes(spoilt)
    finally:
        engine.kill("hesse")
        log.write_bytes(whole)
        engine.up()


# Room on the disk


def run_by_hand(engine: Any, limit: int | None = None) -> subprocess.Popen[str]:
    """Tokyo's process as the engine starts it, with a limit on the size of files if there is one."""

    def limited() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    services = ["--jwks", f"http://127.0.0.1:{IDENTITY_PORT}/.well-known/jwks.json"]
    services += ["--presence", f"http://127.0.0.1:{PRESENCE_PORT}"]
    command = [str(find("globelet-node")), "run", "--state", str(engine.state), "--process", "tokyo", *services]
    made = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limited, start_new_session=True
    )
    assert engine.wait_until(lambda: engine.hall("tokyo").ready() or made.poll() is not None, 60.0)
    assert made.poll() is None, made.communicate()
    return made


@contextlib.contextmanager
def small_disk(engine: Any) -> Iterator[int | None]:
    """The log of one of Tokyo's replicas lies on a file system of its own, with little room left."""
    node = next(n.name for n in engine.world.nodes if n.name.startswith("tokyo") and n.role == "replica")
    folder, aside = engine.state / "nodes" / node, engine.state / "nodes" / f"{node}.aside"
    size = (folder / "log").stat().st_size + (256 << 10)
    shutil.copytree(folder, aside)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "globelet-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        shutil.rmtree(aside)
        pytest.skip("this user may not mount a file system")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield None
        shutil.rmtree(aside)
        shutil.copytree(folder, aside)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)


@contextlib.contextmanager
def small_files(engine: Any) -> Iterator[int | None]:
    """No file of Tokyo's process may grow much further."""
    files = [*(engine.state / "nodes").glob("tokyo*/log"), engine.state / "outbox" / "tokyo.log"]
    yield max(file.stat().st_size for file in files) + (128 << 10)


@pytest.mark.parametrize("little_room", [small_disk, small_files])
def test_a_full_disk_ends_the_process_and_loses_nothing_promised(
    engine, little_room: Callable[[Any], contextlib.AbstractContextManager[int | None]]
):
    world = World(engine, 1, f"full {little_room.__name__} {engine.now_us()}")
    alice, bob = world.account("tokyo", balance=100_000), world.account("paris")
    world.settle(timeout=30.0)
    engine.kill("tokyo")
    sent, promised = [], []
    with little_room(engine) as limit:
        process = run_by_hand(engine, limit)
        try:
            for _ in range(20_000):
                order = alice.transfer(bob, 1)
                sent.append(order)
                token = world.bank.token(alice)
                try:
                    engine.submit("tokyo", "/v1/transfers", world.bank.body(alice, bob, order), token)
                except (Unreachable, Problem):
                    break
                promised.append(order)
            out = process.communicate(timeout=60.0)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 4, out
        assert "[disk_full]" in out[1]
        assert "make room, then start again" in out[1]
        assert "panicked" not in out[1]
    assert promised, "the disk was full before anything was promised"
    engine.up()

    def ended(order: Transfer) -> bool:
        state = engine.transfer("tokyo", order.id)
        return state is not None and "credited" in state["stages"]

    assert engine.wait_until(lambda: all(ended(order) for order in promised), 60.0), "a promise was lost"
    # What was never answered may have been taken or not, but not by halves.
    known = [order for order in sent if engine.transfer("tokyo", order.id) is not None]
    world.receipts += [world.bank.receipt(order, alice, bob, 0).refresh() for order in known]
    applied = len(known)
    assert engine.wait_until(lambda: bob.balance == applied, 30.0)
    assert alice.balance == 100_000 - applied
    engine.wait_until(lambda: all(i.holds is not False for i in world.invariants()), 30.0)
    assert [(i.name, i.detail) for i in world.invariants() if i.holds is False] == []


def test_no_room_for_a_new_world_is_said_in_a_sentence(tmp_path):
    folder = tmp_path / "full"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(folder)], check=False).returncode != 0:
        pytest.skip("this user may not mount a file system")
    try:
        done = cli("up", state=folder / "state")
        assert done.returncode == 4
        assert "[disk_full]" in done.stderr
        assert "make room there" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
        StateDirectory(folder / "state").claim(load("tokyo-paris"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


# The command line


@pytest.mark.parametrize(
    ("arguments", "status", "mend"),
    [
        (("send", "--from", "tokyo", "--to", "atlantis", "--amount", "7"), 2, "it has tokyo"),
        (("send", "--from", "atlantis", "--to", "tokyo", "--amount", "7"), 2, "it has tokyo"),
        (("send", "--from", "tokyo", "--to", "paris", "--amount", "-7"), 2, "--amount"),
        (("send", "--from", "tokyo", "--to", "paris", "--amount", "0"), 2, "--amount"),
        (("send", "--from", "tokyo", "--to", "paris", "--amount", str(2**64)), 2, "--amount"),
        (("send", "--from", "tokyo", "--to", "paris", "--amount", "much"), 2, "--amount"),
        (("send", "--from", "tokyo", "--to", "paris", "--amount", "7", "--wait", "soon"), 2, "is not a stage"),
        (("send", "--from", "tokyo", "--to", "paris"), 2, "--amount"),
        (("receipt", "show", "xyz"), 2, "64 lowercase hexadecimal digits"),
        (("run", "no_such_scenario.py"), 2, "`ls scenarios`"),
        (("run", "scenarios/tokyo_pays_paris.py", "--engine", "abacus"), 2, "one of local, compose, simulator"),
        (("up", "no-such-world"), 2, "no-such-world"),
    ],
)
def test_wrong_usage_is_told_how_to_do_it_right(engine, arguments, status, mend):
    done = cli(*arguments)
    assert done.returncode == status, done.stderr
    assert mend in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("send", "--from", "tokyo", "--to", "paris", "--amount", "7"), ("status",)])
def test_a_world_that_is_not_up_is_said_to_be_missing(tmp_path, command):
    done = cli(*command, state=tmp_path / "none")
    assert done.returncode == 4
    assert "`globelet up tokyo-paris` starts it" in done.stderr


def test_a_scenario_that_raises_fails_and_keeps_its_traceback(engine, tmp_path):
    file, out = tmp_path / "broken.py", tmp_path / "out"
    file.write_text(
        "from globelet import scenario\n\n\n@scenario()\ndef broken(world):\n"
        "    world.account('tokyo', balance=3)\n    raise ValueError('no such luck')\n"
    )
    done = cli("run", str(file), "--out", str(out), "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert (result["verdict"], result["error"]) == ("fail", "ValueError: no such luck")
    assert "line 7, in broken" in (out / "traceback.txt").read_text()
    assert [i["name"] for i in result["invariants"] if i["holds"] is False] == []
    assert engine.status().up


def test_the_local_engine_is_the_one_under_test(engine):
    assert isinstance(engine, LocalEngine)
