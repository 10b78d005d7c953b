"""Commitments called from Python, and the same tree in plain Python."""

from __future__ import annotations

from typing import Any

import blake3
import pytest

from globelet.algorithms.holding import Challenge, Holder, Shard

DATA = bytes(range(256)) * 256
GROUP = "holding: commit to a shard of 64 KiB in pieces of 256 B"


def plain(data: bytes) -> bytes:
    level = [blake3.blake3(b"\x00" + data[i : i + 256]).digest() for i in range(0, len(data), 256)]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [blake3.blake3(b"\x01" + left + right).digest() for left, right in pairs]
        level = above + level[len(above) * 2 :]
    return level[0]


@pytest.mark.benchmark(group=GROUP)
def test_native(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    assert benchmark(lambda: Shard(DATA, 256).commitment.root) == plain(DATA)


@pytest.mark.benchmark(group=GROUP)
def test_plain(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "plain Python"
    assert benchmark(plain, DATA) == Shard(DATA, 256).commitment.root


@pytest.mark.benchmark(group="holding: check an answer of 30 pieces")
def test_check(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    shard, challenge = Shard(DATA, 256), Challenge(bytes(32), 0, 0, bytes(32), 30)
    answer, key = shard.answer(bytes(32), challenge), Holder(0, bytes(32), 0, 0, 0).public
    benchmark(answer.verify, shard.commitment, challenge, key, 0)
