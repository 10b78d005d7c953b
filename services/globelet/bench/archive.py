"""How fast the archiver is, and how much memory it takes: `python -m globelet.bench.archive`.

Receipts come from real outboxes of a world (its own, which it starts; or `--records`), told again under other ids.
`--into embedded` measures the local engine's store; `--into stores` the bus and all stores of the environment
(GLOBELET_BUS, GLOBELET_MONGO_URL, …), in a world of its own name, with the archiver as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import httpx
import psutil

from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store
from globelet.bench import archive_outbox
from globelet.bench.archive_cost import Sample, at_rest, of_stores, spent
from globelet.bench.figure import Aim, Figure, figure
from globelet.bench.table import document, show
from globelet.client.wire import Wire
from globelet.engines.ports import first_free

EMBEDDED_AIM, STORES_AIM, FLAT_AIM = 5_000, 2_000, 1.1
PROCESSES = ("tokyo", "osaka", "seoul", "paris", "london", "hesse")
_WARM = 0.15
_READY_S, _SETTLED_S = 60.0, 90.0
# One for all questions: making one takes a twentieth of a second of a processor, which the stores want.
_ASK = httpx.Client(timeout=10, trust_env=False)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now, below those that the kernel gives to connections."""
    found: list[int] = []
    while len(found) < count:
        found.append(first_free("127.0.0.1", 30_000, set(found)))
    return found


def fetch(port: int, path: str) -> dict[str, int]:
    """A small JSON document of an outbox."""
    return dict(_ASK.get(f"http://127.0.0.1:{port}{path}").json())


@contextmanager
def outboxes(folder: Path, total: int, rate: float | None) -> Iterator[dict[str, int]]:
    """Serves outboxes in a process of its own; gives the port of each."""
    ports = dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True))
    child = get_context("spawn").Process(
        target=archive_outbox.serve, args=(ports, str(folder), total, rate), daemon=True
    )
    child.start()
    try:
        for port in ports.values():
            _await(lambda port=port: fetch(port, "/archived"), "the outboxes")
        yield ports
    finally:
        child.terminate()
        child.join()


def _await(look: object, what: str) -> None:
    until = time.monotonic() + _READY_S
    while True:
        try:
            assert callable(look)
            look()
        except (httpx.HTTPError, OSError):
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not answer within {_READY_S:.0f} s") from None
            time.sleep(0.1)
        else:
            return


def embedded(folder: Path, total: int) -> list[Figure]:
    """Receipts a second from outboxes over HTTP into SQLite and the minute journals."""
    with tempfile.TemporaryDirectory(prefix="globelet-bench-") as place, outboxes(folder, total, None) as ports:
        state, me = Path(place), psutil.Process()
        store, files = Store(state / "archive.sqlite"), MinuteFiles(state / "parquet")
        follower = Follower({name: ("127.0.0.1", port) for name, port in ports.items()}, store, files)

        async def one(name: str, port: int) -> None:
            wire = Wire("127.0.0.1", port)
            while await follower.page(name, wire):
                pass

        async def drain() -> None:
            await asyncio.gather(*(one(name, port) for name, port in ports.items()))

        before, began = me.cpu_times(), time.monotonic()
        asyncio.run(drain())
        span, after = time.monotonic() - began, me.cpu_times()
        used = after.user + after.system - before.user - before.system
        taken = store.counts()["receipts"]
        size = (state / "archive.sqlite").stat().st_size / taken
        store.close()
    group = "embedded store"
    return [
        figure(group, f"receipts a second ({taken} of them)", taken / span, "1/s", aim=_least(EMBEDDED_AIM)),
        figure(group, "processors used by it", used / span, "", against="one receipt, ms", baseline=used / taken * 1e3),
        figure(
            group,
            "receipts a second of one whole processor, at that",
            taken / used,
            "1/s",
            aim=_least(EMBEDDED_AIM),
            how="estimated",
        ),
        figure(group, "bytes on disk per receipt", size, "B"),
    ]


def _least(bound: float) -> Aim:
    return Aim(bound, side="least")


@contextmanager
def archiver(ports: Mapping[str, int], stores: str) -> Iterator[tuple[psutil.Process, int]]:
    """The archiver as a process of its own, in a world of its own name; gives it and its port."""
    port, folder = free_ports(1)[0], tempfile.mkdtemp(prefix="globelet-bench-")
    world = f"bench-{secrets.token_hex(3)}"
    env = os.environ | {
        "GLOBELET_WORLD": world,
        "GLOBELET_S3_BUCKET": world,
        "GLOBELET_ARCHIVER_HOST": f"127.0.0.1:{port}",
        "GLOBELET_ARCHIVER_FOLDER": folder,
        "GLOBELET_OUTBOXES": ",".join(f"{name}=127.0.0.1:{at}" for name, at in ports.items()),
    }
    with (Path(folder) / "log").open("w") as log:
        command = [sys.executable, "-m", "globelet.archiver", "--stores", stores]
        child = subprocess.Popen(command, env=env, stdout=log, stderr=log)  # noqa: S603
        try:
            _await(lambda: _ASK.get(f"http://127.0.0.1:{port}/metrics"), "the archiver")
            yield psutil.Process(child.pid), port
        finally:
            child.terminate()
            child.wait(30)
            sys.stderr.write((Path(folder) / "log").read_text()[-2000:])
            shutil.rmtree(folder, ignore_errors=True)


def look(process: psutil.Process, port: int, ports: Mapping[str, int], began: float) -> Sample:
    """One sample."""
    text = _ASK.get(f"http://127.0.0.1:{port}/metrics").text
    counts = re.findall(r'^globelet_archiver_records_total\{store="(\w+)"\} (\d+)$', text, re.M)
    told = [fetch(at, "/archived") for at in ports.values()]
    times = process.cpu_times()
    return Sample(
        round(time.monotonic() - began, 1),
        process.memory_info().rss / 1e6,
        times.user + times.system,
        {store: int(count) for store, count in counts},
        sum(one["archived"] for one in told),
        sum(one["newest"] for one in told),
        sum(one["total"] for one in told),
    )


def behind(port: int) -> int:
    """Records that some store has not yet."""
    text = _ASK.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(int(lag) for lag in re.findall(r"^globelet_archiver_lag_records\{.*\} (\d+)$", text, re.M))


def into_stores(
    folder: Path, total: int, rate: float | None, seconds: float, stores: str
) -> tuple[list[Sample], Sample]:
    """Feeds the stores for so long, or until all is archived; a sample every few seconds, and one when it is settled.

    What is archived is in DynamoDB and MongoDB; S3 has it when its minute is over, and that costs too.
    """
    with outboxes(folder, total, rate) as ports, archiver(ports, stores) as (process, port):
        for at in ports.values():
            _ASK.post(f"http://127.0.0.1:{at}/begin")
        began, samples = time.monotonic(), []
        while True:
            samples.append(look(process, port, ports, began))
            last = samples[-1]
            counts = " ".join(f"{store} {n}" for store, n in last.stores.items())
            sys.stderr.write(f"{last.at:6.1f} s  {last.rss_mb:6.1f} MB  archived {last.archived}  {counts}\n")
            if last.at >= seconds or last.archived >= last.total:
                until = time.monotonic() + (_SETTLED_S if last.archived >= last.total else 0.0)
                while behind(port) and time.monotonic() < until:
                    time.sleep(1.0)
                return samples, look(process, port, ports, began)
            time.sleep(min(5.0, max(1.0, seconds / 60)))


def judged(samples: list[Sample], rate: float | None) -> list[Figure]:
    """Rates after the first moments, memory over time, what a receipt costs."""
    first = next(s for s in samples if s.at >= _WARM * samples[-1].at)
    last, group = samples[-1], "stores in containers"
    span, done = last.at - first.at, last.archived - first.archived
    against, offered = ("offered a second", rate) if rate else (None, None)
    rows = [
        figure(
            group,
            "receipts archived a second (DynamoDB and MongoDB have them)",
            done / span,
            "1/s",
            against=against,
            baseline=offered,
            aim=None if rate else _least(STORES_AIM),
        )
    ]
    for store, count in last.stores.items():
        rows.append(figure(group, f"records a second into {store}", (count - first.stores.get(store, 0)) / span, "1/s"))
    used = (last.cpu_s - first.cpu_s) / span
    rows.append(figure(group, "processors used by the archiver", used, ""))
    rows.append(figure(group, "archiver's time per receipt", (last.cpu_s - first.cpu_s) / max(done, 1) * 1e3, "ms"))
    half = [s.rss_mb for s in samples if last.at * 0.25 <= s.at < last.at * 0.5] or [first.rss_mb]
    end = [s.rss_mb for s in samples if s.at >= last.at * 0.75]
    early, late = sum(half) / len(half), sum(end) / len(end)
    name = f"memory in the last quarter of {last.at:.0f} s"
    flat = Aim(FLAT_AIM, of="ratio")
    rows.append(figure(group, name, late, "MB", against="the second quarter", baseline=early, aim=flat))
    rows.append(figure(group, "highest memory", max(s.rss_mb for s in samples), "MB"))
    return rows


def own_records(folder: Path) -> None:
    """Receipts of a world that is started for it, loaded for some seconds and taken down."""
    from globelet.bench.session import Session

    with Session("tokyo-paris", quick=True) as session:
        session.load("everyone", 10)
        session.world.run_for(5.0)  # the proofs that come late
        places = {p.name: (p.host, p.http_port) for p in session.world.engine.world.processes}
        archive_outbox.record(places, folder)


def main() -> None:
    """Measures, prints a table, and exits 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="globelet.bench.archive", description=__doc__)
    parser.add_argument("--into", choices=("embedded", "stores", "both"), default="both")
    parser.add_argument("--records", type=Path, help="folder of receipts; made from a world of its own if not there")
    parser.add_argument("--total", type=int, default=60_000, help="receipts of all outboxes together")
    parser.add_argument("--rate", type=float, help="receipts a second on offer; all at once if not given")
    parser.add_argument(
        "--warm", type=int, default=0, help="receipts that the stores take first; said, but not held against the aim"
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="how long at most, into the stores")
    parser.add_argument("--stores", default="dynamodb,mongodb,s3,immudb")
    parser.add_argument("--containers", default="", help="begin of the stores' names: their processor time counts too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = options.records or Path(tempfile.mkdtemp(prefix="globelet-records-"))
    if not any(folder.glob("*.jsonl")):
        own_records(folder)
    figures: list[Figure] = []
    samples: list[Sample] = []
    if options.into in ("embedded", "both"):
        figures += embedded(folder, options.total)
    if options.into in ("stores", "both"):
        if options.warm:
            cold, _ = into_stores(folder, options.warm, None, options.seconds, options.stores)
            rate = (cold[-1].archived - cold[0].archived) / (cold[-1].at - cold[0].at)
            figures.append(figure("stores in containers", "receipts archived a second while warming up", rate, "1/s"))
        idle = at_rest(options.containers)
        before = spent(options.containers)
        samples, settled = into_stores(folder, options.total, options.rate, options.seconds, options.stores)
        after = spent(options.containers)
        figures += judged(samples, options.rate)
        used = {name: after[name] - before.get(name, 0.0) for name in after}
        figures += of_stores(used, idle, samples[0], settled, STORES_AIM)
    if options.json:
        made = document(figures, [], world="tokyo-paris", quick=False) | {"samples": [asdict(s) for s in samples]}
        sys.stdout.write(json.dumps(made, indent=1) + "\n")
    else:
        show(figures)
    sys.exit(1 if any(f.holds is False for f in figures) else 0)


if __name__ == "__main__":
    main()
