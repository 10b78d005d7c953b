"""Ports: whether one is free, and who holds it if not."""

from __future__ import annotations

import socket

import psutil

from globelet.engines.errors import PortTaken


def free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Who listens on a port, in words."""
    try:
        for connection in psutil.net_connections("tcp"):
            place = tuple(connection.laddr)
            if connection.status == psutil.CONN_LISTEN and place[1:2] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def require(host: str, port: int, wanted_by: str) -> None:
    """Raises `PortTaken` with the port and its holder unless it is free."""
    if not free(host, port):
        raise PortTaken(port, wanted_by, holder(port))


def first_free(host: str, start: int, taken: set[int]) -> int:
    """The first free port from `start` up that is not in `taken`."""
    return next(p for p in range(start, 65_536) if p not in taken and free(host, p))
