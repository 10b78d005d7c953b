"""The report of a load, for people: Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verdict import RULE

_NAMES = ("p50", "p90", "p99", "p999")
_HEAD = "| {} | p50 | p90 | p99 | p99.9 |\n|---|---:|---:|---:|---:|"


def load_report(load: dict[str, Any], pairs: Sequence[dict[str, Any]]) -> str:
    """One rate."""
    generator, machine = load["generator"], load["machine"]
    errors = ", ".join(f"{count:,} {code}" for code, count in sorted(load["problems"].items())) or "none"
    lines = [
        f"# {load['rate']:g} transfers/s on {load['world']} for {load['seconds']:g} s",
        "",
        f"- Rate asked {load['rate']:,g}/s, reached {load['reached']:,.1f}/s. Arrivals are evenly spaced and wait for "
        "nobody; every latency counts from the intended time of sending.",
        f"- {load['sent']:,} sent: {load['credited']:,} credited, {load['refused']:,} refused, "
        f"{load['refunded']:,} refunded, {load['unfinished']:,} unfinished. Codes: {errors}.",
        f"- **Saturated: {load['saturated']}.**",
        f"- Generator: {generator['processes']} process(es), {generator['processors']:.2f} processors, late by "
        f"{generator['lag_ms']['p50']:.1f} ms (p50), {generator['lag_ms']['p99']:.1f} ms (p99). "
        f"{alone_words(generator)}",
        f"- Machine: {machine['busy_percent']:.0f} % of {machine['cores']} processors busy, "
        f"{machine['steal_percent']:.1f} % stolen, other programs kept {machine['others']:.2f} processors busy.",
        "",
        "## Milliseconds from the intended time",
        "",
        _HEAD.format("moment"),
    ]
    for moment in ("admitted", "committed", "credited", "told"):
        lines.append(_row(moment, load[f"{moment}_ms"]))
    lines += [
        _row("stretch", load["stretch"]),
        _row("stretch across oceans", load["ocean"]["stretch"]),
        "",
        "*admitted* is the answer; *committed* and *credited* are the stamps of the receipt; *told* is when the "
        "sender's stream said credited, a wire later. *stretch* is credited ÷ wire; where the wire is a "
        "few milliseconds, the work of the chains is most of it.",
        "",
        "## Pairs: credited",
        "",
        "| pair | sent | errors | wire ms | p50 | p90 | p99 | p99.9 | stretch p50 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for pair in pairs:
        cells = [f"{pair['from']} → {pair['to']}", f"{pair['count']:,}", str(pair["errors"]), f"{pair['wire_ms']:.2f}"]
        cells += [_cell(pair[f"credited_{name}_ms"]) for name in _NAMES]
        lines.append(f"| {' | '.join([*cells, _cell(pair['stretch_p50'], 2)])} |")
    return "\n".join([*lines, "", *_processes(load), ""])


def _processes(load: dict[str, Any]) -> list[str]:
    if not load["processes"]:
        return ["What each process used is not known from here: the generator runs apart from the world."]
    lines = [
        "## Processes",
        "",
        "| process | processors | busiest thread | its share | MB | longest core queue | most effects gated |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for p in sorted(load["processes"], key=lambda p: -p["processors"]):
        queues = [_cell(p[name], 0) for name in ("core_queue_max", "gated_max")]
        lines.append(
            f"| {p['name']} | {p['processors']:.2f} | {p['busiest_thread']} | {p['thread_processors']:.0%} "
            f"| {p['rss_mb']:.0f} | {' | '.join(queues)} |"
        )
    return lines


def alone_words(generator: dict[str, Any]) -> str:
    """At what rate the generator saturates by itself."""
    if "alone_rate" not in generator:
        return "What it can do by itself was not measured."
    return (
        f"By itself, against a server that answers at once, it keeps up with {generator['alone_rate']:,g}/s; "
        f"{generator['alone_saturated_by']}."
    )


def knee_report(knee: dict[str, Any]) -> str:
    """The search for the knee."""
    named = f"{knee['knee']:,g} transfers/s" if knee["knee"] else "below the lowest rate tried"
    lines = [
        f"# The knee of {knee['world']}: {named}",
        "",
        f"- The highest rate that holds. A rate holds with {RULE}.",
        f"- The first rate that does not: {knee['broke_at']:,g}/s. **There saturated: {knee['saturated']}.**"
        if knee["broke_at"]
        else "- Every rate tried holds.",
        f"- {alone_words(knee)}",
        "",
        "| rate | reached | sent | errors | committed p50 | p99 | credited p50 | p99 | p99.9 | stretch p50 | p99 "
        "| generator late p99 | its processors | machine busy | holds |",
        f"|{'---:|' * 14}---|",
    ]
    for step in sorted(knee["steps"], key=lambda step: float(step["rate"])):
        names = ("committed_p50_ms", "committed_p99_ms", "credited_p50_ms", "credited_p99_ms", "credited_p999_ms")
        cells = [f"{step['rate']:,g}", f"{step['reached']:,.0f}", f"{step['sent']:,}", str(step["errors"])]
        cells += [_cell(step[name]) for name in names]
        cells += [_cell(step["stretch_p50"], 2), _cell(step["stretch_p99"], 2), _cell(step["lag_p99_ms"])]
        cells += [f"{step['generator_processors']:.2f}", f"{step['busy_percent']:.0f} %"]
        lines.append(f"| {' | '.join([*cells, 'yes' if step['holds'] else 'no'])} |")
    return "\n".join([*lines, ""])


def _row(name: str, values: dict[str, float | None]) -> str:
    return f"| {name} | {' | '.join(_cell(values[q], 2 if 'stretch' in name else 1) for q in _NAMES)} |"


def _cell(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
