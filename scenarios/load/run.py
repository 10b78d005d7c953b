"""Load without a page: `python scenarios/load/run.py --rate 500 --for 60s`, or `--rate knee`.

Leaves a folder under results/ with Locust's CSV files, pairs.csv, transfers.csv, usage.csv, load.json and report.md.
Exit status: 0 all credited, 1 not all (or no knee), 2 bad input, 3 invalid: what saturated was the generator or other
programs, not the testbed; 4 something is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import knee
from alone import alone
from report import alone_words, load_report
from schedule import Schedule, parse_count, parse_rate, parse_seconds
from testbed import Testbed
from trial import Choice, measure

from globelet.client.problem import Problem, Unreachable
from globelet.engines.errors import EngineError, Missing

DONE, FAILED, BAD_INPUT, INVALID, MISSING = range(5)
KNEE_STEP = "15s"
NOT_THE_TESTBED = ("generator", "others")


def main() -> int:
    """Runs, reports, and tells how it went."""
    options = _options()
    try:
        return _run(options)
    except EngineError as error:
        _say(f"globelet load: {error}")
        return error.exit_status
    except Unreachable as error:
        _say(f"globelet load: {error}")
        return MISSING
    except (Problem, TimeoutError) as error:
        _say(f"globelet load: {error}")
        return FAILED
    except KeyboardInterrupt:
        _say("globelet load: interrupted; what was measured so far lies in its folder")
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--world", default="tokyo-paris", help="a world that is up")
    parser.add_argument("--rate", default="500", help="transfers a second, or the word knee")
    parser.add_argument("--for", dest="duration", help="how long, as 60s or 2m (60s; 15s for each step to the knee)")
    parser.add_argument("--people", default="60", help="users, spread over cities by population")
    parser.add_argument("--streams", default="500", help="receipt streams a second at most; others are asked for later")
    parser.add_argument("--settle", default="30", help="seconds to wait for the last ends")
    parser.add_argument("--processes", default="1", help="processes that make the load")
    parser.add_argument("--seed", default="1", help="repeats who pays whom")
    parser.add_argument("--out", type=Path, help="folder instead of results/load-RATE-TIME (GLOBELET_RESULTS)")
    parser.add_argument("--no-alone", action="store_true", help="leave out measuring the generator by itself")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> int:
    to_the_knee = options.rate == "knee"
    rate = 0.0 if to_the_knee else parse_rate(options.rate)
    duration = options.duration or (KNEE_STEP if to_the_knee else "60s")
    if to_the_knee:
        parse_seconds(duration)
    else:
        Schedule.parse(options.rate, duration)
    choice = Choice(
        options.world,
        duration,
        parse_count(options.people, "--people", 1, 10_000),
        parse_count(options.streams, "--streams", 0, 100_000),
        parse_count(options.settle, "--settle", 1, 3_600),
        parse_count(options.processes, "--processes", 1, 64),
        parse_count(options.seed, "--seed", 0, 2**63),
    )
    testbed = Testbed.find(choice.world)
    testbed.require()
    results = Path(os.environ.get("GLOBELET_RESULTS", "results"))
    folder = options.out or results / f"load-{options.rate}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Missing(f"{folder} cannot be made: {error}; name another folder with --out") from error
    limits = {} if options.no_alone else alone(testbed, choice, _say)
    if to_the_knee:
        return _knee(testbed, choice, folder, limits, as_json=options.json)
    return _once(testbed, choice, rate, folder, limits, as_json=options.json)


def _once(testbed: Testbed, choice: Choice, rate: float, folder: Path, limits: dict[str, Any], *, as_json: bool) -> int:
    load = _measured(testbed, choice, rate, folder, limits)
    ms, stretch = load["credited_ms"], load["ocean"]["stretch"]
    _say(f"reached {load['reached']:,.1f}/s; {load['credited']:,} of {load['sent']:,} credited")
    if ms["p50"] is not None:
        _say("credited " + ", ".join(f"{name.replace('999', '99.9')} {value:,.1f} ms" for name, value in ms.items()))
    if stretch["p50"] is not None:
        _say(f"stretch across oceans p50 {stretch['p50']:.2f}, p99 {stretch['p99']:.2f}")
    _say(f"saturated: {load['saturated']}")
    _say(alone_words(load["generator"]))
    _tell(folder, load, as_json=as_json)
    if load["saturated_what"] in NOT_THE_TESTBED:
        return INVALID
    return DONE if load["credited"] == load["sent"] > 0 else FAILED


def _measured(testbed: Testbed, choice: Choice, rate: float, folder: Path, limits: dict[str, Any]) -> dict[str, Any]:
    load, pairs = measure(testbed, choice, rate, folder, limits, _say)
    (folder / "report.md").write_text(load_report(load, pairs), encoding="utf-8")
    return load


def _knee(testbed: Testbed, choice: Choice, folder: Path, limits: dict[str, Any], *, as_json: bool) -> int:
    def step(rate: float) -> dict[str, Any]:
        knee.rest(testbed)
        found = knee.step_of(_measured(testbed, choice, rate, folder / f"step-{rate:g}", limits))
        _say(f"  {rate:g}/s {'holds' if found['holds'] else 'does not hold'}; saturated: {found['saturated']}")
        return found

    found = {"world": choice.world, **knee.search(step, limits.get("alone_rate", 0.0)), **limits}
    knee.write(folder, found)
    _say(f"knee: {found['knee']:,g} transfers/s; above it saturated: {found['saturated']}")
    _say(alone_words(found))
    _tell(folder, found, as_json=as_json)
    if found["saturated_what"] in NOT_THE_TESTBED or not found["broke_at"]:
        return INVALID
    return DONE if found["knee"] else FAILED


def _tell(folder: Path, document: dict[str, Any], *, as_json: bool) -> None:
    _say(f"the report is {folder / 'report.md'}")
    if as_json:
        sys.stdout.write(json.dumps({"folder": str(folder), **document}, indent=1) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
