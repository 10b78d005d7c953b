"""What every receipt has: an order and the ladder it has climbed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol, Self

from globelet.client.problem import EndedOtherwise, Unreachable, WaitedTooLong

LADDER = ("admitted", "held", "committed", "delivered", "credited", "acknowledged", "anchored", "archived")
OTHER_ENDS = ("refused", "refunded")
_PAST_REFUND = ("acknowledged", "anchored", "archived")


class Chains(Protocol):
    """What a receipt needs of an engine: an order's state now, and a way to follow it."""

    def transfer(self, municipality: str, order: str) -> dict[str, Any] | None:
        """State of a transfer at its source."""
        ...

    def follow(self, municipality: str, order: str, seen: Callable[[dict[str, Any]], bool], timeout: float) -> None:
        """Passes each state to `seen` as it changes until that answers True or `timeout` seconds are over."""
        ...


class Climb:
    """An order that leaves a municipality, and its finality so far. Times are milliseconds since the click."""

    def __init__(
        self, order: str, source: str, destination: str, wire_ms: float, clicked_us: int, chains: Chains
    ) -> None:
        self.id, self.source, self.destination = order, source, destination
        self.wire_ms, self.clicked_us = wire_ms, clicked_us
        self._chains = chains
        self._micros: dict[str, int] = {}
        self.refusal: dict[str, str] | None = None
        self.route: str | None = None
        """`backbone` or `internet`, what its parcel crossed; None where there is one way, or before it is told."""

    @property
    def micros(self) -> dict[str, int]:
        """When each step was reached, microseconds of the epoch, in the ladder's order."""
        return {s: self._micros[s] for s in LADDER + OTHER_ENDS if s in self._micros}

    @property
    def stages(self) -> dict[str, float]:
        """Milliseconds from the click to each step reached."""
        return {stage: (at - self.clicked_us) / 1000 for stage, at in self.micros.items()}

    @property
    def stretch(self) -> float:
        """Time from click to credited ÷ wire. Raises `LookupError` before it is credited."""
        if "credited" not in self._micros:
            raise LookupError(f"transfer {self.id[:12]}… is not credited yet; wait for it first")
        return self.stages["credited"] / self.wire_ms

    @property
    def ended(self) -> str | None:
        """`credited`, `refused` or `refunded` once that is known."""
        return next((s for s in ("refused", "refunded", "credited") if s in self._micros), None)

    def absorb(self, state: dict[str, Any]) -> None:
        """Takes in a state: a whole one, or the one step of an event."""
        if state.get("refusal"):
            self.refusal = dict(state["refusal"])
        self.route = state.get("route") or self.route
        if "stage" in state:
            self._micros.setdefault(str(state["stage"]), int(state["micros"]))
        for stage, stamp in (state.get("stages") or {}).items():
            self._micros[stage] = int(stamp["micros"] if isinstance(stamp, dict) else stamp)

    def refresh(self) -> Self:
        """Asks the source once for the state as it is now."""
        state = self._chains.transfer(self.source, self.id)
        if state is not None:
            self.absorb(state)
        return self

    def wait(self, stage: str, timeout: float = 60.0, each: Callable[[str, float], None] | None = None) -> Self:
        """Waits until `stage` is reached; `each` is told every step (name, ms since the click).

        Raises `WaitedTooLong`, and `EndedOtherwise` where the transfer was refused or refunded instead.
        """
        if stage not in LADDER + OTHER_ENDS:
            raise ValueError(f"{stage!r} is not a stage; one of {', '.join(LADDER + OTHER_ENDS)}")
        told: set[str] = set()

        def seen(state: dict[str, Any]) -> bool:
            self.absorb(state)
            for name, elapsed in self.stages.items():
                if each is not None and name not in told:
                    each(name, elapsed)
                told.add(name)
            return stage in self._micros or self._cannot(stage)

        if not seen({}):
            self._chains.follow(self.source, self.id, seen, timeout)
            # A step's stamp is mended when the ingress learns that others were there before it.
            with contextlib.suppress(Unreachable):
                self.refresh()
        if stage in self._micros:
            return self
        if self._cannot(stage):
            self.refresh()
            refusal = self.refusal or {}
            raise EndedOtherwise(
                self.id,
                stage,
                self.ended or "ended",
                refusal.get("code", "unknown"),
                refusal.get("detail", "no reason given"),
            )
        raise WaitedTooLong(self.id, stage, timeout, list(self.micros))

    def _cannot(self, stage: str) -> bool:
        if "refused" in self._micros:
            return stage != "refused"
        if "refunded" in self._micros:
            return stage != "refunded" and stage not in _PAST_REFUND
        return stage in OTHER_ENDS and "credited" in self._micros

    def terms(self) -> dict[str, Any]:
        """What was signed, for JSON."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the order, the ladder, the figures."""
        return {
            "id": self.id,
            **self.terms(),
            "state": self.ended or next(iter(reversed(self.micros)), "sent"),
            "clicked_us": self.clicked_us,
            "wire_ms": self.wire_ms,
            "stages": {s: {"micros": m} for s, m in self.micros.items()},
            "stages_ms": {s: round(ms, 3) for s, ms in self.stages.items()},
            "route": self.route,
            "refusal": self.refusal,
            "stretch": round(self.stretch, 4) if "credited" in self._micros else None,
        }
