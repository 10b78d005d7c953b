"""Token issuance on proof of possession of the account's key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from globelet.identity.keys import SigningKeys

_DOMAIN = b"globelet login 1"


@dataclass(frozen=True)
class ProofRefused(Exception):  # noqa: N818
    """A login that does not prove possession: a stable code and a sentence that names the mend."""

    code: str
    detail: str

    def __str__(self) -> str:
        return self.detail


def login_bytes(world: str, account: bytes, at_us: int) -> bytes:
    """What an account signs to log in: domain, world name, account (32 bytes), time in microseconds (u64 LE)."""
    return _DOMAIN + len(world.encode()).to_bytes(2, "little") + world.encode() + account + at_us.to_bytes(8, "little")


class Issuer:
    """Issues EdDSA JWTs of one world (`aud` = its name) to accounts (`sub` = account in hex)."""

    def __init__(self, world: str, keys: SigningKeys, *, life: float = 900.0, skew: float = 30.0) -> None:
        self._world, self._keys, self._life, self._skew = world, keys, life, skew
        self._used: OrderedDict[tuple[str, int], float] = OrderedDict()

    def issue(self, account: str, at_us: int, signature: str, now: float) -> dict[str, object]:
        """Checks the signed request and returns `{token, expires}`; a proof counts once, and only near `now`.

        Raises `ProofRefused`.
        """
        if abs(now - at_us / 1e6) > self._skew:
            raise ProofRefused("stale_proof", f"the proof is more than {self._skew:.0f} s from now; sign a fresh one")
        self._verify(account, at_us, signature)
        self._once(account, at_us, now)
        key = self._keys.current(now)
        claims = {"sub": account, "aud": self._world, "iss": "globelet", "iat": int(now), "exp": int(now + self._life)}
        token = jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.kid})
        return {"token": token, "expires": claims["exp"]}

    def _verify(self, account: str, at_us: int, signature: str) -> None:
        try:
            raw, proof = bytes.fromhex(account), bytes.fromhex(signature)
            if len(raw) != 32 or account != raw.hex():
                raise ValueError("account must be 64 lowercase hexadecimal digits")
            Ed25519PublicKey.from_public_bytes(raw).verify(proof, login_bytes(self._world, raw, at_us))
        except ValueError as error:
            raise ProofRefused(
                "malformed", f"the login cannot be read: {error}; send account and signature in hexadecimal digits"
            ) from error
        except InvalidSignature as error:
            raise ProofRefused("bad_signature", "the signature is not the account's; sign with its own key") from error

    def _once(self, account: str, at_us: int, now: float) -> None:
        while self._used and next(iter(self._used.values())) < now - 2 * self._skew:
            self._used.popitem(last=False)
        if (account, at_us) in self._used:
            raise ProofRefused("replayed_proof", "this proof was used already; sign a fresh one")
        self._used[(account, at_us)] = now

    def jwks(self, now: float) -> dict[str, list[dict[str, str]]]:
        """The public keys that verify the tokens."""
        return self._keys.jwks(now)
