"""Outboxes for benchmarks: real receipts of a world, told again under other ids, as fast as they are asked for.

Before them come the interval signatures that they name, and among them as many others as a world of six municipalities
signs at that rate: each of four replicas once a second.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
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
from globelet.archiver import brief

_PAGE_BYTES = 2 << 20
_ID = "0" * 64
# As in a real outbox: a store that never sees a block has a stream that stays empty, which DynamoDB Local is slow at.
_BLOCK_EVERY = 50
_SIGNED_A_SECOND, _SIGNATURE_BYTES, _USUAL_RATE = 24, 3_359, 2_000


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
    intervals: Sequence[bytes]
    total: int
    rate: float | None
    begun: float = field(default_factory=time.monotonic)
    archived: int = 0
    salt: str = field(default_factory=lambda: secrets.token_hex(24))
    signed_every: int = _USUAL_RATE // _SIGNED_A_SECOND

    def kind(self, offset: int) -> str:
        """What the record at an offset is."""
        if offset <= len(self.intervals):
            return "interval"
        if offset % _BLOCK_EVERY == 0:
            return "block"
        return "interval" if offset % self.signed_every == 0 else "receipt"

    def receipts(self, upto: int) -> int:
        """How many of the records up to an offset are receipts."""
        after, upto = len(self.intervals), max(upto, len(self.intervals))
        each = (_BLOCK_EVERY, self.signed_every, math.lcm(_BLOCK_EVERY, self.signed_every))
        blocks, signed, both = (upto // n - after // n for n in each)
        return upto - after - blocks - signed + both

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
        kind = self.kind(offset)
        if kind == "receipt":
            head, tail = self.templates[offset % len(self.templates)]
            return b"".join((b'{"offset":%d,' % offset, head, name.encode(), tail))
        if kind == "interval":
            old = offset <= len(self.intervals)
            signed = self.intervals[offset - 1] if old else _noise(name)
            told = {"offset": offset, "kind": kind, "id": brief.name_of(signed), "encoded": signed.hex()}
            return json.dumps(told).encode()
        block = {"offset": offset, "kind": "block", "chain": self.process, "height": offset // _BLOCK_EVERY}
        return json.dumps(block | {"hash": name, "items": _BLOCK_EVERY - 1, "micros": offset}).encode()


def _noise(name: str) -> bytes:
    """The same each time it is asked for."""
    return random.Random(name).randbytes(_SIGNATURE_BYTES)  # noqa: S311


def serve(ports: Mapping[str, int], folder: str, total: int, rate: float | None) -> None:
    """Serves the outboxes of some processes, each on its port, for ever; for a process of its own.

    `total` records, a block among every fifty, and `rate` (a second) are for all of them together. `GET /archived`
    answers what was reported, `POST /begin` starts the clock of the rate.
    """
    templates, intervals = read(Path(folder))
    every = max(2, int((rate or _USUAL_RATE) // _SIGNED_A_SECOND))
    each, share = total // len(ports), rate / len(ports) if rate else None

    async def run() -> None:
        told = {port: Told(name, templates, intervals, each, share, signed_every=every) for name, port in ports.items()}
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
        counts = {"archived": told.archived, "newest": told.newest, "total": told.total}
        return JSONResponse({name: told.receipts(offset) for name, offset in counts.items()})

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


def read(folder: Path) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
    """Templates of the receipts that `record` kept, and the interval signatures that those name."""
    records = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    kept = [one["receipt"] for one in records if one["kind"] == "receipt"]
    named = {name for one in kept for name in brief.names(one)}
    signed = {one["id"]: bytes.fromhex(one["encoded"]) for one in records if one["kind"] == "interval"}
    return [template(one) for one in kept], [signed[name] for name in sorted(named)]


def record(outboxes: Mapping[str, tuple[str, int]], folder: Path, most: int = 200) -> int:
    """Keeps receipts from real outboxes below a folder, and what they share; returns how many. Raises `OSError`."""
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
                wanted = [one for one in answer["records"] if one["kind"] in ("receipt", "interval")]
                file.writelines(json.dumps(one) + "\n" for one in wanted)
                kept += sum(one["kind"] == "receipt" for one in wanted)
    return kept
