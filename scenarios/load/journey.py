"""One transfer of the load: when it was due, and what became of it."""

from __future__ import annotations

from typing import Any

from seats import Seat

ENDS = ("refused", "refunded", "credited")
COLUMNS = (
    "intended_us", "from", "to", "city", "lag_ms", "admitted_ms", "committed_ms", "credited_ms", "told_ms", "end",
    "problem",
)  # fmt: skip


class Journey:
    """Times are microseconds of the epoch, 0 while unknown; latencies count from the intended time.

    `admitted_us` is when the sender had the municipality's answer and `told_us` when the sender's stream said that it
    was credited. `committed_us` and `credited_us` are the receipt's own stamps: the destination's, which the sender
    hears of a wire later.
    """

    __slots__ = (
        "admitted_us", "amount", "body", "committed_us", "credited_us", "due", "end", "followed", "id", "intended_us",
        "lag_us", "payee", "payer", "problem", "told_us",
    )  # fmt: skip

    def __init__(self, due: float, payer: Seat, payee: Seat, id: str, body: bytes, amount: int, followed: bool) -> None:  # noqa: A002
        self.due, self.payer, self.payee = due, payer, payee
        self.id, self.body, self.amount, self.followed = id, body, amount, followed
        self.intended_us = self.lag_us = 0
        self.admitted_us = self.committed_us = self.credited_us = self.told_us = 0
        self.end = self.problem = ""

    def step(self, stage: str, micros: int) -> None:
        """The receipt reached a stage."""
        if stage == "committed":
            self.committed_us = micros
        elif stage in ENDS:
            self.end = stage
            if stage == "credited":
                self.credited_us = micros

    def absorb(self, state: dict[str, Any]) -> None:
        """Takes in what `GET /v1/transfers/{id}` answers."""
        for stage, stamp in (state.get("stages") or {}).items():
            self.step(stage, int(stamp["micros"] if isinstance(stamp, dict) else stamp))
        if state.get("refusal"):
            self.problem = str(state["refusal"].get("code", "refused"))

    def refuse(self, code: str) -> None:
        """The municipality did not admit it."""
        self.end, self.problem = "refused", code

    def after_ms(self, at_us: int) -> float | None:
        """Milliseconds from the intended time; None where the moment is unknown."""
        return (at_us - self.intended_us) / 1000 if at_us else None

    def row(self) -> list[object]:
        """As a line of transfers.csv."""
        times = (self.admitted_us, self.committed_us, self.credited_us, self.told_us)
        cells = ["" if ms is None else f"{ms:.3f}" for ms in map(self.after_ms, times)]
        places = (self.payer.municipality, self.payee.municipality, self.payer.city)
        return [self.intended_us, *places, f"{self.lag_us / 1000:.3f}", *cells, self.end or "unfinished", self.problem]
