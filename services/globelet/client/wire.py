"""A small asynchronous HTTP/1.1 connection, kept alive: for the load generator and the archiver.

Cheap on purpose: one connection, one request at a time, JSON both ways, bounded answers.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

LARGEST_ANSWER = 64 * 1024 * 1024


class WireError(Exception):
    """The peer answered with an error status or something that is not HTTP."""

    def __init__(self, message: str, status: int = 0, body: Any = None) -> None:
        super().__init__(message)
        self.status, self.body = status, body


@dataclass(frozen=True)
class Answer:
    """Status and body of a response."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None if empty."""
        return json.loads(self.body) if self.body else None


class Wire:
    """One keep-alive connection to one server; reconnects by itself after a failure."""

    def __init__(self, host: str, port: int, *, timeout: float = 10.0) -> None:
        self._host, self._port, self._timeout = host, port, timeout
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """GET; raises `WireError` or `OSError`. Retried once on a kept-alive connection that had died."""
        fresh = self._writer is None
        try:
            return await self._exchange("GET", path, b"", headers)
        except (ConnectionError, asyncio.IncompleteReadError):
            if fresh:
                raise
            return await self._exchange("GET", path, b"", headers)

    async def post(self, path: str, value: Any, headers: dict[str, str] | None = None) -> Answer:
        """POST of a JSON value; raises `WireError` or `OSError`. Never retried here."""
        return await self._exchange("POST", path, json.dumps(value, separators=(",", ":")).encode(), headers)

    async def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str] | None) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await self._connected()
                extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
                head = (
                    f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{extra}"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
                answer = await self._read(reader)
        except TimeoutError as error:
            self.close()
            raise WireError(f"no answer from {self._host}:{self._port} within {self._timeout:.0f} s") from error
        except asyncio.IncompleteReadError as error:
            self.close()
            raise ConnectionResetError(f"{self._host}:{self._port} closed the connection") from error
        except BaseException:
            self.close()
            raise
        if answer.status >= 400:
            raise WireError(f"{method} {path}: status {answer.status}", answer.status, _maybe_json(answer.body))
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        return self._reader, self._writer

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        try:
            status = int(lines[0].split(b" ", 2)[1])
        except (IndexError, ValueError) as error:
            raise WireError("the answer is not HTTP") from error
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        body = await self._body(reader, headers)
        if headers.get(b"connection", b"").lower() == b"close":
            self.close()
        return Answer(status, body)

    @staticmethod
    async def _body(reader: asyncio.StreamReader, headers: dict[bytes, bytes]) -> bytes:
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return await _chunks(reader)
        length = int(headers.get(b"content-length", b"0"))
        if not 0 <= length <= LARGEST_ANSWER:
            raise WireError(f"the answer is {length} bytes, more than the limit")
        return await reader.readexactly(length)

    def close(self) -> None:
        """Closes the connection; the next request opens a new one."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if len(body) + size > LARGEST_ANSWER:
            raise WireError("the answer is larger than the limit")
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body


def _maybe_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
