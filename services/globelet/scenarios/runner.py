"""Runs one scenario on one engine and leaves its result folder."""

from __future__ import annotations

import csv
import json
import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from globelet.archiver import parquet
from globelet.engines.engine import Engine, Finding, Progress, silent
from globelet.engines.processes import usage
from globelet.scenarios import records
from globelet.scenarios.figures import figures, quantiles
from globelet.scenarios.host import HostMeter
from globelet.scenarios.probes import Probes
from globelet.scenarios.report import html
from globelet.scenarios.result import Invariant, LinkTruth, Result, verdict
from globelet.scenarios.scenario import Scenario
from globelet.scenarios.truth import judge, judge_internet
from globelet.scenarios.world import World

SETTLE = 60.0


@dataclass(frozen=True)
class Run:
    """A finished run: its result and where its folder is."""

    result: Result
    folder: Path


def run(
    scenario: Scenario,
    engine: Engine,
    folder: Path,
    *,
    seed: int | None = None,
    rate: float | None = None,
    repeat: str = "",
    progress: Progress = silent,
) -> Run:
    """Runs a scenario in a world that is up. Whatever it does, the folder is left and says so."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = scenario.seed if seed is None else seed
    world = World(engine, chosen, str(engine.now_us()), rate)
    failed_before = _policy(engine).get("failed", 0)
    meter = HostMeter(_usage_of(engine)).start()
    probes = Probes(engine)
    notes = probes.notes
    progress("probing links", 0, 1)
    probes.measure()
    progress(scenario.name, 0, 1)
    probes.start()
    error = _body(scenario, world, folder)
    checked = _end(world, notes)
    if rate is not None and not world.rate_asked:
        notes.append(f"a rate of {rate:g}/s was asked for and {scenario.name} has none: run it without --rate")
    probes.stop()
    progress("probing links again", 0, 1)
    probes.measure()
    sweeps = probes.alongside(world.faults)
    links = judge(engine.world, probes.rounds, sweeps)
    routes = judge_internet(engine.world, probes.rounds, sweeps)
    host = meter.stop()
    if not engine.real_time:
        host = host.model_copy(update={"saturated": False})
    policy = _policy(engine)
    if policy.get("failing") or policy.get("failed", 0) > failed_before:
        notes.append(f"the selection policy failed, and older weights stayed in force: {policy['last_failure']}")
    ruling, reasons = verdict(world.expectations, checked, [*links, *routes], host, error)
    if ruling == "pass" and notes:
        ruling = "invalid"
    result = Result(
        scenario=scenario.name,
        engine=engine.name,
        world=engine.world.name,
        seed=chosen,
        verdict=ruling,
        expectations=world.expectations,
        invariants=checked,
        links=links,
        routes=routes,
        figures=figures(world.receipts) | _moves(world) | {"repairs": world.repaired()} | engine.figures(),
        host=host,
        repeat=repeat,
        error=error,
        reasons=notes + reasons,
    )
    _leave(result, world, folder)
    return Run(result, folder)


def _policy(engine: Engine) -> dict[str, Any]:
    """What came of the world's selection policy; nothing where it names none."""
    return dict(engine.figures().get("selection", {}))


def _moves(world: World) -> dict[str, Any]:
    """How many accounts moved, and how long it took; nothing where none did."""
    arrived = [r.stages["credited"] for r in world.moves if r.ended == "credited"]
    return {"moves": {"ordered": len(world.moves), "credited_ms": quantiles(arrived)}} if world.moves else {}


def _usage_of(engine: Engine) -> Any:
    """Processor seconds by pid and megabytes of everything the engine runs; cheap enough for once a second."""
    pids = [p.pid for p in engine.status().processes if p.pid]

    def sample() -> tuple[dict[int, float], float]:
        rows = {pid: usage(pid) for pid in pids}
        inside = 0.0 if pids else usage(os.getpid())[0]  # a simulated world lives in this process
        return {pid: cpu for pid, (_, cpu) in rows.items()}, inside + sum(rss for rss, _ in rows.values())

    return sample


def _body(scenario: Scenario, world: World, folder: Path) -> str | None:
    try:
        scenario(world)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        (folder / "traceback.txt").write_text(traceback.format_exc())
        return f"{type(error).__name__}: {error}"
    return None


def _end(world: World, notes: list[str]) -> list[Invariant]:
    """Gives every transfer the time to end, then checks the invariants on ledgers that have come to rest."""
    try:
        world.settle(timeout=SETTLE)
        archived = records.gather(world)
        seen: list[list[Invariant]] = []

        def rest() -> bool:
            seen.append(world.invariants())
            return all(i.holds is not False for i in seen[-1])

        world.wait_until(rest, 10.0)  # ledgers of different chains are not read at one instant
        done = [records.complete(i, world.climbs, archived) if i.name == "completeness" else i for i in seen[-1]]
        return _joined([*done, records.verifiability(world)], world.engine.findings())
    except Exception as error:
        found = _joined([], world.engine.findings())
        if any(i.holds is False for i in found):
            return found  # a simulation stops where an invariant breaks
        notes.append(f"the invariants could not be checked: {type(error).__name__}: {error}")
        return [Invariant(name="checkable", holds=False, detail=notes[-1])]


def _joined(found: list[Invariant], own: list[Finding]) -> list[Invariant]:
    """With what the engine itself found: an invariant holds if nobody saw it broken."""
    joined = {i.name: i for i in found}
    for one in own:
        before = joined.get(one.name, Invariant(name=one.name, holds=None, detail=""))
        holds = [h for h in (before.holds, one.holds) if h is not None]
        detail = "; ".join(d for d in (before.detail, one.detail) if d)
        joined[one.name] = Invariant(name=one.name, holds=all(holds) if holds else None, detail=detail)
    return list(joined.values())


def _leave(result: Result, world: World, folder: Path) -> None:
    document = result.model_dump(mode="json", by_alias=True)
    (folder / "result.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "world.yaml").write_text(yaml.safe_dump(json.loads(world.spec.to_json()), sort_keys=False))
    (folder / "faults.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in world.faults.entries))
    _links_csv(result.links, folder / "links.csv")
    receipts = [r.as_dict() for r in world.receipts]
    if parquet.available():
        parquet.write(folder / "receipts.parquet", receipts)
    else:
        (folder / "receipts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in receipts))
    (folder / "report.html").write_text(html(result, world.faults.entries, world.receipts, world.repaired()))
    world.engine.collect(folder / "logs")


def _links_csv(links: list[LinkTruth], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, ["from", "to", "declared_ms", "measured_p50_ms", "measured_p99_ms", "within_tolerance"]
        )
        writer.writeheader()
        writer.writerows(link.model_dump(by_alias=True) for link in links)


def default_folder(scenario: Scenario) -> Path:
    """results/SCENARIO-TIME in the current directory."""
    return Path("results") / f"{scenario.name}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
