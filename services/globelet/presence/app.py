"""HTTP of the presence service."""

from __future__ import annotations

import asyncio
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.presence.register import Candidate, Register

LONGEST_POLL = 30.0


def _near(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise HTTPException(400, "near must be LATITUDE,LONGITUDE in degrees") from error
    return latitude, longitude


def _number(request: Request, name: str, default: float, most: float) -> float:
    try:
        return max(0.0, min(most, float(request.query_params.get(name, default))))
    except ValueError as error:
        raise HTTPException(400, f"{name} must be a number") from error


class _Feed:
    """Wakes those who wait for a change; nothing runs while nobody waits."""

    def __init__(self, register: Register) -> None:
        self._register, self._changed = register, asyncio.Condition()

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, after: int, seconds: float) -> None:
        """Returns on a change above `after`, on an expiry, or after `seconds`."""
        end = time.monotonic() + seconds
        while self._register.version <= after and (left := end - time.monotonic()) > 0:
            expiry = self._register.next_expiry()
            pause = left if expiry is None else min(left, max(0.01, expiry - time.time()))
            try:
                async with asyncio.timeout(pause), self._changed:
                    await self._changed.wait()
            except TimeoutError:
                self._register.expire(time.time())


def application(register: Register) -> Starlette:
    """`POST /v1/presence`, `DELETE /v1/presence/{node}`, `GET /v1/candidates`, `GET /v1/changes?after=&wait=`."""
    feed = _Feed(register)

    async def login(request: Request) -> Response:
        body = await web.body_of(request)
        texts = {name: web.field(body, name, str) for name in ("node", "municipality", "role", "address")}
        place = {name: web.field(body, name, float) for name in ("latitude", "longitude")}
        ttl = web.field(body, "ttl", float) if "ttl" in body else 30.0
        try:
            changed = register.login(Candidate(**texts, **place), ttl, time.time())
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        if changed:
            await feed.notify()
        return JSONResponse({"version": register.version, "ttl": ttl})

    async def logout(request: Request) -> Response:
        if not register.logout(request.path_params["node"]):
            raise HTTPException(404, "no such node is present")
        await feed.notify()
        return Response(status_code=204)

    async def candidates(request: Request) -> Response:
        query = request.query_params
        found = register.candidates(
            _near(query.get("near")),
            query.get("municipality"),
            time.time(),
            query.get("role"),
            int(_number(request, "limit", 100, 10_000)),
        )
        return JSONResponse({"version": register.version, "candidates": found})

    async def changes(request: Request) -> Response:
        after = int(_number(request, "after", 0, 2**53))
        await feed.wait(after, _number(request, "wait", 0, LONGEST_POLL))
        found = register.changes(after)
        if found is None:
            return web.problem(410, "history_gone", "these changes are forgotten; list the candidates afresh")
        return JSONResponse({"version": register.version, "changes": found})

    return web.application(
        [
            Route("/v1/presence", login, methods=["POST"]),
            Route("/v1/presence/{node}", logout, methods=["DELETE"]),
            Route("/v1/candidates", candidates),
            Route("/v1/changes", changes),
        ]
    )
