"""One municipality as its clients see it: HTTP, tokens, problem documents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from globelet.client.problem import Problem, Unreachable


class CityHall:
    """Synchronous client of one process. Connections are kept alive; safe to use from several threads."""

    def __init__(self, name: str, url: str, *, timeout: float = 10.0) -> None:
        self.name, self.url = name, url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """One request, answered by JSON. Raises `Problem` or `Unreachable`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error
        value = _json(answer)
        if answer.is_error:
            raise Problem.of(answer.status_code, value)
        return value

    def ready(self) -> bool:
        """Whether it serves."""
        return self._answers("/readyz")

    def healthy(self) -> bool:
        """Whether it lives, though it may not serve yet."""
        return self._answers("/healthz")

    def _answers(self, path: str) -> bool:
        try:
            self.call("GET", path)
        except (Problem, Unreachable):
            return False
        return True

    def transfer(self, order: str) -> dict[str, Any] | None:
        """State of a transfer; None where it is not known."""
        return self._or_none(f"/v1/transfers/{order}")

    def account(self, account: str) -> dict[str, Any] | None:
        """State of an account; None where it is not open, or not any more."""
        try:
            return self._or_none(f"/v1/accounts/{account}")
        except Problem as problem:
            if problem.code == "moved":
                return None
            raise

    def home(self, account: str) -> str | None:
        """Where an account lives that went from here; None where it is here, or never was."""
        try:
            self._or_none(f"/v1/accounts/{account}")
        except Problem as problem:
            if problem.code == "moved":
                return problem.moved_to
            raise
        return None

    def _or_none(self, path: str) -> dict[str, Any] | None:
        try:
            return dict(self.call("GET", path))
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    def ledger(self) -> Any:
        """What `GET /v1/ledger` tells."""
        return self.call("GET", "/v1/ledger")

    def metrics(self) -> str:
        """Its Prometheus text."""
        try:
            return self._http.get("/metrics").raise_for_status().text
        except httpx.HTTPError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error

    def links(self, samples: int = 32, spacing_ms: float = 25.0) -> list[dict[str, Any]]:
        """One-way delays measured now, of all links this process sends on, a probe each `spacing_ms`."""
        try:
            answer = self._http.get(f"/v1/links?samples={samples}&spacing_ms={spacing_ms:.0f}", timeout=60.0)
        except httpx.HTTPError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error
        if answer.is_error:
            raise Problem.of(answer.status_code, _json(answer))
        return [dict(row) for row in answer.json()]

    def events(self, order: str, timeout: float) -> Iterator[dict[str, Any]]:
        """Steps of a transfer as they happen, past ones first, at most `timeout` seconds long.

        Ends when the server ends the stream or the time is over. Raises `Problem` or `Unreachable`.
        """
        end = time.monotonic() + timeout
        limits = httpx.Timeout(5.0, read=max(0.05, timeout))
        try:
            with self._http.stream("GET", f"/v1/transfers/{order}/events", timeout=limits) as answer:
                if answer.is_error:
                    answer.read()
                    raise Problem.of(answer.status_code, _json(answer))
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        yield dict(json.loads(line[5:]))
                    if time.monotonic() >= end:
                        return
        except httpx.ReadTimeout:
            return
        except httpx.HTTPError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text
