"""Load: latency over rate up to the knee, latency over time, the share that was there by then, who was busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.analysis.plots.style import BESIDE, FAINT, INK, PATH, SOFT, WARM

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_MOMENTS = {"admitted": SOFT, "committed": BESIDE, "credited": PATH, "told": WARM}


def knee(ax: Any, steps: pd.DataFrame) -> None:
    """Credited p50 and p99 (ms, logarithmic) over the rate; what holds is filled, what does not is hollow."""
    holds = steps.get("holds", steps["errors"] == 0).astype(str).str.lower() == "true"
    for column, name, colour in (("credited_p99_ms", "p99", WARM), ("credited_p50_ms", "p50", PATH)):
        ax.plot(steps["rate"], steps[column], color=colour, linewidth=1.4, zorder=2)
        for held, face in ((True, colour), (False, "white")):
            some = steps[holds == held]
            ax.scatter(some["rate"], some[column], s=42, facecolor=face, edgecolor=colour, linewidth=1.4, zorder=3)
        last = steps.iloc[-1]
        ax.annotate(name, (last["rate"], last[column]), (9, 0), textcoords="offset points", color=colour, va="center")
    if holds.any() and not holds.all():
        at = float(steps.loc[holds, "rate"].max())
        ax.axvline(at, color=INK, linewidth=1, linestyle=":")
        ax.text(at, 1.0, f" knee {at:,.0f}/s", ha="left", va="top", transform=ax.get_xaxis_transform())
    ax.set_yscale("log")
    ticker = columns.lab("matplotlib.ticker")
    ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(
        xlabel="transfers a second", ylabel="milliseconds to the credit", xlim=(0, 1.08 * float(steps["rate"].max()))
    )
    ax.grid(axis="y")
    ax.set_axisbelow(True)


def moments(ax: Any, report: dict[str, Any]) -> None:
    """`load.json`: of each moment p50 (dot), p99 (end of the thick line) and p99.9 (of the thin one), milliseconds."""
    told = {m: report[f"{m}_ms"] for m in _MOMENTS if (report.get(f"{m}_ms") or {}).get("p50") is not None}
    for row, (moment, ms) in enumerate(told.items()):
        colour = _MOMENTS[moment]
        ax.hlines(row, ms["p50"], ms["p999"], color=colour, linewidth=1)
        ax.hlines(row, ms["p50"], ms["p99"], color=colour, linewidth=5, alpha=0.5)
        ax.scatter([ms["p50"]], [row], color=colour, s=48, zorder=3)
        words = f"  {ms['p50']:,.0f} · {ms['p99']:,.0f} · {ms['p999']:,.0f} ms"
        ax.text(ms["p999"], row, words, color=INK, va="center", fontsize=9)
    ax.set_yticks(range(len(told)), list(told))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    end = 1.3 * max(ms["p999"] for ms in told.values())
    ax.set(xlabel="milliseconds from the intended time: p50 · p99 · p99.9", xlim=(0, end), ylim=(len(told) - 0.5, -0.5))


def over_time(ax: Any, seconds: pd.DataFrame) -> None:
    """`load_runs.per_second`: p50 as a line, up to p99 as a band."""
    ax.fill_between(seconds["second"], seconds["p50_ms"], seconds["p99_ms"], color=BESIDE, alpha=0.5, linewidth=0)
    ax.plot(seconds["second"], seconds["p50_ms"], color=PATH, linewidth=1.8)
    last = seconds.dropna().iloc[-1]
    for column, name, colour in (("p50_ms", "p50", PATH), ("p99_ms", "p99", SOFT)):
        at = (last["second"], last[column])
        ax.annotate(name, at, (6, 0), textcoords="offset points", color=colour, va="center")
    ax.set(xlabel="second of the run", ylabel="milliseconds to the credit", ylim=(0, None))
    ax.set_xlim(0, 1.06 * max(1, int(seconds["second"].max())))
    ax.grid(axis="y")
    ax.set_axisbelow(True)


def shares(ax: Any, found: dict[str, Any]) -> None:
    """`load_runs.shares`: which share of all transfers had reached each moment, over the time since it was due."""
    right = max(float(times[int(0.995 * (len(times) - 1))]) for times, _ in found.values())
    for place, (moment, (times, share)) in enumerate(found.items()):
        ax.plot(times, 100 * share, color=_MOMENTS.get(moment, INK), linewidth=1.8)
        ax.text(0.98 * right, 34 - 8 * place, moment, color=_MOMENTS.get(moment, INK), ha="right", weight="bold")
    ax.set(xlabel="milliseconds since it was due", ylabel="share of all sent, %", xlim=(0, right), ylim=(0, 101))
    ax.grid(axis="y")
    ax.set_axisbelow(True)


def busy(ax: Any, usage: pd.DataFrame) -> None:
    """Processors that each process kept busy, its mean over the run; the machine's cores are the end of the axis."""
    during = usage[(usage["at_s"] >= 0) & (usage["process"] != "machine")]
    means = during.groupby("process")["processors"].mean().sort_values()
    colours = [WARM if name == "generator" else PATH for name in means.index]
    ax.barh(range(len(means)), means, color=colours, height=0.6)
    for place, value in enumerate(means):
        ax.text(value, place, f" {value:.2f}", va="center", color=INK, fontsize=9)
    ax.set_yticks(range(len(means)), means.index)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="processors kept busy, mean", xlim=(0, 1.15 * max(float(means.max()), 0.01)))
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=FAINT)
    ax.set_axisbelow(True)
