"""Keeps the links of a world in its emulator: an emulator that restarts has forgotten its proxies."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from globelet.engines.emulator import Emulator
from globelet.engines.errors import EmulatorFailed
from globelet.world.resolved import ResolvedWorld

EVERY = 2.0

log = logging.getLogger("globelet.keeper")


class Keeper:
    """Looks every two seconds whether each proxy is there, and makes those that are not, with their toxics.

    What people and scenarios change on a proxy that is there stays as they made it.
    """

    def __init__(self, emulator: Emulator, ports: Mapping[str, int]) -> None:
        self._emulator, self._ports = emulator, ports

    @classmethod
    def of(cls, url: str, state: Path) -> Keeper:
        """Of the emulator at `url`, for the world and ports of a state directory. Raises `OSError` or `ValueError`."""
        world = ResolvedWorld.model_validate_json((state / "world.json").read_bytes())
        ports = json.loads((state / "ports.json").read_bytes())
        return cls(Emulator(url, world, "0.0.0.0"), ports)  # noqa: S104

    async def run(self) -> None:
        """Keeps them until it is cancelled; an emulator that is away is asked again."""
        while True:
            try:
                await asyncio.to_thread(self._emulator.populate, self._ports)
            except EmulatorFailed as error:
                log.info("%s", error)
            await asyncio.sleep(EVERY)
