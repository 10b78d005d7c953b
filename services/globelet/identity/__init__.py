"""Identity: short-lived EdDSA tokens for accounts that prove they hold their key."""

from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer, ProofRefused, login_bytes

__all__ = ["Issuer", "ProofRefused", "SigningKeys", "login_bytes"]
