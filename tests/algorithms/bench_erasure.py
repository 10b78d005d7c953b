"""Shards made and rebuilt from Python, beside the same kernel in plain Python with one table for each factor."""

from __future__ import annotations

from typing import Any

import pytest

from globelet.algorithms.erasure import Codec

K, N = 4, 7
SIZES = [(1 << 10, "1 KB"), (1 << 15, "32 KB"), (1 << 20, "1 MB")]


def _exp_log() -> tuple[list[int], list[int]]:
    exp, log, x = [0] * 510, [0] * 256, 1
    for i in range(255):
        exp[i] = exp[i + 255] = x
        log[x] = i
        x = (x << 1) ^ (0x11D if x & 0x80 else 0)
    return exp, log


EXP, LOG = _exp_log()
# `bytes.translate` multiplies a whole string by a factor, the fastest that Python has without a library.
TIMES = [bytes(EXP[LOG[f] + LOG[b]] if f and b else 0 for b in range(256)) for f in range(256)]
ROWS = [[EXP[255 - LOG[x ^ y]] for y in range(K)] for x in range(K, N)]


def plain_parity(data: list[bytes]) -> list[bytes]:
    """Strings are added as large integers."""
    size, made = len(data[0]), []
    for row in ROWS:
        total = 0
        for factor, shard in zip(row, data, strict=True):
            total ^= int.from_bytes(shard.translate(TIMES[factor]), "little")
        made.append(total.to_bytes(size, "little"))
    return made


def shards(size: int) -> list[bytes]:
    length = -(-size // K)
    return [bytes((at * 31 + i * 7 >> 2) & 255 for at in range(length)) for i in range(K)]


@pytest.mark.parametrize(("size", "name"), SIZES)
@pytest.mark.parametrize("who", ["called from Python", "plain Python"])
def test_parity(benchmark: Any, who: str, size: int, name: str) -> None:
    benchmark.group = f"erasure: parity of {K} of {N}, {name}"
    benchmark.extra_info["who"] = who
    data = shards(size)
    call = Codec(K, N).parity if who.startswith("called") else plain_parity
    assert benchmark(call, data) == plain_parity(data)


@pytest.mark.parametrize(("size", "name"), SIZES)
def test_decode_with_all_data(benchmark: Any, size: int, name: str) -> None:
    benchmark.group = f"erasure: decode with all {K} data shards, {name}"
    benchmark.extra_info["who"] = "called from Python"
    codec = Codec(K, N)
    given = dict(enumerate(codec.encode(bytes([7]) * size)[:K]))
    assert benchmark(codec.decode, given) == bytes([7]) * size


@pytest.mark.parametrize(("size", "name"), SIZES)
def test_rebuild(benchmark: Any, size: int, name: str) -> None:
    benchmark.group = f"erasure: rebuild {N - K} lost of {K} of {N}, {name}"
    benchmark.extra_info["who"] = "called from Python"
    data, codec = shards(size), Codec(K, N)
    given = dict(list(enumerate(data + codec.parity(data)))[N - K :])
    assert benchmark(codec.restore, given, list(range(N - K))) == data[: N - K]
