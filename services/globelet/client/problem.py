"""What a municipality answers when it refuses, as exceptions."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An RFC 9457 problem document: status, stable code, a sentence that names the mend."""

    def __init__(self, status: int, code: str, detail: str, moved_to: str | None = None) -> None:
        super().__init__(f"{detail} [{code}, status {status}]")
        self.status, self.code, self.detail = status, code, detail
        self.moved_to = moved_to
        """The municipality where the account lives now, or soon, if that is the problem."""

    @classmethod
    def of(cls, status: int, body: Any) -> Problem:
        """From a response's status and body, whatever the body is."""
        if not isinstance(body, dict):
            return cls(status, f"status_{status}", str(body)[:200] or "the answer had no body")
        code = str(body.get("code") or body.get("type", f"status_{status}"))
        return cls(status, code, str(body.get("detail") or body.get("title") or code), body.get("moved_to"))


class Unreachable(Exception):
    """No answer from a process: it is down, or a network between is."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no answer from {url}: {reason}; `globelet status` shows what runs")
        self.url = url


class WaitedTooLong(Exception):
    """A stage was not reached in time."""

    def __init__(self, transfer: str, stage: str, seconds: float, reached: list[str]) -> None:
        so_far = ", ".join(reached) or "none"
        super().__init__(f"transfer {transfer[:12]}… did not reach {stage} within {seconds:g} s; reached: {so_far}")
        self.transfer, self.stage, self.reached = transfer, stage, reached


class EndedOtherwise(Exception):
    """A transfer ended refused or refunded while another stage was waited for."""

    def __init__(self, transfer: str, stage: str, end: str, code: str, detail: str) -> None:
        super().__init__(f"transfer {transfer[:12]}… was {end} ({code}: {detail}) and can't reach {stage}")
        self.transfer, self.stage, self.end, self.code = transfer, stage, end, code
