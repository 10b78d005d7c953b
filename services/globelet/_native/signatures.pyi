__all__ = ["public_key", "sign", "verify"]

def public_key(seed: bytes) -> bytes:
    """The Ed25519 public key, 32 bytes, of a seed of 32 bytes. Raises ValueError for another length."""

def sign(seed: bytes, message: bytes) -> bytes:
    """The Ed25519 signature (RFC 8032), 64 bytes. Lets other threads run meanwhile."""

def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes stands, by the rule of the replicas. Raises ValueError for a wrong length."""
