"""Drives a link emulator by the Toxiproxy API: proxies, toxics, cuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from globelet.engines.errors import EmulatorFailed, UnknownProcess
from globelet.engines.routes import Crossing, crossings, loss, toxics
from globelet.links import InvalidToxic, LinkEmulator, LinkEmulatorError, NotFound, ProxyExists
from globelet.world.resolved import ResolvedWorld


class Emulator:
    """The proxies of one world in one emulator, which listen at `host`."""

    def __init__(self, url: str, world: ResolvedWorld, host: str = "127.0.0.1") -> None:
        self.url, self._world, self._host = url, world, host
        self._links = LinkEmulator(url, timeout=10.0)
        self._crossings = crossings(world)

    def ready(self) -> bool:
        """Whether its API answers."""
        return self._links.running()

    def populate(self, ports: Mapping[str, int]) -> None:
        """Makes the proxies that are missing, with their declared toxics. Existing ones stay as they are.

        A proxy opens when its toxics are on: no byte crosses a link before the link has its delay.
        """
        known = self._call("GET", "/proxies")
        missing = [c for c in self._crossings if c.proxy not in known]
        if missing:
            self._call("POST", "/populate", [self._proxy(c, ports[c.proxy]) for c in missing])
        for crossing in missing:
            for toxic in toxics(self._world, crossing):
                self._call("POST", f"/proxies/{crossing.proxy}/toxics", toxic)
            self._call("POST", f"/proxies/{crossing.proxy}", {"enabled": True})

    def _proxy(self, crossing: Crossing, port: int) -> dict[str, Any]:
        process = next(p for p in self._world.processes if p.name == crossing.process)
        return {
            "name": crossing.proxy,
            "listen": f"{self._host}:{port}",
            "upstream": f"{process.host}:{process.node_port}",
            "enabled": False,
        }

    def _of(self, source: str, to: str) -> list[Crossing]:
        for region in (source, to):
            if region not in self._world.regions:
                raise UnknownProcess(region, list(self._world.regions))
        return [c for c in self._crossings if (c.source, c.to) == (source, to)]

    def enable(self, source: str, to: str, *, enabled: bool) -> None:
        """Raises or cuts every proxy of a directed link."""
        for crossing in self._of(source, to):
            self._call("POST", f"/proxies/{crossing.proxy}", {"enabled": enabled})

    def lose(self, source: str, to: str, probability: float) -> None:
        """Gives a directed link a loss, in addition to the declared one; 0 takes it away."""
        for crossing, stream in [
            *((c, "upstream") for c in self._of(source, to)),
            *((c, "downstream") for c in self._of(to, source)),
        ]:
            name = f"fault_loss_{stream}"
            path = f"/proxies/{crossing.proxy}/toxics"
            if any(toxic["name"] == name for toxic in self._call("GET", path)):
                self._call("DELETE", f"{path}/{name}")
            if probability > 0:
                self._call("POST", path, loss(name, stream, probability))

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self._links.call(method, path, body)
        except (LinkEmulatorError, InvalidToxic, NotFound, ProxyExists) as error:
            raise EmulatorFailed(self.url, f"{method} {path}: {error}") from error
