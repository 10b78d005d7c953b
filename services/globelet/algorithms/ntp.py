"""Sockets and devices around the clock's state machine: asks time servers, reads PTP hardware clocks."""

from __future__ import annotations

import os
import secrets
import select as sockets
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from globelet._native import AlgorithmError
from globelet._native.clock import ClockError, Estimate, TimeClient

PORT = 123
# What one more byte than a packet of 48 tells: that it is none.
_ROOM = 49


class TimeServerError(AlgorithmError):
    """A time server can't be reached; `code` is `clock.silent`."""

    code = "clock.silent"


class HardwareClockError(AlgorithmError):
    """There is no such PTP hardware clock; `code` is `clock.no-hardware`."""

    code = "clock.no-hardware"


def ask(
    servers: Sequence[str],
    *,
    port: int = PORT,
    rounds: int = 8,
    spacing_s: float = 2.0,
    timeout_s: float = 1.0,
    least_servers: int = 1,
) -> Estimate:
    """Asks servers for the time and says what the local clock is off by; sets nothing.

    Each server is asked `rounds` times, `spacing_s` apart (BTIME of RFC 5905), and has `timeout_s` for an answer.
    To bear f liars name 2f + 1 servers and let f + 1 be the least. An answer of no use counts as none.

    Raises TimeServerError if a name or address leads nowhere, ClockError clock.no-majority if no majority of servers
    agrees, clock.kiss if the only server wants to be left alone.
    """
    client = TimeClient(len(servers), least_servers=least_servers)
    with ExitStack() as opened:
        connections = {opened.enter_context(_connected(name, port)): number for number, name in enumerate(servers)}
        for number in range(rounds):
            began = time.monotonic()
            _round(client, connections, began + timeout_s, alone=len(servers) == 1)
            if number + 1 < rounds:
                time.sleep(max(0.0, began + spacing_s - time.monotonic()))
    return client.estimate(time.time_ns())


def _connected(name: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_DGRAM)[0]
        connection = socket.socket(family, kind, protocol)
    except OSError as error:
        raise TimeServerError(f"{name} leads to no time server ({error.strerror}): check the name") from error
    try:
        # Connected, it takes packets from this server alone, and is told when nobody listens there.
        connection.connect(address)
        connection.setblocking(False)
    except OSError as error:
        connection.close()
        raise TimeServerError(f"{name} can't be reached ({error.strerror}): check the network") from error
    return connection


def _round(client: TimeClient, connections: dict[socket.socket, int], deadline: float, *, alone: bool) -> None:
    """One question to each server, and what comes until all have answered or the time is up."""
    waiting = set()
    for connection, number in connections.items():
        with suppress(OSError, ClockError):
            connection.send(client.ask(number, time.time_ns(), secrets.randbits(64)))
            waiting.add(connection)
    while waiting:
        ready, _, _ = sockets.select(list(waiting), [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return
        for connection in ready:
            if _answered(client, connection, connections[connection], alone=alone):
                waiting.discard(connection)


def _answered(client: TimeClient, connection: socket.socket, number: int, *, alone: bool) -> bool:
    try:
        client.receive(number, connection.recv(_ROOM), time.time_ns())
    except BlockingIOError:
        return False
    except OSError:
        return True  # nobody listens there
    except ClockError as error:
        if alone and error.code == "clock.kiss":
            raise
        # A packet that answers nothing may be a stranger's: the server's own may still come.
        return error.code not in {"clock.unasked", "clock.length", "clock.packet"}
    return True


def hardware_time_ns(device: str | Path = "/dev/ptp0") -> int:
    """What a PTP hardware clock shows, in nanoseconds since its epoch, which is TAI's where it is set by PTP.

    Raises HardwareClockError if there is no such device, it may not be read, or it is no clock.
    """
    try:
        opened = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        text = f"{device} can't be opened ({error.strerror}): name a PTP device of this machine, /dev/ptp0 or another"
        raise HardwareClockError(text) from error
    try:
        # The clock of an open device, as the kernel numbers it (FD_TO_CLOCKID of linux/posix-timers.h).
        return time.clock_gettime_ns((~opened << 3) | 3)
    except OSError as error:
        raise HardwareClockError(f"{device} is no clock ({error.strerror}): name a PTP device") from error
    finally:
        os.close(opened)
