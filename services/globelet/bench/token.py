"""The token check at the door of a municipality, as the node itself measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from globelet.bench.figure import Aim, Figure, figure
from globelet.client.account import Key
from globelet.client.city_hall import CityHall
from globelet.client.problem import Problem

if TYPE_CHECKING:
    from globelet.bench.session import Session

GROUP = "token"
MUNICIPALITY = "tokyo"


def rows(session: Session) -> list[Figure]:
    """Tokens never seen before, which are verified; then the same ones again, which are remembered."""
    world = session.world
    session.progress("token check", 0, 1)
    hall = CityHall(MUNICIPALITY, world.engine.endpoints()[MUNICIPALITY])
    tokens = [_token(session, number) for number in range(40 if session.quick else 200)]
    fresh, known = (_mean(session, hall, tokens) for _ in range(2))
    hall.close()
    verify = session.costs.of("verify") * 1e3
    against = "one Ed25519 verification"
    return [
        figure(GROUP, "token seen first, mean", fresh, "ms", against=against, baseline=verify, aim=Aim(0.2)),
        figure(GROUP, "token known, mean", known, "ms", against=against, baseline=verify, aim=Aim(0.2)),
    ]


def _token(session: Session, number: int) -> str:
    key = Key.derive("globelet bench token", number)
    token = session.world.engine.token(key.public.hex(), key.sign)
    assert token is not None, "the local engine asks for tokens"
    return token


def _mean(session: Session, hall: CityHall, tokens: list[str]) -> float | None:
    """Milliseconds of one check; the requests are refused after it, for they are empty."""
    before = session.counts()
    for token in tokens:
        try:
            hall.call("POST", "/v1/transfers", {}, token)
        except Problem as problem:
            if problem.status == 401:
                raise
    counted = session.counts().minus(before)
    checks = counted.get("token_check_seconds_count")
    return counted.get("token_check_seconds_sum") / checks * 1e3 if checks else None
