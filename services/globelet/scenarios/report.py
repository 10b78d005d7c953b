"""report.html: one self-contained page for people."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from globelet.scenarios.result import Result

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;
padding:0 1rem;color:#1a2330;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{padding:.3rem .6rem;border-bottom:1px solid #dde3ea;text-align:left;font-variant-numeric:tabular-nums}
.pass{color:#0a7a3d}.fail{color:#b3261e}.invalid{color:#8a5a00}code{background:#f1f4f7;padding:.1rem .3rem}
svg text{font:12px system-ui,sans-serif;fill:#1a2330}
@media(prefers-color-scheme:dark){body{color:#e6eaf0;background:#12171e}td,th{border-color:#2b3440}
code{background:#1f2732}svg text{fill:#e6eaf0}.pass{color:#4cc383}.fail{color:#ff8a80}.invalid{color:#e3b04b}}"""


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    top = "".join(f"<th scope=col>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(_text(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _bars(per_stage: dict[str, dict[str, float | None]]) -> str:
    """Median and 99th percentile of each stage, milliseconds since the click, as bars."""
    rows = [(stage, q["p50"], q["p99"]) for stage, q in per_stage.items() if q.get("p50") is not None]
    if not rows:
        return "<p>No transfer was followed.</p>"
    widest = max(float(p99 or 0) for _, _, p99 in rows) or 1.0
    lines = []
    for number, (stage, p50, p99) in enumerate(rows):
        y, scale = 24 * number, 560 / widest
        lines.append(
            f'<text x="0" y="{y + 15}">{escape(stage)}</text>'
            f'<rect x="110" y="{y + 3}" width="{max(1, float(p99 or 0) * scale):.1f}" height="16" fill="#9db8d9"/>'
            f'<rect x="110" y="{y + 3}" width="{max(1, float(p50 or 0) * scale):.1f}" height="16" fill="#2f6db5"/>'
            f'<text x="{118 + float(p99 or 0) * scale:.1f}" y="{y + 15}">{p50:,.1f} / {p99:,.1f} ms</text>'
        )
    return (
        f'<svg viewBox="0 0 860 {24 * len(rows)}" width="100%" role="img" aria-label="time from click to each '
        f'stage, median and 99th percentile">{"".join(lines)}</svg>'
    )


def html(result: Result) -> str:
    """The page of a result."""
    figures = result.figures
    counts = [(name, figures[name]) for name in ("transfers", "credited", "refused", "refunded", "unfinished")]
    pairs = [
        (
            p["from"],
            p["to"],
            p["transfers"],
            p["wire_ms"],
            p["credited_ms"]["p50"],
            p["credited_ms"]["p99"],
            p["stretch"]["p50"],
            p["stretch"]["p99"],
        )
        for p in figures["per_pair"]
    ]
    links = [
        (k.source, k.to, k.declared_ms, k.measured_p50_ms, k.measured_p99_ms, k.within_tolerance) for k in result.links
    ]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in result.reasons)
    parts = [
        f"<h1>{escape(result.scenario)}: <span class={result.verdict}>{result.verdict}</span></h1>",
        f"<p>World {escape(result.world)}, engine {escape(result.engine)}, seed {result.seed}. "
        f"Repeat: <code>{escape(result.repeat)}</code></p>",
        f"<ul>{reasons}</ul>" if reasons else "",
        "<h2>Expectations</h2>",
        _table(("what", "value", "bound", "holds"), ((e.name, e.value, e.bound, e.holds) for e in result.expectations)),
        "<h2>Invariants</h2>",
        _table(("what", "holds", "detail"), ((i.name, i.holds, i.detail) for i in result.invariants)),
        "<h2>Time from click to each stage (median, 99th percentile)</h2>",
        _bars(figures["per_stage"]),
        "<h2>Transfers</h2>",
        _table(("what", "count"), counts),
        "<h2>Pairs</h2>",
        _table(("from", "to", "transfers", "wire ms", "p50 ms", "p99 ms", "stretch p50", "stretch p99"), pairs),
        "<h2>Links, declared and measured</h2>",
        _table(("from", "to", "declared ms", "measured p50", "measured p99", "within tolerance"), links),
        "<h2>Host</h2>",
        _table(("what", "value"), result.host.model_dump().items()),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(result.scenario)}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
