"""Drives a link emulator by the Toxiproxy API: proxies, toxics, cuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from globelet.engines.errors import EmulatorFailed, NoSuchRoute, UnknownProcess
from globelet.engines.routes import Crossing, crossings, loss, slowness, toxics
from globelet.links import InvalidToxic, LinkEmulator, LinkEmulatorError, NotFound, ProxyExists
from globelet.world.resolved import ResolvedWorld, RouteName

_REFUSALS = (LinkEmulatorError, InvalidToxic, NotFound, ProxyExists)
_Made = Callable[[str, str], dict[str, Any]]


class Emulator:
    """The proxies of one world in one emulator, which listen at `host`."""

    def __init__(self, url: str, world: ResolvedWorld, host: str = "127.0.0.1") -> None:
        self.url, self._world, self._host = url, world, host
        self._links = LinkEmulator(url, timeout=10.0)
        self._crossings = crossings(world)
        self._shopify = False

    def ready(self) -> bool:
        """Whether its API answers."""
        return self._links.running()

    def populate(self, ports: Mapping[str, int]) -> None:
        """Makes the proxies that are missing, with their declared toxics. Existing ones stay as they are.

        A proxy opens when its toxics are on: no byte crosses a link before the link has its delay. One that is closed
        without them was left by somebody who was interrupted, or is being made by somebody else: it is finished.
        """
        known = self._call("GET", "/proxies")
        missing = [c for c in self._crossings if c.proxy not in known]
        if missing:
            self._call("POST", "/populate", [self._proxy(c, ports[c.proxy]) for c in missing])
        for crossing in self._crossings:
            proxy = known.get(crossing.proxy, {"enabled": False, "toxics": []})
            there = {toxic["name"] for toxic in proxy["toxics"]}
            lacking = [t for t in toxics(self._world, crossing) if t["name"] not in there]
            if proxy["enabled"] or not lacking:
                continue
            for toxic in lacking:
                with suppress(ProxyExists):  # somebody else was quicker
                    self._add(crossing, toxic)
            self._call("POST", f"/proxies/{crossing.proxy}", {"enabled": True})

    def _proxy(self, crossing: Crossing, port: int) -> dict[str, Any]:
        process = next(p for p in self._world.processes if p.name == crossing.process)
        return {
            "name": crossing.proxy,
            "listen": f"{self._host}:{port}",
            "upstream": f"{process.host}:{process.node_port}",
            "enabled": False,
        }

    def _of(self, source: str, to: str, route: RouteName | None) -> list[Crossing]:
        for region in (source, to):
            if region not in self._world.regions:
                raise UnknownProcess(region, list(self._world.regions))
        known = self._world.routes(source, to)
        if route is not None and route not in known:
            raise NoSuchRoute(source, to, route, known)
        return [c for c in self._crossings if (c.source, c.to) == (source, to) and route in (None, c.route)]

    def enable(self, source: str, to: str, *, enabled: bool, route: RouteName | None = None) -> None:
        """Raises or cuts every proxy of a directed link, or those of one of its routes."""
        for crossing in self._of(source, to, route):
            self._call("POST", f"/proxies/{crossing.proxy}", {"enabled": enabled})

    def lose(self, source: str, to: str, probability: float, route: RouteName | None = None) -> None:
        """Gives a directed link a loss, in addition to the declared one; 0 takes it away."""
        self._fault(source, to, route, "fault_loss", lambda name, stream: loss(name, stream, probability), probability)

    def slow(self, source: str, to: str, extra_ms: float, route: RouteName | None = None) -> None:
        """Delays a directed link by so many milliseconds more than declared; 0 takes that away."""
        self._fault(source, to, route, "fault_slow", lambda name, stream: slowness(name, stream, extra_ms), extra_ms)

    def mend(self, source: str, to: str, route: RouteName | None = None) -> None:
        """Makes a directed link as it was declared: up, without extra loss or delay."""
        self.lose(source, to, 0.0, route)
        self.slow(source, to, 0.0, route)
        self.enable(source, to, enabled=True, route=route)

    def _fault(self, source: str, to: str, route: RouteName | None, kind: str, made: _Made, amount: float) -> None:
        """Replaces a fault on what is sent on the link, and on the answers that travel it."""
        for crossing, stream in [
            *((c, "upstream") for c in self._of(source, to, route)),
            *((c, "downstream") for c in self._of(to, source, route)),
        ]:
            name, path = f"{kind}_{stream}", f"/proxies/{crossing.proxy}/toxics"
            if any(toxic["name"] == name for toxic in self._call("GET", path)):
                self._call("DELETE", f"{path}/{name}")
            if amount > 0:
                try:
                    self._add(crossing, made(name, stream))
                except ProxyExists as error:
                    raise EmulatorFailed(self.url, f"{name} of {crossing.proxy}: {error}") from error

    def _add(self, crossing: Crossing, toxic: Mapping[str, Any]) -> None:
        """Adds a toxic; raises `ProxyExists` where it is there already, `EmulatorFailed` for anything else.

        Shopify's server takes whole milliseconds only, and has no loss: it gets what loss costs.
        """
        path = f"/proxies/{crossing.proxy}/toxics"
        try:
            try:
                self._links.call("POST", path, self._fit(crossing, toxic) if self._shopify else toxic)
            except InvalidToxic:
                if self._shopify:
                    raise
                self._links.call("POST", path, self._fit(crossing, toxic))
                self._shopify = True
        except ProxyExists:
            raise
        except _REFUSALS as error:
            raise EmulatorFailed(self.url, f"POST {path}: {error}") from error

    def _fit(self, crossing: Crossing, toxic: Mapping[str, Any]) -> dict[str, Any]:
        """The toxic as Shopify's server can have it."""
        if toxic["type"] != "loss":
            return _whole(toxic)
        ends = (crossing.source, crossing.to)
        out, back = (self._world.link(*pair, crossing.route) for pair in (ends, ends[::-1]))
        again = max(_FIRST_TIMEOUT_MS, (out.delay_us + back.delay_us) / 1000)
        chance = min(toxic["attributes"]["probability"], 0.9)
        # In the mean, and as widely spread: a segment is sent again p + p² + … times, each time one wait later.
        late = max(1, round(chance / (1 - chance) * again))
        return {**toxic, "type": "latency", "attributes": {"latency": late, "jitter": late}}

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self._links.call(method, path, body)
        except _REFUSALS as error:
            raise EmulatorFailed(self.url, f"{method} {path}: {error}") from error


# TCP waits so long at least before it sends a lost segment again.
_FIRST_TIMEOUT_MS = 200.0
# Shopify's server draws the jitter anew for every piece of a message, and the last piece counts: a message that it
# reads in two pieces is late by 0.41 of the jitter in the median, one in a single piece is not. What was measured of a
# quiet world lies between.
_LATE = 0.12
# The server itself adds about so much to every delay. Where whole milliseconds of jitter would move the median of a
# short link by more than it is allowed to stray, the jitter gives way.
_ADDED, _LONG, _SHARE = 0.4, 50.0, 8


def _whole(toxic: Mapping[str, Any]) -> dict[str, Any]:
    """The toxic with its times in whole milliseconds, such that messages take as long as declared in the median."""
    attributes = {name: round(value) for name, value in toxic["attributes"].items()}
    if toxic["type"] == "latency":
        latency, jitter = toxic["attributes"]["latency"], toxic["attributes"].get("jitter", 0.0)
        if latency < _LONG:
            jitter = min(round(jitter), round(latency / _SHARE))
        # A draw of n ms is one of −n … n − 1, so half a millisecond early.
        early = 0.5 if jitter else 0.0
        attributes |= {"latency": max(0, round(latency + early - _ADDED - _LATE * jitter)), "jitter": round(jitter)}
    return {**toxic, "attributes": attributes}
