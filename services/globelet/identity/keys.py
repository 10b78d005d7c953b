"""The keys that sign tokens, with rotation: the newest signs, the older ones still verify."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """One Ed25519 key: its id (RFC 7638 thumbprint), the key, and when it was made (seconds of the epoch)."""

    kid: str
    private: Ed25519PrivateKey
    made: float

    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key (RFC 8037)."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw), "kid": self.kid, "alg": "EdDSA", "use": "sig"}


def _thumbprint(private: Ed25519PrivateKey) -> str:
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{_base64url(raw)}"}}'
    return _base64url(hashlib.sha256(canonical.encode()).digest())


class Shelf(Protocol):
    """Where seeds lie: hexadecimal text, named by the microsecond in which each was made."""

    def seeds(self) -> dict[str, str]:
        """All of them."""

    def put(self, made: str, seed: str) -> None:
        """Adds one."""

    def drop(self, made: str) -> None:
        """Takes one away; one that is not there is gone already."""


class Folder:
    """Seeds on disk: one 0600 file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def seeds(self) -> dict[str, str]:
        """All of them."""
        return {path.stem: path.read_text().strip() for path in self._folder.glob("*.seed")}

    def put(self, made: str, seed: str) -> None:
        """Adds one."""
        path = self._folder / f"{made}.seed"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(seed)

    def drop(self, made: str) -> None:
        """Takes one away."""
        (self._folder / f"{made}.seed").unlink(missing_ok=True)


class SigningKeys:
    """Key ring on a shelf, or in a folder; a key signs for `period` seconds and verifies for `keep` more."""

    def __init__(self, kept: Path | Shelf, *, period: float = 86_400.0, keep: float = 3_600.0) -> None:
        self._shelf: Shelf = Folder(kept) if isinstance(kept, Path) else kept
        self._period, self._keep = period, keep
        self._ring = sorted((self._load(*one) for one in self._shelf.seeds().items()), key=lambda k: k.made)

    @staticmethod
    def _load(made: str, seed: str) -> SigningKey:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        return SigningKey(_thumbprint(private), private, int(made) / 1e6)

    def _make(self, now: float) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        self._shelf.put(f"{int(now * 1e6)}", private.private_bytes_raw().hex())
        return SigningKey(_thumbprint(private), private, int(now * 1e6) / 1e6)

    def rotate(self, now: float) -> SigningKey:
        """Makes a new signing key and drops the keys that no living token can name."""
        self._ring.append(self._make(now))
        living = [k for k in self._ring if k is self._ring[-1] or now < k.made + self._period + self._keep]
        for key in self._ring:
            if key not in living:
                self._shelf.drop(f"{round(key.made * 1e6)}")
        self._ring = living
        return living[-1]

    def current(self, now: float) -> SigningKey:
        """The key that signs now; rotates when its period is over."""
        if not self._ring or now >= self._ring[-1].made + self._period:
            return self.rotate(now)
        return self._ring[-1]

    def jwks(self, now: float) -> dict[str, list[dict[str, str]]]:
        """The JSON Web Key Set (RFC 7517), newest first."""
        self.current(now)
        return {"keys": [key.jwk() for key in reversed(self._ring)]}
