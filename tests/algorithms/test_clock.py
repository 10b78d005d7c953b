"""`globelet.algorithms.clock`: the laws, a real chrony server on loopback beside one that lies, and wrong input."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, clock
from globelet.algorithms.clock import Candidate, Clock, ClockError, Packet, Stamp, Steered, TimeClient, select
from globelet.cli import BAD_INPUT, DONE, FAILED, MISSING, build

pytestmark = pytest.mark.algorithms

NOW = 1_790_000_000 * 10**9
Pair = tuple[int, int]


class Plain:
    """Kulkarni and others 2014, figure 5, with the bound of section 6."""

    def __init__(self, bound: int) -> None:
        self.bound, self.at, self.counter = bound, 0, 0

    def step(self, physical: int, remote: Pair | None) -> Pair | None:
        if remote and remote[0] - physical > self.bound:
            return None
        latest = max((self.at, self.counter), remote or (0, 0))
        self.at, self.counter = (physical, 0) if physical > latest[0] else (latest[0], latest[1] + 1)
        return self.at, self.counter


EVENT = st.tuples(st.integers(1, 5_000), st.none() | st.tuples(st.integers(0, 5_000), st.integers(0, 9)))


@given(st.lists(EVENT, max_size=40))
def test_stamps_are_those_of_the_paper(events: list[Any]) -> None:
    ours, paper = Clock(1_000), Plain(1_000)
    for physical, remote in events:
        expected = paper.step(physical, remote)
        if expected is None:
            before = ours.last
            with pytest.raises(ClockError) as refused:
                ours.receive(physical, Stamp(*remote))
            assert refused.value.code == "clock.skew"
            assert ours.last == before
            continue
        stamp = ours.now(physical) if remote is None else ours.receive(physical, Stamp(*remote))
        assert (stamp.micros, stamp.counter) == expected
        assert Stamp.from_bytes(stamp.to_bytes()) == stamp
        assert hash(stamp) == hash(Stamp(*expected))
    assert ours.max_skew_us == 1_000


def test_many_stamps_are_the_same_one_by_one() -> None:
    times = [5, 5, 4, 9, 2**64 - 1, 3]
    one, many = Clock(0), Clock(0)
    stamps = [one.now(t) for t in times]
    assert many.now_many(times) == stamps == sorted(stamps)
    assert repr(stamps[1]) == "Stamp(5, 1)"


OFFSET = st.integers(-(10**10), 10**10)


@given(OFFSET, st.lists(st.tuples(st.integers(1, 10**8), st.floats(-1, 1)), min_size=1, max_size=7), st.data())
def test_a_majority_of_right_servers_wins(truth: int, right: list[Any], data: st.DataObject) -> None:
    near = data.draw(st.booleans())
    least, most = (f(distance for distance, _ in right) for f in (min, max))
    lies = data.draw(st.lists(st.tuples(OFFSET, st.integers(1, 10**8)), max_size=len(right) - 1))
    # A right server is off by its distance at most; usually by so little that the others' intervals hold it too.
    true_ones = [(truth + int((least // 2 if near else distance) * part), distance) for distance, part in right]
    all_of_them = [Candidate(n, *pair) for n, pair in enumerate(true_ones + lies)]
    found = select(all_of_them)
    if found is None:
        assert not near, "right servers that agree were not believed"
        return
    assert abs(found.offset_ns - truth) <= 2 * most + 1
    assert found.low_ns <= found.offset_ns <= found.high_ns
    for liar in all_of_them:
        if abs(liar.offset_ns - truth) > 2 * most:
            assert liar.server in found.false_tickers
            assert liar.server not in found.survivors


def test_other_threads_run_meanwhile() -> None:
    crowd = [Candidate(n, n * 7_919 % 4_001, 5_000 + n % 13) for n in range(4_001)]
    assert turns_while(lambda: select(crowd)) > 1_000


def answered(client: TimeClient, at: int, ahead: int = 0, out: int = 10**6, **about: Any) -> clock.Sample:
    question = Packet.from_bytes(client.ask(0, at, 77))
    there = at + out + ahead
    answer = question.answer(there, there, about.get("stratum", 1), about.get("reference", b"GPS\0"))
    return client.receive(0, answer.to_bytes(), at + 2 * out)


def test_eight_answers_make_an_estimate() -> None:
    client = TimeClient(1)
    for n in range(8):
        sample = answered(client, NOW + n * 10**9, ahead=5_000_000)
        assert abs(sample.offset_ns - 5_000_000) <= 1
        assert abs(sample.delay_ns - 2_000_000) <= 1
        assert (sample.stratum, sample.dispersion_ns) == (1, 953 + 953 + 30)
    found = client.estimate(NOW + 8 * 10**9)
    assert abs(found.offset_ns - 5_000_000) <= 1
    assert (found.survivors, found.false_tickers, found.stratum) == ([0], [], 2)
    assert found.jitter_ns <= 2_000
    assert [c.server for c in client.candidates(NOW + 8 * 10**9)] == [0]
    client.stepped()
    assert client.candidates(NOW) == []
    assert client.interval_s(0) == 64


@given(st.lists(st.tuples(st.integers(0, 10**10), st.integers(-(10**9), 10**9)), max_size=30))
def test_a_steered_clock_never_runs_back(steps: list[Pair]) -> None:
    steered, raw, last = Steered(0, NOW), 0, NOW
    for passed, offset in steps:
        raw += passed
        shown = steered.time_ns(raw)
        assert shown >= last
        assert steered.adjust(raw, offset) == ("stepped" if offset > 128_000_000 else "slewed")
        last = steered.time_ns(raw)
        assert last >= shown
        assert abs(steered.frequency_ppb) <= 500_000


class Liar:
    """A time server on loopback that is ahead of the truth."""

    def __init__(self, address: str, port: int, ahead_ns: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.ahead_ns, self.thread = ahead_ns, threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            data, asker = self.socket.recvfrom(100)
            if not data:
                return
            at = time.time_ns() + self.ahead_ns
            self.socket.sendto(Packet.from_bytes(data).answer(at, at, 1, b"LIE\0").to_bytes(), asker)

    def close(self) -> None:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


@pytest.fixture(scope="module")
def port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def chrony(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two chrony servers that hand on this machine's time, and set nothing (-x)."""
    program = shutil.which("chronyd") or shutil.which("chronyd", path="/usr/sbin")
    if program is None:
        pytest.skip("chrony is not installed: apt-get install chrony (Debian)")
    addresses, running = ["127.0.0.1", "127.0.0.2"], []
    for number, address in enumerate(addresses):
        folder = tmp_path_factory.mktemp(f"chrony{number}")
        lines = [f"port {port}", f"bindaddress {address}", "allow 127.0.0.0/8", "local stratum 3", "cmdport 0",
                 "bindcmdaddress /", f"pidfile {folder}/pid"]  # fmt: skip
        (folder / "chrony.conf").write_text("\n".join(lines) + "\n")
        words = [program, "-x", "-d", "-U", "-u", "root" if os.geteuid() == 0 else os.environ["USER"]]
        log = (folder / "log").open("wb")
        running.append(subprocess.Popen([*words, "-f", str(folder / "chrony.conf")], stdout=log, stderr=log))
    deadline = time.monotonic() + 30
    for address in addresses:
        while True:
            with suppress(ClockError):
                clock.ask([address], port=port, spacing_s=0.0, timeout_s=0.2)
                break
            assert time.monotonic() < deadline, "chrony does not answer"
            assert all(server.poll() is None for server in running), "chrony ended"
    yield addresses
    for server in running:
        server.terminate()
        server.wait()


def test_a_real_server_is_asked(chrony: list[str], port: int) -> None:
    found = clock.ask(chrony[:1], port=port, spacing_s=0.0)
    # It hands on this machine's own time, so that the truth is an offset of zero.
    assert abs(found.offset_ns) <= found.distance_ns
    assert found.stratum == 4
    assert found.survivors == [0]


def test_a_liar_beside_two_real_servers_is_dropped(chrony: list[str], port: int) -> None:
    with closing(Liar("127.0.0.3", port, ahead_ns=3_600 * 10**9)):
        found = clock.ask([*chrony, "127.0.0.3"], port=port, spacing_s=0.0, least_servers=2)
        assert sorted(found.survivors) == [0, 1]
        assert found.false_tickers == [2]
        assert abs(found.offset_ns) <= found.distance_ns
        with pytest.raises(ClockError) as refused:
            clock.ask([chrony[0], "127.0.0.3"], port=port, spacing_s=0.0)
        assert refused.value.code == "clock.no-majority"
        told = run("ask", *chrony, "127.0.0.3", "--port", port, "--spacing", 0, "--least", 2, "--json")
        assert told.exit_code == DONE, told.output
        assert json.loads(told.stdout)["false_tickers"] == ["127.0.0.3"]


def test_nobody_there_is_said(port: int) -> None:
    with pytest.raises(ClockError) as refused:
        clock.ask(["127.0.0.9"], port=port, rounds=2, spacing_s=0.0, timeout_s=0.05)
    assert refused.value.code == "clock.no-majority"
    with pytest.raises(clock.TimeServerError) as silent:
        clock.ask(["no.such.name.invalid"], rounds=1)
    assert silent.value.code == "clock.silent"


@pytest.mark.skipif(not Path("/dev/ptp0").exists(), reason="this machine has no PTP hardware clock, /dev/ptp0")
def test_a_hardware_clock_is_read_and_goes_on() -> None:
    assert 0 < clock.hardware_time_ns() <= clock.hardware_time_ns()


@pytest.mark.parametrize("device", ["/dev/no-such-clock", "/dev/null", "/"])
def test_what_is_no_hardware_clock_is_said(device: str) -> None:
    with pytest.raises(clock.HardwareClockError) as refused:
        clock.hardware_time_ns(device)
    assert refused.value.code == "clock.no-hardware"
    assert isinstance(refused.value, AlgorithmError)
    assert run("hardware", device).exit_code == MISSING


def kissed(code: bytes) -> TimeClient:
    client = TimeClient(1)
    with suppress(ClockError):
        answered(client, NOW, stratum=0, reference=code)
    return client


REFUSED: list[tuple[str, Any]] = [
    ("clock.skew", lambda: Clock(5).receive(10, Stamp(16))),
    ("clock.length", lambda: Stamp.from_bytes(b"")),
    ("clock.length", lambda: Stamp.from_bytes(bytes(13))),
    ("clock.length", lambda: Packet.from_bytes(bytes(47))),
    ("clock.packet", lambda: Packet.from_bytes(bytes(48))),
    ("clock.no-such-server", lambda: TimeClient(0).ask(0, NOW, 1)),
    ("clock.no-such-server", lambda: TimeClient(1).interval_s(1)),
    ("clock.unasked", lambda: TimeClient(1).receive(0, Packet.question(1).to_bytes(), NOW)),
    ("clock.unsynchronised", lambda: answered(TimeClient(1), NOW, stratum=16)),
    ("clock.unsynchronised", lambda: answered(TimeClient(1), NOW, stratum=0, reference=bytes(4))),
    ("clock.kiss", lambda: answered(TimeClient(1), NOW, stratum=0, reference=b"RATE")),
    ("clock.kiss", lambda: kissed(b"DENY").ask(0, NOW, 1)),
    ("clock.impossible", lambda: answered(TimeClient(1), NOW, out=-1)),
    ("clock.no-majority", lambda: TimeClient(3).estimate(NOW)),
    ("clock.panic", lambda: Steered(0, NOW).adjust(0, 10**12 + 1)),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(ClockError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Clock("5"),
        lambda: Clock(5).now(1.5),
        lambda: Clock(5).receive(1, (1, 2)),
        lambda: Clock(5).now_many(5),
        lambda: Stamp.from_bytes("text"),
        lambda: Packet.from_bytes(None),
        lambda: Packet.question(1).answer(1, 1, 1, 5),
        lambda: select([1]),
        lambda: Stamp(1) < 5,
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize("number", [-1, 2**64, 2**70])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    for call in (lambda: Stamp(number), lambda: Clock(0).now(number), lambda: TimeClient(number)):
        with pytest.raises(OverflowError):
            call()


@given(st.binary(max_size=60), st.binary(min_size=48, max_size=48))
def test_decoders_take_any_bytes_without_harm(data: bytes, packet: bytes) -> None:
    for kind in (Stamp, Packet):
        for given_ in (data, packet):
            with suppress(ClockError):
                assert kind.from_bytes(given_).to_bytes() == given_
    client = TimeClient(1)
    client.ask(0, NOW, 1)
    with suppress(ClockError):
        client.receive(0, packet, NOW + 1)


def run(*words: object) -> Any:
    return CliRunner().invoke(build(), ["algorithm", "clock", *(str(word) for word in words)])


def test_at_the_shell() -> None:
    assert run("stamps", 100, 100, 90, "90@5000.2", "--max-skew", 10_000).stdout.split() == [
        "100.0", "100.1", "100.2", "5000.3"]  # fmt: skip
    assert run("stamps", "90@5000", "--max-skew", 1).exit_code == BAD_INPUT
    for wrong in ("x", "1@", "1@y", "1@5.z", str(2**64)):
        assert run("stamps", wrong).exit_code == BAD_INPUT
    data = Packet.question(7).answer(NOW, NOW, 0, b"RATE").to_bytes().hex()
    told = json.loads(run("packet", data, "--json").stdout)
    assert (told["kiss"], told["mode"], told["sent_ns"]) == ("RATE", 4, NOW)
    assert run("packet", "00").exit_code == BAD_INPUT
    assert run("ask", "no.such.name.invalid", "--rounds", 1).exit_code == MISSING
    assert FAILED not in {run("packet", data).exit_code, run("hardware", "/dev/null").exit_code}
