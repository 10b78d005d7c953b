"""A municipality that does nothing, at once: it measures how much load the generator can make by itself.

`python nullserver.py` tells its port. It answers every order 202, and every question by a transfer that is credited
already, with the stamps of now.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

_JSON = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_STAGES = ("admitted", "held", "committed", "delivered", "credited")
_MARK = b"\r\n\r\n"


def _json(status: int, value: object) -> bytes:
    body = json.dumps(value).encode()
    return _JSON % (status, len(body), body)


class Null(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins with nothing read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answers each whole request."""
        self._rest += data
        while (end := self._rest.find(_MARK)) >= 0:
            head = self._rest[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._rest) < end + 4 + length:
                return
            self._rest = self._rest[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        now = time.time_ns() // 1000
        if head.startswith(b"POST"):
            self._transport.write(_json(202, {"ids": []}))
        elif b"/events" in head[: head.find(b"\r\n")]:
            events = b"".join(
                b'event: stage\ndata: {"stage":"%s","micros":%d}\n\n' % (stage.encode(), now) for stage in _STAGES
            )
            self._transport.write(_STREAM + b"%x\r\n%s\r\n" % (len(events), events))
        else:
            stages = {stage: {"micros": now, "counter": 0} for stage in _STAGES}
            self._transport.write(_json(200, {"state": "credited", "stages": stages, "refusal": None}))


async def serve() -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
