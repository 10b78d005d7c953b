"""A server that sends back what it gets, for measuring a hop: `python -m globelet.bench.echo` tells its port."""

from __future__ import annotations

import socket
import sys


def main() -> None:
    """Serves one connection after another until it is ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(data)


if __name__ == "__main__":
    main()
