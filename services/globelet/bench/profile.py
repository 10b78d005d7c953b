"""Where the processor's time goes, sampled by `perf` with call chains, for the machines that have it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from globelet.bench.session import Session

RATE = 199
SIGNATURES, ENCRYPTION, ERASURE, AGREEMENT = "signatures", "encryption", "erasure", "agreement"
HASHING, CODEC, LEDGER, DISK, NETWORK = "hashing", "codec", "ledger and the rest of the core", "disk", "network"
LINKS, SERVICES = "link emulator", "services"

# The innermost frame that one of these fits says what the time went to.
_FRAMES: list[tuple[str, re.Pattern[str]]] = [
    (SIGNATURES, re.compile(r"globelet_(signatures|vrf)|globelet_threshold.*signature|ed25519_dalek|libcrux|blst")),
    (ENCRYPTION, re.compile(r"globelet_(threshold|kem)|protocol(4|::)lane|ml_kem|x_wing|sntrup761|chacha20poly1305::")),
    (ERASURE, re.compile(r"globelet_erasure")),
    (AGREEMENT, re.compile(r"globelet_abba|globelet_hotstuff|municipal5round|municipal::round")),
    (DISK, re.compile(r"globelet_node.*(log|writer|outbox)|fdatasync|fsync")),
    (NETWORK, re.compile(r"rustls|aws_lc|tonic|hyper|axum|[^a-z]h2[^a-z]|tokio|globelet_node.*(transport|http)")),
    (CODEC, re.compile(r"borsh|globelet_types.*codec")),
    (HASHING, re.compile(r"blake3")),
    (LEDGER, re.compile(r"globelet_protocol|globelet_node.*core")),
]


def kind_of(command: str, thread: str, frames: Iterable[str]) -> str:
    """What a sample's time went to. Frames are given from the innermost outwards."""
    if command == "links":
        return LINKS
    if command == "services":
        return SERVICES
    for frame in frames:
        for kind, pattern in _FRAMES:
            if pattern.search(frame):
                return kind
    return {"core": LEDGER, "log": DISK}.get(thread, NETWORK)


_HEAD = re.compile(r"^(?P<thread>.+?)\s+(?P<pid>\d+)/\d+\s")


def samples(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Process, thread name and frames of each sample of `perf script -F comm,pid,tid,ip,sym`."""
    for block in text.split("\n\n"):
        lines = block.strip("\n").splitlines()
        head = _HEAD.match(lines[0] + " ") if lines else None
        if head:
            frames = [line.strip().partition(" ")[2] for line in lines[1:]]
            yield int(head["pid"]), head["thread"].strip(), frames


def shares(text: str, names: dict[int, str]) -> dict[str, float]:
    """The share of each kind in the samples, largest first."""
    found = Counter(kind_of(names.get(pid, ""), thread, frames) for pid, thread, frames in samples(text))
    total = max(1, found.total())
    return {kind: count / total for kind, count in found.most_common()}


def sample(session: Session, mix: str, rate: float) -> dict[str, float] | None:
    """Plays a load of its own, for sampling costs time itself; None where perf is missing or not allowed."""
    program = shutil.which("perf")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="globelet-perf-") as folder:
        data = Path(folder) / "perf.data"
        pids = ",".join(map(str, session.pids.values()))
        command = [program, "record", "-q", "-F", str(RATE), "-e", "cpu-clock", "--call-graph", "dwarf,16384"]
        recorder = subprocess.Popen(  # noqa: S603
            [*command, "-o", str(data), "-p", pids], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            session.trial(mix, rate)
        finally:
            recorder.terminate()
            recorder.wait(timeout=30)
        if not data.exists() or data.stat().st_size == 0:
            return None
        session.progress("reading the samples", 0, 1)
        read = [program, "script", "-i", str(data), "--no-inline", "-F", "comm,pid,tid,ip,sym"]
        told = subprocess.run(read, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    found = shares(told.stdout, {pid: name for name, pid in session.pids.items()})
    return found or None
