"""HTTP of the identity service."""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.identity.tokens import Issuer, ProofRefused


def application(issuer: Issuer) -> Starlette:
    """`POST /v1/tokens` {account, at_us, signature} → {token, expires}; `GET /.well-known/jwks.json`."""

    async def tokens(request: Request) -> Response:
        body = await web.body_of(request)
        account, signature = web.field(body, "account", str), web.field(body, "signature", str)
        try:
            return JSONResponse(issuer.issue(account, web.field(body, "at_us", int), signature, time.time()))
        except ProofRefused as refused:
            return web.problem(400 if refused.code == "malformed" else 401, refused.code, refused.detail)

    async def jwks(_: Request) -> Response:
        return JSONResponse(issuer.jwks(time.time()), headers={"Cache-Control": "max-age=60"})

    return web.application(
        [
            Route("/v1/tokens", tokens, methods=["POST"]),
            Route("/.well-known/jwks.json", jwks),
        ]
    )
