"""`POST /v1/selection`: nodes ask the world's selection policy. `GET` tells what came of it."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from globelet import web
from globelet.presence.record import Genesis
from globelet.selection import Chooser, PolicyError
from globelet.selection.chooser import Row

WITHIN = 1.0
"""Seconds that the policy may take; nodes wait for two."""
MOST = 1_000
"""Candidates of one question."""


class Counsel:
    """Asks the policy on a thread of its own: one that hangs keeps nobody from logging in."""

    def __init__(self, chooser: Chooser, within: float = WITHIN) -> None:
        self.chooser, self._within = chooser, within
        self._turn = asyncio.Lock()
        self._hanging: asyncio.Future[list[int]] | None = None

    @classmethod
    def of(cls, genesis: Genesis) -> Counsel | None:
        """Of a world's policy; None where it names none. Raises `PolicyError` where it can't be loaded."""
        return None if genesis.world.selection is None else cls(Chooser(genesis.world))

    async def weights(self, stage: Any, here: int, rows: list[Row]) -> list[int]:
        """The policy's answer. Raises `PolicyError`."""
        async with self._turn:
            if self._hanging is not None and not self._hanging.done():
                raise self._slow(here, rows, "has not come back from an earlier question")
            answer = asyncio.get_running_loop().create_future()
            Thread(target=self._choose, args=(answer, stage, here, rows), daemon=True).start()
            try:
                return await asyncio.wait_for(asyncio.shield(answer), self._within)
            except TimeoutError as error:
                self._hanging = answer
                raise self._slow(here, rows, f"took longer than {self._within:g} s") from error

    def _slow(self, here: int, rows: list[Row], what: str) -> PolicyError:
        error = PolicyError(
            "policy_slow", f"the policy {self.chooser.name} {what}: make it quicker, or bound its loops"
        )
        self.chooser.note(here, rows, error)
        return error

    def _choose(self, answer: asyncio.Future[list[int]], stage: Any, here: int, rows: list[Row]) -> None:
        loop = answer.get_loop()
        try:
            weights = self.chooser.choose(stage, here, rows)
        except BaseException as error:
            _tell(loop, _failed, answer, error)
        else:
            _tell(loop, answer.set_result, weights)


def _tell(loop: asyncio.AbstractEventLoop, call: Any, *values: Any) -> None:
    try:
        loop.call_soon_threadsafe(call, *values)
    except RuntimeError:
        return  # the service has ended meanwhile


def _failed(answer: asyncio.Future[list[int]], error: BaseException) -> None:
    answer.set_exception(error)
    answer.exception()  # nobody may be waiting any more


def routes(counsel: Counsel | None, genesis: Genesis) -> list[Route]:
    """The two routes; both answer 404 `no_policy` in a world that names none."""

    async def select(request: Request) -> Response:
        if counsel is None:
            return _none()
        here, stage, rows = _question(await web.body_of(request), genesis)
        try:
            return JSONResponse({"weights": await counsel.weights(stage, here, rows)})
        except PolicyError as error:
            return web.problem(422, error.code, error.detail)

    async def tell(_: Request) -> Response:
        return _none() if counsel is None else JSONResponse(counsel.chooser.figures())

    return [Route("/v1/selection", select, methods=["POST"]), Route("/v1/selection", tell)]


def _none() -> Response:
    return web.problem(404, "no_policy", "this world names no selection policy; add `selection:` to its world file")


def _question(body: dict[str, Any], genesis: Genesis) -> tuple[int, str, list[Row]]:
    """The number of the municipality, the stage, the candidates. Raises `HTTPException` 400."""
    world = genesis.world
    here, of = (web.field(body, name, int) for name in ("here", "of"))
    listed = web.field(body, "candidates", list)
    municipal = {number for number, chain in enumerate(world.chains) if chain.kind == "municipal"}
    if here not in municipal or of not in municipal:
        raise HTTPException(400, "here and of must be numbers of municipalities")
    stage, role = ("S1", "holder") if here == of else ("R2", "replica")
    if body.get("stage") != stage:
        raise HTTPException(400, f"stage must be {stage} for these municipalities")
    if not 0 < len(listed) <= MOST:
        raise HTTPException(400, f"candidates must be a list of 1 to {MOST}")
    rows = [_row(row) for row in listed]
    members = {n for n, node in enumerate(world.nodes) if node.chain == of and node.role == role}
    if len({row[0] for row in rows} & members) != len(rows):
        raise HTTPException(400, f"candidates must be {role}s of {world.chains[of].name}, each once")
    return here, stage, rows


def _row(value: Any) -> Row:
    match value:
        case [int(node), bool(present), None] if not isinstance(node, bool):
            return node, present, None
        case [int(node), bool(present), int(us)] if not isinstance(node, bool) and 0 <= us < 2**53:
            return node, present, us / 1000
    raise HTTPException(400, "a candidate must be [node, present, round trip in microseconds or null]")


def metrics(counsel: Counsel) -> list[str]:
    """Lines of OpenMetrics."""
    name, counted = "globelet_presence_selection_questions", counsel.chooser
    lines = [f"# TYPE {name} counter", f"# HELP {name} Questions to the selection policy, by whether its answer counts"]
    outcomes = (("answered", counted.asked - counted.failed), ("failed", counted.failed))
    return lines + [f'{name}_total{{outcome="{outcome}"}} {count}' for outcome, count in outcomes]
