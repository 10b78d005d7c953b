"""What saturated: the generator, the machine (or other programs on it), a process of the world, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meter import Usage

FULL = 0.9
"""A thread, or a generator process, that is busy for this share of the time has no room left."""
BUSY_PERCENT = 95.0
LATE_MS = 20.0
"""A generator that is later than this (p99) on a machine with room to spare is too slow by itself."""
OTHERS = 0.3
"""Processors that other programs may keep busy on a full machine; with more, nothing is known of this load."""
MOST_STRETCH, LEAST_REACHED = 2.0, 0.98
RULE = (
    f"every transfer credited, at least {LEAST_REACHED:.0%} of the rate reached, and the stretch across oceans "
    f"at most {MOST_STRETCH:g} at p99"
)


@dataclass(frozen=True)
class Verdict:
    """`what`: none, generator, machine, others, refusals or process:NAME; and a sentence."""

    what: str
    sentence: str


def judge(load: dict[str, Any], usage: Usage) -> Verdict:
    """From the figures of a load and what was used meanwhile."""
    generator, lag = load["generator"], load["generator"]["lag_ms"]["p99"]
    each = generator["processors"] / max(1, generator["processes"])
    full = [p for p in usage.processes if p.thread_processors >= FULL]
    if each >= FULL or (lag > LATE_MS and usage.busy_percent < BUSY_PERCENT and not full):
        return Verdict(
            "generator",
            f"the generator: {each:.2f} of a processor in each of its {generator['processes']} processes, "
            f"{lag:,.0f} ms late at p99; give it more by PROCESSES=",
        )
    if usage.busy_percent >= BUSY_PERCENT and not usage.processes:
        # Seen from a container, where the world's processes are not known from others.
        return Verdict(
            "machine",
            f"the machine: {usage.busy_percent:.0f} % of its {usage.cores} processors busy, the generator with "
            f"{usage.generator:.2f} of them; what the world had of the rest is not known from here",
        )
    if usage.busy_percent >= BUSY_PERCENT and usage.others > OTHERS:
        return Verdict(
            "others",
            f"the machine, and not by this load alone: other programs kept {usage.others:.2f} of its {usage.cores} "
            "processors busy; measure again when they are at rest",
        )
    if usage.busy_percent >= BUSY_PERCENT:
        most = sorted(usage.processes, key=lambda p: -p.processors)[:3]
        shares = [f"{p.name} {p.processors:.2f}" for p in most] + [f"the generator {usage.generator:.2f}"]
        return Verdict(
            "machine",
            f"the machine: {usage.busy_percent:.0f} % of its {usage.cores} processors busy "
            f"({', '.join(shares)} processors){_queue(usage)}",
        )
    if full:
        worst = max(full, key=lambda p: p.thread_processors)
        return Verdict(
            f"process:{worst.name}",
            f"process {worst.name}: its thread {worst.busiest_thread} was busy "
            f"{worst.thread_processors:.0%} of the time{_queue(usage)}",
        )
    if refused := load["problems"].get("busy"):
        return Verdict("refusals", f"the ingress queues: {refused:,} transfers were refused as busy{_queue(usage)}")
    return Verdict("none", "nothing: there was room everywhere")


def _queue(usage: Usage) -> str:
    queues = [(p.core_queue_max or 0.0, p.name, "inputs waiting for the core") for p in usage.processes]
    queues += [(p.gated_max or 0.0, p.name, "effects waiting for the disk") for p in usage.processes]
    longest = max(queues, default=(0.0, "", ""))
    return f"; the longest queue was {longest[1]}'s {longest[0]:,.0f} {longest[2]}" if longest[0] >= 1 else ""


def holds(load: dict[str, Any]) -> bool:
    """Whether the testbed carried the load, by `RULE`."""
    stretch = load["ocean"]["stretch"]["p99"]
    return bool(
        load["sent"] > 0
        and load["credited"] == load["sent"]
        and load["reached"] >= LEAST_REACHED * load["rate"]
        and (stretch is None or stretch <= MOST_STRETCH)
    )
