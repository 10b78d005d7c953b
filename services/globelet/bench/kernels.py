"""Single operations: the call between Python and Rust, 10 KB through the codec, the cryptography of the hot path."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from globelet._native import kernels
from globelet.bench.figure import Aim, Figure, figure

if TYPE_CHECKING:
    from globelet.bench.session import Session

GROUP = "kernels"
_ROUNDS = 7


def best(operation: Callable[[int], object], quick: bool) -> float:
    """Seconds of one operation: the best of several rounds, in time of this thread alone.

    The best, because everything that disturbs a round makes it longer.
    """
    target, times = (0.004 if quick else 0.03), 1
    while (taken := _once(operation, times)) < target and times < 1 << 24:
        times = max(2 * times, int(times * target / max(taken, 1e-7)))
    return min(_once(operation, times) for _ in range(_ROUNDS)) / times


def _once(operation: Callable[[int], object], times: int) -> float:
    began = time.thread_time_ns()
    operation(times)
    return (time.thread_time_ns() - began) / 1e9


class Costs:
    """Seconds of each native kernel, measured when first asked for."""

    def __init__(self, *, quick: bool) -> None:
        self._quick, self._kernels = quick, kernels.Kernels()
        self._known: dict[str, float] = {}

    def of(self, name: str) -> float:
        """Seconds of one operation."""
        if name not in self._known:
            self._known[name] = best(lambda times: self._kernels.run(name, times), self._quick)
        return self._known[name]


def _nothing() -> None:
    """The Python function that the native one is compared with."""


def _calls(function: Callable[[], object]) -> Callable[[int], None]:
    def run(times: int) -> None:
        for _ in range(times):
            function()

    return run


_ORDER = {
    "from": "01" * 32,
    "source": "tokyo",
    "to": "02" * 32,
    "destination": "paris",
    "amount": 1_250,
    "nonce": 1_700_000_000_000_000,
    "expires_us": 1_700_000_600_000_000,
    "signature": "09" * 64,
}

# What each kernel is compared with: a name people know, then the kernel that is its unit.
_AGAINST = {
    "sign": "verify",
    "verify_of_batch": "verify",
    "mldsa_sign": "verify",
    "mldsa_verify": "verify",
    "bls_share": "verify",
    "bls_combine": "verify",
    "vrf_prove": "verify",
    "vrf_verify": "verify",
    "seal": "verify",
    "check_sealed": "verify",
    "decryption_share": "verify",
    "combine": "verify",
    "cut_shards": "verify",
    "rebuild": "verify",
    "hash_1k": "verify",
    "deserialise_10k": "copy_10k",
}


def rows(session: Session) -> list[Figure]:
    """Every kernel against its baseline."""
    session.progress("kernels", 0, 1)
    costs, quick = session.costs, session.quick
    call, plain = best(_calls(kernels.nothing), quick), best(_calls(_nothing), quick)
    megabyte = bytes(1 << 20)
    passed = best(_calls(lambda: kernels.length(megabyte)), quick)
    copied = best(_calls(lambda: bytearray(megabyte)), quick)
    orders = [dict(_ORDER, nonce=n) for n in range(62)]
    dumped = best(_calls(lambda: json.dumps(orders)), quick)
    found = [
        _row("Python to Rust call", call, "ns", "a call of a Python function", plain, Aim(1_000)),
        _row("1 MiB of bytes into Rust", passed, "ns", "copying them", copied, Aim(0.05, "ratio")),
        _row("serialise 10 KB", costs.of("serialise_10k"), "us", "json.dumps of the same orders", dumped, Aim(2)),
        _row("Ed25519 verify, one", costs.of("verify"), "us", "copying 10 KB", costs.of("copy_10k"), None),
    ]
    for name, unit in _AGAINST.items():
        against = "Ed25519 verify, one" if unit == "verify" else "copying them"
        found.append(_row(name.replace("_", " "), costs.of(name), "us", against, costs.of(unit), None))
    return found


_SCALE = {"ns": 1e9, "us": 1e6}


def _row(name: str, seconds: float, unit: str, against: str, baseline: float, aim: Aim | None) -> Figure:
    scale = _SCALE[unit]
    return figure(GROUP, name, seconds * scale, unit, against=against, baseline=baseline * scale, aim=aim)
