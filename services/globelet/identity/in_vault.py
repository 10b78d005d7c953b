"""The signing keys in Vault: nothing of them on disk."""

from __future__ import annotations

import logging

from globelet.engines.errors import EngineError
from globelet.vault import BadSecret, OwnPath

log = logging.getLogger("globelet.identity")


class VaultShelf:
    """Seeds at a path of Vault, read once, held in memory, and written whole when one comes or goes.

    A Vault that is away when they change is passed over: the keys are good without it, and tokens are short-lived.
    """

    def __init__(self, own: OwnPath, patience: float = 60.0) -> None:
        self._own, self._seeds = own, own.wait(patience)
        if not all(made.isdecimal() and len(seed) == 64 for made, seed in self._seeds.items()):
            raise BadSecret(own.path, "seeds named by the microsecond they were made in")

    def seeds(self) -> dict[str, str]:
        """All of them."""
        return dict(self._seeds)

    def put(self, made: str, seed: str) -> None:
        """Adds one."""
        self._seeds[made] = seed
        self._write()

    def drop(self, made: str) -> None:
        """Takes one away."""
        if self._seeds.pop(made, None) is not None:
            self._write()

    def _write(self) -> None:
        try:
            self._own.open().write(self._own.path, self._seeds)
        except EngineError as error:
            log.warning("the signing keys have changed and are not in Vault: %s", error)
