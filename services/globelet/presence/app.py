"""HTTP of the presence service."""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.presence.record import Record, RecordRefused
from globelet.presence.register import Near, Register


def _refused(refused: RecordRefused) -> Response:
    return web.problem(400 if refused.code == "malformed" else 401, refused.code, refused.detail)


def _near(text: str | None, register: Register) -> Near | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        return register.near(text)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise RecordRefused("malformed", "near must be degrees: latitude −90…90, longitude −180…180")
    return Near((latitude, longitude))


def _limit(request: Request) -> int:
    try:
        return max(0, min(10_000, int(request.query_params.get("limit", "100"))))
    except ValueError as error:
        raise HTTPException(400, "limit must be a number") from error


def application(register: Register) -> Starlette:
    """`POST /v1/presence` {records} logs nodes in; `GET /v1/nodes?near=&chain=&role=&limit=` lists them."""

    async def login(request: Request) -> Response:
        body = await web.body_of(request)
        try:
            records = [Record.parse(value) for value in web.field(body, "records", list)]
            return JSONResponse({"fresh": register.login(records, time.time())})
        except RecordRefused as refused:
            return _refused(refused)

    async def nodes(request: Request) -> Response:
        query = request.query_params
        try:
            near = _near(query.get("near"), register)
        except RecordRefused as refused:
            return _refused(refused)
        return JSONResponse(
            {"nodes": register.nodes(near, query.get("chain"), query.get("role"), time.time(), _limit(request))}
        )

    return web.application([Route("/v1/presence", login, methods=["POST"]), Route("/v1/nodes", nodes)])
