"""result.json: what a run leaves, as other tools read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from globelet.world.resolved import RouteName

Verdict = Literal["pass", "fail", "invalid"]
EXIT_STATUS: dict[str, int] = {"pass": 0, "fail": 1, "invalid": 3}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Expectation(_Part):
    """A figure, its bound and whether it held."""

    name: str
    value: float | int | str | bool | None
    bound: str
    holds: bool


class Invariant(_Part):
    """One of the design's invariants; `holds` is None where this run could not tell."""

    name: str
    holds: bool | None
    detail: str


class LinkTruth(_Part):
    """A link: declared beside measured."""

    source: str = Field(alias="from")
    to: str
    declared_ms: float
    measured_p50_ms: float | None
    measured_p99_ms: float | None
    within_tolerance: bool

    @property
    def named(self) -> str:
        """From where to where."""
        return f"{self.source} → {self.to}"


class RouteTruth(LinkTruth):
    """The second route of a pair of regions on two continents: declared beside measured."""

    route: RouteName

    @property
    def named(self) -> str:
        """From where to where, and over which route."""
        return f"{super().named} ({self.route})"


class Host(_Part):
    """What the machine went through during the run."""

    saturated: bool
    cpu_seconds: float
    max_rss_mb: float
    steal_percent: float = 0.0
    busy_percent: float = 0.0
    lag_p99_ms: float = 0.0


class Result(_Part):
    """The whole of result.json."""

    scenario: str
    engine: str
    world: str
    seed: int
    verdict: Verdict
    expectations: list[Expectation]
    invariants: list[Invariant]
    links: list[LinkTruth]
    routes: list[RouteTruth] = Field(default_factory=list)
    """The routes over the public internet; `links` has the backbone."""
    figures: dict[str, Any]
    host: Host
    repeat: str
    error: str | None = None
    reasons: list[str] = Field(default_factory=list)


def verdict(
    expectations: list[Expectation],
    invariants: list[Invariant],
    links: Sequence[LinkTruth],
    host: Host,
    error: str | None,
) -> tuple[Verdict, list[str]]:
    """Pass, fail or invalid, and why. A broken invariant or a script that raised fails whatever the links did."""
    failures = [f"invariant {i.name} is broken: {i.detail}" for i in invariants if i.holds is False]
    failures += [f"the scenario raised {error}"] if error else []
    missed = [f"{e.name} is {e.value}, wanted {e.bound}" for e in expectations if not e.holds]
    doubts = [
        f"link {k.named}: declared {k.declared_ms:g} ms, measured {k.measured_p50_ms} ms"
        for k in links
        if not k.within_tolerance
    ]
    notes = ["the machine was saturated during the run: times say more about it than about the world"]
    notes = notes if host.saturated else []
    if failures:
        return "fail", failures + missed + doubts + notes
    if doubts:
        return "invalid", doubts + missed + notes
    return ("fail" if missed else "pass"), missed + notes
