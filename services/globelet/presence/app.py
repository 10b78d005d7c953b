"""HTTP of the presence service."""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.presence import selection
from globelet.presence.record import Genesis, Record, RecordRefused
from globelet.presence.register import Near, Register
from globelet.presence.selection import Counsel
from globelet.presence.shared import Shared

_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


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


def window(genesis: Genesis) -> Starlette:
    """The service as a world runs it: with its selection policy, and the Redis of GLOBELET_REDIS_URL if that is set.

    Raises `BadRedis`, `PolicyError`.
    """
    return application(Register(genesis), Shared.of_environment(genesis), Counsel.of(genesis))


def application(register: Register, shared: Shared | None = None, counsel: Counsel | None = None) -> Starlette:
    """`POST /v1/presence` {records} logs nodes in; `GET /v1/nodes?near=&chain=&role=&limit=` lists them.

    A listing says by whom it was `answered_by`: `redis`, or the `store` (this process' own register) where there is
    none or it is away. `GET /metrics` counts both. `/v1/selection` is the world's selection policy.
    """
    lookups = {"redis": 0, "store": 0}

    async def login(request: Request) -> Response:
        body = await web.body_of(request)
        try:
            records = [Record.parse(value) for value in web.field(body, "records", list)]
            now = time.time()
            fresh = register.take(records, now)
        except RecordRefused as refused:
            return _refused(refused)
        if shared is not None:
            await shared.put(fresh, now)
        return JSONResponse({"fresh": len(fresh)})

    async def nodes(request: Request) -> Response:
        query = request.query_params
        try:
            near = _near(query.get("near"), register)
        except RecordRefused as refused:
            return _refused(refused)
        chain, role, limit, now = query.get("chain"), query.get("role"), _limit(request), time.time()
        also = await shared.get(register.numbers(chain, role), now) if shared is not None else None
        answered_by = "store" if also is None else "redis"
        lookups[answered_by] += 1
        rows = register.nodes(near, chain, role, now, limit, also or ())
        return JSONResponse({"nodes": rows, "answered_by": answered_by})

    async def metrics(_: Request) -> Response:
        return Response(_metrics(lookups, shared, counsel), media_type=_OPENMETRICS)

    routes = [Route("/v1/presence", login, methods=["POST"]), Route("/v1/nodes", nodes), Route("/metrics", metrics)]
    return web.application(routes + selection.routes(counsel, register.genesis))


def _metrics(lookups: dict[str, int], shared: Shared | None, counsel: Counsel | None) -> str:
    lines = ["# TYPE globelet_presence_lookups counter", "# HELP globelet_presence_lookups Lookups, by who answered"]
    lines += [f'globelet_presence_lookups_total{{answered_by="{who}"}} {count}' for who, count in lookups.items()]
    if shared is not None:
        tally = shared.tally
        counters = (
            ("redis_answers", "Questions and writes that Redis answered", tally.answered),
            ("redis_failures", "Questions and writes that went without Redis", tally.away),
            ("redis_refused", "Records in Redis that prove nothing", tally.refused),
        )
        for name, about, count in counters:
            lines += [f"# TYPE globelet_presence_{name} counter", f"# HELP globelet_presence_{name} {about}"]
            lines.append(f"globelet_presence_{name}_total {count}")
        lines += [
            "# TYPE globelet_presence_redis_up gauge",
            "# HELP globelet_presence_redis_up 0 while it is left alone",
        ]
        lines.append(f"globelet_presence_redis_up {int(not shared.away)}")
    if counsel is not None:
        lines += selection.metrics(counsel)
    return "\n".join([*lines, "# EOF", ""])
