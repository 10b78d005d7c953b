"""The ladder as a waterfall: each step's median from the step before it, against the wire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape

from globelet.client.receipt import LADDER, Receipt
from globelet.scenarios.figures import percentile

PATH, BESIDE = LADDER[:5], LADDER[5:]
_LEFT, _WIDE, _ROW, _RIGHT = 110, 620, 26, 170


def farthest(receipts: Sequence[Receipt]) -> list[Receipt]:
    """The credited transfers of one pair: the one with the longest wire, then with the most transfers."""
    pairs: dict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.ended == "credited":
            pairs[receipt.source, receipt.destination].append(receipt)
    return max(pairs.values(), key=lambda some: (some[0].wire_ms, len(some)), default=[])


def waterfall(receipts: Sequence[Receipt]) -> str:
    """A drawing with its caption; a sentence where nothing was credited."""
    some = farthest(receipts)
    if not some:
        return "<p>No transfer was credited, so there is no ladder to draw.</p>"
    wire = some[0].wire_ms
    times = {s: [r.stages[s] for r in some if s in r.micros] for s in LADDER}
    steps = {s: (percentile(t, 0.5), percentile(t, 0.99)) for s, t in times.items() if t}
    credited, late = steps["credited"]
    # A few very late ones would press all others against the left edge: they leave the drawing on the right.
    end = 1.05 * min(max(wire, late), max(1.6 * wire, 2 * credited))
    lines = [_axis(wire, end, len(steps))]
    before = 0.0
    for row, (stage, (p50, p99)) in enumerate(steps.items()):
        lines.append(_step(row, stage, before if stage in PATH else 0.0, p50, p99, end))
        before = p50 if stage in PATH else before
    height = _ROW * len(steps) + 30
    caption = (
        f"{escape(some[0].source)} → {escape(some[0].destination)}, {len(some)} credited transfers, "
        f"wire {wire:,.2f} ms. "
        "A bar reaches from the median of the step before to the median of this one; the thin line ends at the 99th "
        "percentile, or leaves on the right (→). The steps below the rule run beside the path: nobody waits for them."
    )
    return (
        f'<figure><svg viewBox="0 0 {_LEFT + _WIDE + _RIGHT} {height}" role="img" aria-label="waterfall of the ladder '
        f'against the wire">{"".join(lines)}</svg><figcaption>{caption}</figcaption></figure>'
    )


def _x(ms: float, end: float) -> float:
    return _LEFT + _WIDE * min(max(ms, 0.0), end) / end


def _axis(wire: float, end: float, rows: int) -> str:
    bottom, at, rule = _ROW * rows + 4, _x(wire, end), _ROW * len(PATH) + 1
    return (
        f'<rect x="{_LEFT}" y="0" width="{at - _LEFT:.1f}" height="{bottom}" class="wire"/>'
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{bottom}" class="mark"/>'
        f'<text x="{at:.1f}" y="{bottom + 16}">wire {wire:,.1f} ms</text>'
        f'<text x="{_LEFT}" y="{bottom + 16}" text-anchor="end">click</text>'
        f'<line x1="0" x2="{_LEFT + _WIDE + _RIGHT}" y1="{rule}" y2="{rule}" class="rule"/>'
    )


def _step(row: int, stage: str, start: float, p50: float, p99: float, end: float) -> str:
    y, kind = _ROW * row + 4, "path" if stage in PATH else "beside"
    left, right, far = _x(start, end), _x(p50, end), _x(p99, end)
    off = " →" if p99 > end else ""
    return (
        f'<text x="0" y="{y + 14}">{escape(stage)}</text>'
        f'<rect x="{left:.1f}" y="{y}" width="{max(1.5, right - left):.1f}" height="18" class="{kind}" rx="2"/>'
        f'<line x1="{right:.1f}" x2="{far:.1f}" y1="{y + 9}" y2="{y + 9}" class="tail"/>'
        f'<text x="{_LEFT + _WIDE + 10}" y="{y + 14}">{p50:,.1f} · {p99:,.1f} ms{off}</text>'
    )
