"""HTTP/1.1 for many people in one process: gevent sockets and nothing that is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent import socket

LARGEST_ANSWER = 8 << 20
LINE_TIMEOUT = 10.0


class LineBroken(Exception):  # noqa: N818
    """No answer, or nothing that is HTTP."""


@cache
def _address(host: str) -> str:
    """Names are looked up once: a stream per transfer must not cost a question to a name server each."""
    return str(socket.gethostbyname(host))


class Line:
    """One connection to one process, kept alive; opened anew after a failure."""

    def __init__(self, url: str, timeout: float = LINE_TIMEOUT) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._timeout = parts.hostname or "127.0.0.1", parts.port or 80, timeout
        self._host_line = f"Host: {self._host}:{self._port}\r\n"
        self._socket: socket.socket | None = None
        self._rest = b""

    def post(self, path: str, body: bytes, token: str | None = None) -> tuple[int, bytes]:
        """POSTs JSON; status and body. Raises `LineBroken`: then nobody knows whether it arrived."""
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST {path} HTTP/1.1\r\n{self._host_line}{bearer}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return self._exchange(head.encode() + body, 1)[0]

    def get(self, paths: Sequence[str]) -> list[tuple[int, bytes]]:
        """GETs several paths in one go (pipelined); their answers in order. Raises `LineBroken`."""
        heads = "".join(f"GET {path} HTTP/1.1\r\n{self._host_line}\r\n" for path in paths)
        return self._exchange(heads.encode(), len(paths))

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The data of a stream of server-sent events, until it ends. Raises `LineBroken`."""
        request = f"GET {path} HTTP/1.1\r\n{self._host_line}Accept: text/event-stream\r\n\r\n"
        try:
            self._send(request.encode())
            status, headers = self._head()
            if status != 200 or headers.get(b"transfer-encoding") != b"chunked":
                raise LineBroken(f"status {status} instead of a stream")
            while chunk := self._chunk():
                for line in chunk.split(b"\n"):
                    if line.startswith(b"data:"):
                        yield json.loads(line[5:])
        except (OSError, ValueError) as error:
            raise LineBroken(str(error) or type(error).__name__) from error
        finally:
            self.close()

    def _exchange(self, request: bytes, answers: int) -> list[tuple[int, bytes]]:
        try:
            with gevent.Timeout(self._timeout, OSError(f"no answer within {self._timeout:g} s")):
                self._send(request)
                return [self._answer() for _ in range(answers)]
        except (OSError, ValueError, LineBroken) as error:
            self.close()
            raise LineBroken(str(error) or type(error).__name__) from error
        except BaseException:
            self.close()
            raise

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            self._rest = b""
            self._socket = socket.create_connection((_address(self._host), self._port), timeout=self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)

    def _more(self) -> None:
        assert self._socket is not None, "something was sent before"
        data = self._socket.recv(65536)
        if not data:
            raise LineBroken(f"{self._host}:{self._port} closed the connection")
        self._rest += data

    def _until(self, mark: bytes) -> bytes:
        while (end := self._rest.find(mark)) < 0:
            if len(self._rest) > LARGEST_ANSWER:
                raise LineBroken("the answer is larger than the limit")
            self._more()
        found, self._rest = self._rest[:end], self._rest[end + len(mark) :]
        return found

    def _exactly(self, count: int) -> bytes:
        if not 0 <= count <= LARGEST_ANSWER:
            raise LineBroken(f"an answer of {count} bytes is larger than the limit")
        while len(self._rest) < count:
            self._more()
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def _head(self) -> tuple[int, dict[bytes, bytes]]:
        first, *lines = self._until(b"\r\n\r\n").split(b"\r\n")
        words = first.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
            raise LineBroken("the answer is not HTTP")
        parted = (line.partition(b":") for line in lines)
        return int(words[1]), {name.lower(): value.strip().lower() for name, _, value in parted}

    def _chunk(self) -> bytes:
        size = int(self._until(b"\r\n").split(b";")[0], 16)
        data = self._exactly(size)
        self._exactly(2)
        return data

    def _answer(self) -> tuple[int, bytes]:
        status, headers = self._head()
        if headers.get(b"transfer-encoding") == b"chunked":
            body = b""
            while chunk := self._chunk():
                body += chunk
        else:
            body = self._exactly(int(headers.get(b"content-length", b"0")))
        if headers.get(b"connection") == b"close":
            self.close()
        return status, body

    def close(self) -> None:
        """Closes the connection; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""
