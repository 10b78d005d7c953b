"""What the small Python services share on the wire: problem documents, bounded bodies, a loopback server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

LARGEST_BODY = 64 * 1024


def problem(status: int, code: str, detail: str) -> Response:
    """An RFC 9457 problem document with a stable code."""
    body = {
        "type": f"urn:globelet:problem:{code}",
        "status": status,
        "title": code.replace("_", " "),
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request, at most 64 KiB; raises `HTTPException` 400 or 413."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > LARGEST_BODY:
            raise HTTPException(413, "the body is larger than 64 KiB")
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return value


def field(value: dict[str, Any], name: str, kind: type[Any]) -> Any:
    """A required field of a type; raises `HTTPException` 400 that names it."""
    found = value.get(name)
    if kind is float and isinstance(found, int) and not isinstance(found, bool):
        found = float(found)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise HTTPException(400, f"the field {name} must be a {kind.__name__}")
    return found


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "something failed inside; see the log"
    code = {400: "malformed", 404: "not_found", 405: "wrong_method", 413: "too_large"}.get(status, "internal")
    return problem(status, code, detail)


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """A service from its routes, with `/healthz`, `/readyz` and problem documents for every error."""
    common = [Route("/healthz", _healthy), Route("/readyz", _healthy)]
    return Starlette(routes=[*routes, *common], exception_handlers={HTTPException: _refused, 500: _refused})


def server(app: Starlette, port: int, host: str = "127.0.0.1") -> uvicorn.Server:
    """A server for it; loopback only unless asked."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def announce(name: str) -> None:
    """Prints `ready NAME`, as every process of a world does."""
    sys.stdout.write(f"ready {name}\n")
    sys.stdout.flush()


async def serve(server_: uvicorn.Server) -> None:
    """Serves without taking over the process' signals, so that several servers share one process."""
    config = server_.config
    if not config.loaded:
        config.load()
    server_.lifespan = config.lifespan_class(config)
    await server_.startup()
    if not server_.should_exit:
        await server_.main_loop()
        await server_.shutdown()


async def started(servers: Sequence[uvicorn.Server], stop: asyncio.Event) -> None:
    """Returns when all servers accept connections, or when `stop` is set."""
    while not stop.is_set() and not all(s.started for s in servers):
        await asyncio.sleep(0.01)
