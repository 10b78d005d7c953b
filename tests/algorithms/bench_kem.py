"""ML-KEM-768 called from Python, beside OpenSSL and beside plain Python (the package kyber-py)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from kyber_py.ml_kem import ML_KEM_768

from globelet.algorithms.kem import SecretKey

SEED, RANDOMNESS = bytes(64), bytes(32)
WHO = ["called from Python, ML-KEM-768", "OpenSSL from Python, ML-KEM-768", "plain Python, ML-KEM-768"]


@pytest.mark.benchmark(group="kem: encapsulate")
@pytest.mark.parametrize("who", WHO)
def test_encapsulate(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    public = SecretKey("ml-kem-768", SEED).public()
    if who.startswith("called"):
        benchmark(public.encapsulate, RANDOMNESS)
    elif who.startswith("OpenSSL"):
        benchmark(MLKEM768PrivateKey.from_seed_bytes(SEED).public_key().encapsulate)
    else:
        benchmark(ML_KEM_768.encaps, public.to_bytes())


@pytest.mark.benchmark(group="kem: decapsulate")
@pytest.mark.parametrize("who", WHO)
def test_decapsulate(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    secret = SecretKey("ml-kem-768", SEED)
    ciphertext, shared = secret.public().encapsulate(RANDOMNESS)
    if who.startswith("called"):
        assert benchmark(secret.decapsulate, ciphertext) == shared
    elif who.startswith("OpenSSL"):
        assert benchmark(MLKEM768PrivateKey.from_seed_bytes(SEED).decapsulate, ciphertext) == shared
    else:
        _, expanded = ML_KEM_768.key_derive(SEED)
        assert benchmark(ML_KEM_768.decaps, expanded, ciphertext) == shared
