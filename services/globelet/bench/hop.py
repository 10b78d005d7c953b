"""What one hop through the link emulator costs, against a plain loopback connection.

A `toxiproxy-server` on the path is measured in the same run, as the peer.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from globelet.bench.figure import Aim, Figure, figure
from globelet.bench.threads import spent
from globelet.engines import binaries
from globelet.engines.errors import DidNotStart
from globelet.engines.ports import first_free
from globelet.links import LinkEmulator
from globelet.scenarios.figures import percentile

if TYPE_CHECKING:
    from globelet.bench.session import Session

GROUP = "hop"
MESSAGE = b"x" * 256
DELAY_MS = 10
_TURNS = 5
_PLAIN = "a plain loopback connection"
_FIRST_PORT, _START_SECONDS = 28_474, 10.0


@dataclass
class Hop:
    """Round trips in milliseconds, one after another and with a delay, which is taken off; processor microseconds.

    Without a hop the delay is a pause before each round trip.
    """

    bare: list[float] = field(default_factory=list)
    excess: list[float] = field(default_factory=list)
    processor_us: float = 0.0


@contextmanager
def _echo() -> Iterator[str]:
    """The address of an echo in a process of its own."""
    command = [sys.executable, "-m", "globelet.bench.echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def _emulator(program: str, echo: str) -> Iterator[tuple[int, str, str]]:
    """A Toxiproxy-compatible server's pid, and its proxies to the echo: a bare one, and one with the delay."""
    port = first_free("127.0.0.1", _FIRST_PORT, set())
    ours = not program.endswith("toxiproxy-server")
    where = ["--listen", f"127.0.0.1:{port}"] if ours else ["-host", "127.0.0.1", "-port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([program, *where], stdout=quiet, stderr=quiet) as process:  # noqa: S603
        try:
            with LinkEmulator(f"http://127.0.0.1:{port}") as links:
                _await(links, program)
                bare = links.create(upstream=echo, name="bare", listen="127.0.0.1:0")
                slow = links.create(upstream=echo, name="slow", listen="127.0.0.1:0")
                slow.add_toxic("latency", "upstream", attributes={"latency": DELAY_MS})
                yield process.pid, bare.listen, slow.listen
        finally:
            process.terminate()


def _await(links: LinkEmulator, program: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not links.running():
        if time.monotonic() > end:
            raise DidNotStart(program, f"did not answer within {_START_SECONDS:g} s", "not kept")
        time.sleep(0.02)


def round_trips(address: str, times: int, pause: float = 0.0) -> list[float]:
    """Milliseconds that a small message took there and back, over one connection, after it has warmed up.

    A pause of some seconds before each lets the processors fall asleep, as they do while a message is delayed.
    """
    host, _, port = address.rpartition(":")
    found = []
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times + times // 10):
            time.sleep(pause)
            began = time.perf_counter_ns()
            line.sendall(MESSAGE)
            left = len(MESSAGE)
            while left:
                if not (got := line.recv(left)):
                    raise ConnectionResetError(f"{address} closed the connection")
                left -= len(got)
            found.append((time.perf_counter_ns() - began) / 1e6)
    return found[times // 10 :]


def rows(session: Session) -> list[Figure]:
    """Without a toxic, and with a delay of 10 ms, whose excess is what counts."""
    session.progress("one hop", 0, 1)
    times, delayed = (300, 50) if session.quick else (5_000, 300)
    programs = [str(binaries.find("globelet-links"))]
    if peer := shutil.which("toxiproxy-server"):
        programs.append(peer)
    plain, hops = measure(programs, times, delayed)
    found = figures(plain, hops[0])
    return found + (against_peer(plain, hops[0], hops[1]) if peer else [])


def measure(programs: list[str], times: int, delayed: int) -> tuple[Hop, list[Hop]]:
    """Plain and proxied round trips in turns: what disturbs the machine disturbs all alike."""
    plain = Hop()
    hops = [Hop() for _ in programs]
    with ExitStack() as stack:
        echo = stack.enter_context(_echo())
        running = [stack.enter_context(_emulator(program, echo)) for program in programs]
        for _ in range(_TURNS):
            plain.bare += round_trips(echo, times // _TURNS)
            plain.excess += round_trips(echo, delayed // _TURNS, pause=DELAY_MS / 1e3)
            for hop, (pid, bare, slow) in zip(hops, running, strict=True):
                before = sum(spent({"": pid}).values())
                hop.bare += round_trips(bare, times // _TURNS)
                hop.processor_us += (sum(spent({"": pid}).values()) - before) / (1.1 * times) * 1e6
                hop.excess += [ms - DELAY_MS for ms in round_trips(slow, delayed // _TURNS)]
    return plain, hops


def figures(plain: Hop, hop: Hop) -> list[Figure]:
    """What the hop adds, and how far its delay is off."""
    found = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        base, there = percentile(plain.bare, share), percentile(hop.bare, share)
        found.append(figure(GROUP, f"round trip {name}", there * 1e3, "us", against=_PLAIN, baseline=base * 1e3))
        found.append(figure(GROUP, f"added by the hop, {name}", (there - base) * 1e3, "us"))
    rested = percentile(plain.excess, 0.5)
    for name, share, aim in (("p50", 0.5, Aim(0.1)), ("p99", 0.99, None)):
        off = percentile(hop.excess, share) - rested
        label = f"delay of {DELAY_MS} ms is off by, {name}"
        found.append(figure(GROUP, label, off, "ms", against=f"{_PLAIN} after a pause", baseline=rested, aim=aim))
    label, base = "emulator's processor time per round trip", percentile(plain.bare, 0.5) * 1e3
    return [*found, figure(GROUP, label, hop.processor_us, "us", against=_PLAIN, baseline=base)]


def against_peer(plain: Hop, ours: Hop, peer: Hop) -> list[Figure]:
    """Beside Toxiproxy: half its added delay, half its processor time."""
    aim, found = Aim(0.5, "ratio"), []
    for name, trips in (
        ("a hop", [h.bare for h in (plain, ours, peer)]),
        (f"a delay of {DELAY_MS} ms", [h.excess for h in (plain, ours, peer)]),
    ):
        base, mine, its = (percentile(ms, 0.5) * 1e3 for ms in trips)
        label = f"added by {name}, p50, beside Toxiproxy"
        found.append(figure(GROUP, label, mine - base, "us", against="Toxiproxy", baseline=its - base, aim=aim))
    label = "processor time per round trip, beside Toxiproxy"
    row = figure(GROUP, label, ours.processor_us, "us", against="Toxiproxy", baseline=peer.processor_us, aim=aim)
    return [*found, row]
