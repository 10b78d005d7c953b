"""Outboxes for benchmarks: real receipts of a world, told again under other ids, as fast as they are asked for."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web

_PAGE_BYTES = 2 << 20
_ID = "0" * 64
# As in a real outbox: a store that never sees a block has a stream that stays empty, which DynamoDB Local is slow at.
_BLOCK_EVERY = 50


def template(receipt: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A receipt's record around its id and offset."""
    body = json.dumps(dict(receipt) | {"id": _ID}, separators=(",", ":"))
    before, _, after = body.partition(f'"{_ID}"')
    return f'"kind":"receipt","receipt":{before}"'.encode(), f'"{after}}}'.encode()


@dataclass
class Told:
    """The outbox of one process: `total` records, of which `rate` more per second are there (all at once if None)."""

    process: str
    templates: Sequence[tuple[bytes, bytes]]
    total: int
    rate: float | None
    begun: float = field(default_factory=time.monotonic)
    archived: int = 0
    salt: str = field(default_factory=lambda: secrets.token_hex(24))

    @property
    def newest(self) -> int:
        """The offset of the newest record."""
        if self.rate is None:
            return self.total
        return min(self.total, int((time.monotonic() - self.begun) * self.rate))

    def page(self, after: int, limit: int) -> bytes:
        """A page as a process gives it."""
        records: list[bytes] = []
        size, newest = 0, self.newest
        while after < newest and len(records) < limit and size < _PAGE_BYTES:
            after += 1
            records.append(self._record(after))
            size += len(records[-1])
        return b'{"newest":%d,"next":%d,"records":[%s]}' % (newest, after, b",".join(records))

    def _record(self, offset: int) -> bytes:
        name = f"{self.salt}{offset:016x}"
        if offset % _BLOCK_EVERY:
            head, tail = self.templates[offset % len(self.templates)]
            return b"".join((b'{"offset":%d,' % offset, head, name.encode(), tail))
        block = {"offset": offset, "kind": "block", "chain": self.process, "height": offset // _BLOCK_EVERY}
        return json.dumps(block | {"hash": name, "items": _BLOCK_EVERY - 1, "micros": offset}).encode()


def receipts(offset: int) -> int:
    """How many of the records up to an offset are receipts."""
    return offset - offset // _BLOCK_EVERY


def serve(ports: Mapping[str, int], folder: str, total: int, rate: float | None) -> None:
    """Serves the outboxes of some processes, each on its port, for ever; for a process of its own.

    `total` records, a block among every fifty, and `rate` are for all of them together. `GET /archived` answers what
    was reported, `POST /begin` starts the clock of the rate.
    """
    templates = read(Path(folder))
    each, share = total // len(ports), rate / len(ports) if rate else None

    async def run() -> None:
        told = {port: Told(name, templates, each, share) for name, port in ports.items()}
        servers = [web.server(application(one), port) for port, one in told.items()]
        await asyncio.gather(*(web.serve(server) for server in servers))

    asyncio.run(run())


def application(told: Told) -> Starlette:
    """The outbox of one process over HTTP."""

    async def page(request: Request) -> Response:
        query = request.query_params
        content = told.page(int(query["after"]), int(query.get("limit", 500)))
        return Response(content, media_type="application/json")

    async def archived(request: Request) -> Response:
        told.archived = max(told.archived, int((await request.json())["upto"]))
        return JSONResponse({})

    async def progress(_: Request) -> Response:
        return JSONResponse({"archived": receipts(told.archived), "newest": receipts(told.newest)})

    async def begin(_: Request) -> Response:
        told.begun = time.monotonic()
        return JSONResponse({})

    return web.application(
        [
            Route("/archived", progress),
            Route("/begin", begin, methods=["POST"]),
            Route("/v1/outbox", page),
            Route("/v1/outbox/archived", archived, methods=["POST"]),
        ]
    )


def read(folder: Path) -> list[tuple[bytes, bytes]]:
    """Templates of the receipts that `record` kept."""
    records = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    return [template(record["receipt"]) for record in records]


def record(outboxes: Mapping[str, tuple[str, int]], folder: Path, most: int = 200) -> int:
    """Keeps receipts from real outboxes below a folder; returns how many. Raises `OSError`."""
    kept = 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, (host, port) in outboxes.items():
        with (folder / f"{name}.jsonl").open("w") as file:
            after = 0
            while kept < most:
                query = {"after": after, "limit": 500}
                answer = httpx.get(f"http://{host}:{port}/v1/outbox", params=query, timeout=30, trust_env=False).json()
                if not answer["records"]:
                    break
                after = answer["next"]
                receipts = [one for one in answer["records"] if one["kind"] == "receipt"]
                file.writelines(json.dumps(one) + "\n" for one in receipts)
                kept += len(receipts)
    return kept
