"""Vault over its HTTP API: what a path holds, who may read it, and a process' own path.

Plain HTTP, as Vault in dev mode speaks it inside a world's network, and its key-value store of version 2 at `secret/`.
Nothing here puts a secret or a token into a message.
"""

# ruff: noqa: N818  (the errors are named after what happened)
from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from globelet.engines.errors import EngineError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0


class VaultAway(EngineError):
    """Vault does not answer, or not as it should."""

    code, exit_status = "vault_away", 4

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"Vault at {url} does not answer ({why}); `globelet up` starts it")


class VaultSealed(EngineError):
    """Vault is sealed."""

    code, exit_status = "vault_sealed", 4

    def __init__(self, url: str) -> None:
        super().__init__(f"Vault at {url} is sealed; unseal it with `vault operator unseal`")


class VaultForbidden(EngineError):
    """Vault does not know the token, or the token may not do this."""

    code, exit_status = "vault_forbidden", 4

    def __init__(self, url: str, what: str) -> None:
        super().__init__(f"Vault at {url} refuses the token for {what}; `globelet up` makes a new one")


class NothingThere(EngineError):
    """Vault holds nothing at a path."""

    code, exit_status = "vault_path_missing", 4

    def __init__(self, url: str, path: str) -> None:
        super().__init__(
            f"Vault at {url} holds nothing at secret/{path}; `globelet up` puts it back: in dev mode Vault forgets "
            "everything when it ends"
        )


class NoToken(EngineError):
    """The file of a token cannot be read."""

    code, exit_status = "vault_token_missing", 4

    def __init__(self, file: object, why: object) -> None:
        super().__init__(f"the token for Vault cannot be read from {file} ({why}); `globelet up` makes a new one")


class BadSecret(EngineError):
    """What Vault holds is not what should lie there."""

    code, exit_status = "vault_secret_malformed", 2

    def __init__(self, path: str, lacks: str) -> None:
        super().__init__(f"what Vault holds at secret/{path} lacks {lacks}; remove it, then `globelet up` puts it back")


class Vault:
    """One Vault, seen with one token."""

    def __init__(self, url: str, token: str, *, timeout: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers={"X-Vault-Token": token}, timeout=timeout, trust_env=False)

    def ready(self) -> bool:
        """Whether it answers and is unsealed."""
        try:
            return self._http.get("/v1/sys/health").status_code == 200
        except httpx.HTTPError:
            return False

    def read(self, path: str) -> dict[str, str]:
        """The newest fields at `secret/PATH`. Raises `EngineError`."""
        held = self._call("GET", f"secret/data/{path}", path)
        fields = held.get("data", {}).get("data") if isinstance(held.get("data"), dict) else None
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise BadSecret(path, "fields that are text")
        return fields

    def write(self, path: str, fields: Mapping[str, str]) -> None:
        """Puts a new version there. Raises `EngineError`."""
        self._call("POST", f"secret/data/{path}", path, {"data": dict(fields)})

    def keep(self, path: str, fields: Mapping[str, str]) -> bool:
        """Writes unless the same is there already; whether it wrote. Raises `EngineError`."""
        try:
            if self.read(path) == dict(fields):
                return False
        except (NothingThere, BadSecret):
            pass
        self.write(path, fields)
        return True

    def allow(self, policy: str, path: str, *, writing: bool = False) -> None:
        """Makes the policy that lets its bearer read (and write) this one path and nothing else."""
        capabilities = '"read", "create", "update"' if writing else '"read"'
        rule = f'path "secret/data/{path}" {{ capabilities = [{capabilities}] }}'
        self._call("PUT", f"sys/policies/acl/{policy}", f"the policy {policy}", {"policy": rule})

    def token(self, policy: str) -> str:
        """A new token that holds this policy alone; it outlives the one that made it. Raises `EngineError`."""
        wanted = {"policies": [policy], "no_default_policy": True, "no_parent": True, "display_name": policy}
        made = self._call("POST", "auth/token/create", f"a token of {policy}", wanted)
        return str(made["auth"]["client_token"])

    def _call(self, method: str, path: str, what: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, f"/v1/{path}", json=body)
        except httpx.HTTPError as error:
            raise VaultAway(self.url, error or type(error).__name__) from error
        if answer.status_code == 403:
            raise VaultForbidden(self.url, what)
        if answer.status_code == 404:
            raise NothingThere(self.url, what)
        if answer.status_code == 503:
            raise VaultSealed(self.url)
        if answer.status_code >= 400:
            raise VaultAway(self.url, f"status {answer.status_code} for {what}")
        try:
            return dict(answer.json()) if answer.content else {}
        except ValueError as error:
            # Not the body: it may hold a secret.
            raise VaultAway(self.url, f"its answer for {what} is not JSON") from error


@dataclass(frozen=True)
class OwnPath:
    """The path of one process, with the file that holds its token: read anew each time, for `up` may replace it."""

    url: str
    token: Path
    path: str

    @classmethod
    def of(cls, env: Mapping[str, str]) -> OwnPath | None:
        """What GLOBELET_VAULT, GLOBELET_VAULT_TOKEN_FILE and GLOBELET_VAULT_PATH say; None without the first."""
        if not (url := env.get("GLOBELET_VAULT", "")):
            return None
        return cls(url, Path(env.get("GLOBELET_VAULT_TOKEN_FILE", "")), env.get("GLOBELET_VAULT_PATH", ""))

    def open(self) -> Vault:
        """Vault, with the token as it is now. Raises `NoToken`."""
        try:
            return Vault(self.url, self.token.read_text().strip())
        except OSError as error:
            raise NoToken(self.token, error.strerror or error) from error

    def wait(self, patience: float = 60.0) -> dict[str, str]:
        """What lies there; asks again for so many seconds and says what it waits for. Raises `EngineError`."""
        end, pause, told = time.monotonic() + patience, _FIRST_PAUSE, ""
        while True:
            try:
                return self.open().read(self.path)
            except BadSecret:
                raise
            except EngineError as error:
                left = end - time.monotonic()
                if left < pause:
                    raise
                if told != error.code:
                    told = error.code
                    sys.stderr.write(f"waiting up to {left:.0f} s: {error}\n")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def overlaid(env: Mapping[str, str], patience: float = 60.0) -> dict[str, str]:
    """The environment, with what a process' own path in Vault holds over it. Raises `EngineError`."""
    own = OwnPath.of(env)
    return dict(env) | (own.wait(patience) if own else {})
