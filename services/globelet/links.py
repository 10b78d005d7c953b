"""Control of the link emulator, and of any Toxiproxy server, over its HTTP API.

A thin layer over ``toxiproxy-python`` 0.1.1 that mends what it lacks: the address belongs to
the instance, not to a class; every request has a time-out; every error status is raised;
a toxic can be updated; a list of proxies is populated in one request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict
from urllib.parse import quote, urlsplit

import requests
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists
from toxiproxy.proxy import Proxy as _Proxy
from toxiproxy.server import Toxiproxy as _Toxiproxy
from toxiproxy.toxic import Toxic as _Toxic

__all__ = [
    "InvalidToxic",
    "LinkEmulator",
    "LinkEmulatorError",
    "NotFound",
    "Proxy",
    "ProxyConfig",
    "ProxyExists",
    "Stream",
    "Toxic",
    "ToxicConfig",
]

Stream = Literal["upstream", "downstream"]


class ToxicConfig(TypedDict):
    """A toxic to create; what is absent is Toxiproxy's default."""

    type: str
    name: NotRequired[str]
    stream: NotRequired[Stream]
    toxicity: NotRequired[float]
    attributes: NotRequired[Mapping[str, float]]


class ProxyConfig(TypedDict):
    """A proxy to create. Only globelet's own emulator creates ``toxics`` along with it."""

    name: str
    upstream: str
    listen: NotRequired[str]
    enabled: NotRequired[bool]
    toxics: NotRequired[Sequence[ToxicConfig]]


class LinkEmulatorError(Exception):
    """The emulator can't be reached or failed; ``status`` is its HTTP status, if it answered."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Toxic(_Toxic):  # type: ignore[misc]  # the package has no types
    """A toxic as it stands on a proxy."""

    type: str
    stream: Stream
    name: str
    toxicity: float
    attributes: dict[str, float]


class Proxy(_Proxy):  # type: ignore[misc]
    """A proxy of one emulator; its methods change it there."""

    name: str
    upstream: str
    listen: str
    enabled: bool

    def __init__(self, emulator: LinkEmulator, described: Mapping[str, Any]) -> None:
        super().__init__(**described)
        self._emulator = emulator

    def _path(self, toxic: str | None = None) -> str:
        path = f"/proxies/{quote(self.name, safe='')}"
        return path if toxic is None else f"{path}/toxics/{quote(toxic, safe='')}"

    def toxics(self) -> dict[str, Toxic]:
        """Its toxics, by name."""
        listed = self._emulator.call("GET", f"{self._path()}/toxics")
        return {toxic["name"]: Toxic(**toxic) for toxic in listed}

    def add_toxic(
        self,
        type: str,  # noqa: A002  (as the Toxiproxy package has it)
        stream: Stream = "downstream",
        name: str | None = None,
        toxicity: float = 1.0,
        attributes: Mapping[str, float] | None = None,
    ) -> Toxic:
        """Add a toxic; raises ``ProxyExists`` if its name is taken, ``InvalidToxic`` if it is wrong."""
        body = {
            "name": name or f"{type}_{stream}",
            "type": type,
            "stream": stream,
            "toxicity": toxicity,
            "attributes": dict(attributes or {}),
        }
        return Toxic(**self._emulator.call("POST", f"{self._path()}/toxics", body))

    def update_toxic(
        self,
        toxic_name: str,
        attributes: Mapping[str, float] | None = None,
        toxicity: float | None = None,
    ) -> Toxic:
        """Change the named attributes of a toxic, or its toxicity; what is not named stays."""
        body: dict[str, Any] = {"attributes": dict(attributes or {})}
        if toxicity is not None:
            body["toxicity"] = toxicity
        return Toxic(**self._emulator.call("PATCH", self._path(toxic_name), body))

    def destroy_toxic(self, toxic_name: str) -> bool:
        """Remove a toxic; raises ``NotFound`` if there is none of this name."""
        self._emulator.call("DELETE", self._path(toxic_name))
        return True

    def destroy(self) -> bool:
        """Remove the proxy with its toxics and connections."""
        self._emulator.call("DELETE", self._path())
        return True

    def enable(self) -> None:
        """Listen again."""
        self._set_enabled(True)

    def disable(self) -> None:
        """Drop all connections and stop listening."""
        self._set_enabled(False)

    def _set_enabled(self, enabled: bool) -> None:
        answer = self._emulator.call("POST", self._path(), {"enabled": enabled})
        self.enabled, self.listen = answer["enabled"], answer["listen"]


class LinkEmulator(_Toxiproxy):  # type: ignore[misc]
    """One emulator, or Toxiproxy server, at ``url`` (``http://host:port``).

    ``timeout`` is in seconds and holds for each request, to connect and to be answered.
    Use it as a context manager, or call ``close``, to give its connections back.
    """

    def __init__(self, url: str = "http://127.0.0.1:8474", timeout: float = 5.0) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"{url!r} is not an address like http://127.0.0.1:8474")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._session = requests.Session()
        # The emulator is near; a proxy of the environment must not stand in between.
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "globelet"

    def __enter__(self) -> LinkEmulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the emulator."""
        self._session.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the decoded JSON of the answer, or ``None`` if it is empty.

        Raises ``InvalidToxic`` (400), ``NotFound`` (404), ``ProxyExists`` (409), and
        ``LinkEmulatorError`` for any other failure, the network's included.
        """
        try:
            answer = self._session.request(method, self.url + path, json=body, timeout=self.timeout)
        except requests.RequestException as cause:
            raise LinkEmulatorError(f"{method} {self.url}{path}: {cause}") from cause
        if answer.ok:
            return answer.json() if answer.content else None
        message = _message(answer)
        known = {400: InvalidToxic, 404: NotFound, 409: ProxyExists}.get(answer.status_code)
        if known is not None:
            raise known(message)
        raise LinkEmulatorError(f"{method} {self.url}{path}: {message}", status=answer.status_code)

    def proxies(self) -> dict[str, Proxy]:
        """All proxies, by name."""
        listed = self.call("GET", "/proxies")
        return {name: Proxy(self, described) for name, described in listed.items()}

    def get_proxy(self, proxy_name: str) -> Proxy | None:
        """The proxy of this name, if there is one."""
        try:
            return Proxy(self, self.call("GET", f"/proxies/{quote(proxy_name, safe='')}"))
        except NotFound:
            return None

    def create(
        self,
        upstream: str,
        name: str,
        listen: str | None = None,
        enabled: bool | None = None,
    ) -> Proxy:
        """Create a proxy, on a free port unless ``listen`` says which; ``ProxyExists`` if taken."""
        body: dict[str, Any] = {
            "name": name,
            "upstream": upstream,
            "listen": listen or "127.0.0.1:0",
        }
        if enabled is not None:
            body["enabled"] = enabled
        return Proxy(self, self.call("POST", "/proxies", body))

    def populate(self, proxies: Sequence[ProxyConfig]) -> list[Proxy]:
        """Create or replace all of ``proxies`` in one request; those in place already stay."""
        answer = self.call("POST", "/populate", list(proxies))
        return [Proxy(self, described) for described in answer["proxies"] or []]

    def destroy(self, proxy: Proxy) -> bool:
        """Remove a proxy with its toxics and connections."""
        return proxy.destroy()

    def destroy_all(self) -> None:
        """Remove all proxies."""
        for proxy in self.proxies().values():
            proxy.destroy()

    def reset(self) -> bool:
        """Enable all proxies and remove all toxics."""
        self.call("POST", "/reset")
        return True

    def running(self) -> bool:
        """Whether the emulator answers."""
        try:
            self.call("GET", "/version")
        except LinkEmulatorError:
            return False
        return True

    def version(self) -> str:
        """The version of the API it speaks."""
        return str(self.call("GET", "/version")["version"])

    def metrics(self) -> str:
        """Its Prometheus text."""
        try:
            answer = self._session.get(f"{self.url}/metrics", timeout=self.timeout)
            answer.raise_for_status()
        except requests.RequestException as cause:
            raise LinkEmulatorError(f"GET {self.url}/metrics: {cause}") from cause
        return answer.text

    def update_api_consumer(self, host: str, port: int) -> None:
        """Talk to another address from now on; of this instance only."""
        self.url = f"http://{host}:{port}"


def _message(answer: requests.Response) -> str:
    """The sentence of a refusal, whatever its form."""
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return answer.text.strip() or f"HTTP {answer.status_code}"
