"""The built emulator, running, and an echo server behind it."""

from __future__ import annotations

import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def binary() -> Path:
    """The emulator's program: of the environment, or the newest build."""
    named = os.environ.get("GLOBELET_LINKS_BIN")
    built = [ROOT / "target" / kind / "globelet-links" for kind in ("release", "debug")]
    found = [Path(named)] if named else [path for path in built if path.exists()]
    if not found:
        pytest.fail("no globelet-links: run `cargo build -p globelet-links`")
    return max(found, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def emulator_url() -> Iterator[str]:
    """A running emulator's address; the emulator ends with the module."""
    command = [str(binary()), "--listen", "127.0.0.1:0", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, _, url = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        yield url
        process.terminate()
        assert process.wait(timeout=10) == 0


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reset connection is part of these tests."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of a server that sends back what it gets."""
    with _Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
