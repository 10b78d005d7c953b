"""A committee's work called from Python, and the opening of a payload beside the definition in plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from plain.tdh2 import open_sealed

from globelet.algorithms.threshold import Ceremony, TransportKey, deal, deal_signing

SEED, MESSAGE = bytes([7]) * 32, bytes([7]) * 32


@pytest.mark.benchmark(group="threshold: open a sealed 1 KB from 5 shares of 7")
@pytest.mark.parametrize("who", ["called from Python", "plain Python"])
def test_open(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    public, keys = deal(7, 5, SEED)
    payload = bytes([5]) * 1024
    sealed = public.encrypt(b"label", payload, SEED)
    shares = [key.decryption_share(sealed) for key in keys[:5]]
    if who == "called from Python":
        assert benchmark(public.combine, b"label", sealed, shares) == payload
    else:
        assert benchmark(open_sealed, sealed.to_bytes(), [share.to_bytes() for share in shares]) == payload


@pytest.mark.benchmark(group="threshold: seal 1 KB")
def test_seal(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    public, _ = deal(7, 5, SEED)
    benchmark(public.encrypt, b"label", bytes([5]) * 1024, SEED)


@pytest.mark.benchmark(group="threshold: a member's decryption share")
def test_decryption_share(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    public, keys = deal(7, 5, SEED)
    benchmark(keys[0].decryption_share, public.encrypt(b"label", bytes([5]) * 1024, SEED))


@pytest.mark.benchmark(group="threshold: a member's share of a signature")
def test_sign(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    _, signers = deal_signing(7, 5, SEED)
    benchmark(signers[0].sign, MESSAGE)


@pytest.mark.benchmark(group="threshold: verify a signature")
def test_verify(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    committee, signers = deal_signing(7, 5, SEED)
    signature = committee.combine(MESSAGE, list(range(5)), [signer.sign(MESSAGE) for signer in signers[:5]])
    assert benchmark(committee.verify, MESSAGE, signature)


@pytest.mark.benchmark(group="threshold: combine 5 shares of 7 and verify the signature")
def test_combine(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    committee, signers = deal_signing(7, 5, SEED)
    benchmark(committee.combine, MESSAGE, list(range(5)), [signer.sign(MESSAGE) for signer in signers[:5]])


@pytest.mark.parametrize(
    "scheme",
    [
        pytest.param(name, marks=pytest.mark.benchmark(group=f"threshold: generate {what} key, all a member of 7 does"))
        for name, what in (("signing", "a signing"), ("encryption", "an encryption"))
    ],
)
def test_ceremony(benchmark: Any, scheme: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    key = TransportKey(bytes([1]) * 32)
    publics = [TransportKey(bytes([number]) * 32).public() for number in range(1, 8)]
    dealer = Ceremony.generation(scheme, b"bench", publics, 5)
    messages = [dealer.deal(number, SEED) for number in range(7)]

    def member() -> None:
        ceremony = Ceremony.generation(scheme, b"bench", publics, 5, key)
        ceremony.deal(0, SEED)
        for message in messages:
            ceremony.handle(message)
        ceremony.outcome()

    benchmark(member)
