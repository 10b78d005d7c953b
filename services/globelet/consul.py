"""Consul over its HTTP API: who is where. Each entry has a name, an address, what it is, and a check of its health."""

# ruff: noqa: N818  (the errors are named after what happened)
from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from globelet.engines.errors import EngineError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0
# A look at everything costs its one agent little, and each of nine chains an answer.
_CHECKED_EVERY = "15s"
CHAIN = "chain"


class ConsulAway(EngineError):
    """Consul does not answer, or not as it should."""

    code, exit_status = "consul_away", 4

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"Consul at {url} does not answer ({why}); `globelet up` starts it")


class NotRegistered(EngineError):
    """Consul does not know a service, or not all of it."""

    code, exit_status = "not_registered", 4

    def __init__(self, url: str, what: str) -> None:
        super().__init__(f"Consul at {url} knows no {what}; `globelet up` registers it")


@dataclass(frozen=True)
class Entry:
    """One process in the catalogue: `service` is what it is (`chain`, `identity`, `mongo`, …), `name` which one."""

    name: str
    service: str
    host: str
    port: int
    check: str
    """`http://…` to be answered with success, or `HOST:PORT` to be open."""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Entry:
        """The entry that `as_dict` gave."""
        return cls(**{**value, "tags": tuple(value["tags"])})

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def registration(self) -> dict[str, Any]:
        """As Consul's agent takes it."""
        way = "HTTP" if self.check.startswith("http") else "TCP"
        return {
            "ID": self.name,
            "Name": self.service,
            "Address": self.host,
            "Port": self.port,
            "Tags": list(self.tags),
            "Meta": dict(self.meta),
            "Check": {way: self.check, "Interval": _CHECKED_EVERY, "Timeout": "5s"},
        }


class Consul:
    """One Consul agent."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)

    @classmethod
    def of(cls, env: Mapping[str, str] = os.environ) -> Consul | None:
        """The one that GLOBELET_CONSUL names."""
        return cls(env["GLOBELET_CONSUL"]) if env.get("GLOBELET_CONSUL") else None

    def ready(self) -> bool:
        """Whether it answers and has a leader."""
        try:
            return self._http.get("/v1/status/leader").text.strip() not in ("", '""')
        except httpx.HTTPError:
            return False

    def keep(self, entries: Iterable[Entry]) -> int:
        """Registers what is missing or otherwise; how many. The rest stays, with its health. Raises `ConsulAway`."""
        known, missing = self._call("GET", "/v1/agent/services"), 0
        for entry in entries:
            wanted, found = entry.registration(), known.get(entry.name, {})
            same = all(found.get(key) == wanted[key] for key in ("Address", "Port", "Tags", "Meta"))
            if not same or found.get("Service") != entry.service:
                self._call("PUT", "/v1/agent/service/register", wanted)
                missing += 1
        return missing

    def find(self, service: str) -> dict[str, tuple[str, int]]:
        """Address of each process that is this service, by name. Raises `ConsulAway` or `NotRegistered`."""
        listed = self._call("GET", f"/v1/catalog/service/{service}")
        try:
            found = {e["ServiceID"]: (e["ServiceAddress"] or e["Address"], int(e["ServicePort"])) for e in listed}
            whole = max((int(e["ServiceMeta"].get("count", 1)) for e in listed), default=1)
        except (KeyError, TypeError, ValueError) as error:
            raise ConsulAway(self.url, f"its list of {service} cannot be read") from error
        # While they are registered one after the other, a part is there: it is not taken for all.
        if len(found) < whole:
            raise NotRegistered(self.url, f"{service}, or only {len(found)} of {whole}" if found else service)
        return found

    def wait(self, service: str, patience: float = 60.0) -> dict[str, tuple[str, int]]:
        """The same; asks again for so many seconds and says what it waits for. Raises `EngineError`."""
        end, pause, told = time.monotonic() + patience, _FIRST_PAUSE, ""
        while True:
            try:
                return self.find(service)
            except EngineError as error:
                left = end - time.monotonic()
                if left < pause:
                    raise
                if told != error.code:
                    told = error.code
                    sys.stderr.write(f"waiting up to {left:.0f} s: {error}\n")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def url_of(self, service: str, patience: float = 60.0) -> str:
        """`http://HOST:PORT` of the first of a service, waited for. Raises `EngineError`."""
        host, port = next(iter(self.wait(service, patience).values()))
        return f"http://{host}:{port}"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json() if answer.content else {}
        except httpx.HTTPStatusError as error:
            raise ConsulAway(self.url, f"status {error.response.status_code} for {path}") from error
        except httpx.HTTPError as error:
            raise ConsulAway(self.url, error or type(error).__name__) from error
        except ValueError as error:
            raise ConsulAway(self.url, f"its answer to {path} is not JSON") from error
