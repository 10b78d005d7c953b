"""What was broken and when, above what was sent and credited in the same seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from globelet.client.receipt import Receipt

_LEFT, _WIDE, _ROW, _TALL = 190, 700, 20, 60
# What ends what.
_ENDS = {
    "kill": ("restart", "restart_all"),
    "kill_all": ("restart_all",),
    "pause": ("resume", "kill", "kill_all"),
    "link_down": ("link_up",),
    "link_loss": ("link_up",),
    "link_slow": ("link_up",),
}


@dataclass(frozen=True)
class Span:
    """A fault from when it was made to when it was healed, microseconds of the world's time."""

    what: str
    begin_us: int
    end_us: int | None


def _whom(entry: Mapping[str, Any]) -> str:
    if "process" in entry:
        return str(entry["process"])
    if "source" not in entry:
        return "all processes"
    route = f" ({entry['route']})" if "route" in entry else ""
    return f"{entry['source']} → {entry['to']}{route}"


def _named(entry: Mapping[str, Any]) -> str:
    what = str(entry["fault"]).replace("_all", "").replace("_", " ")
    loss = f" {100 * float(entry['probability']):g} %" if "probability" in entry else ""
    slow = f" {float(entry['extra_ms']):g} ms" if "extra_ms" in entry else ""
    return f"{_whom(entry)}: {what}{loss}{slow}"


def spans(entries: Sequence[Mapping[str, Any]]) -> list[Span]:
    """Each fault with its end; None for one that nobody healed."""
    found = []
    for place, entry in enumerate(entries):
        ends = _ENDS.get(str(entry["fault"]))
        if ends is None:
            continue
        heals = (
            int(later["at_us"])
            for later in entries[place + 1 :]
            if later["fault"] in ends and (_whom(later) == _whom(entry) or str(later["fault"]).endswith("_all"))
        )
        found.append(Span(_named(entry), int(entry["at_us"]), next(heals, None)))
    return found


def timeline(entries: Sequence[Mapping[str, Any]], receipts: Sequence[Receipt]) -> str:
    """A drawing of both; empty without faults."""
    broken = spans(entries)
    if not broken:
        return ""
    sent = [r.clicked_us for r in receipts]
    credited = [r.micros["credited"] for r in receipts if "credited" in r.micros]
    times = sent + credited + [int(e["at_us"]) for e in entries]
    begin, end = min(times), max(max(times), min(times) + 1)
    names = list(dict.fromkeys(span.what for span in broken))
    lines = [_bar(span, names.index(span.what), begin, end) for span in broken]
    lines += [f'<text x="0" y="{_ROW * row + 14}">{escape(name)}</text>' for row, name in enumerate(names)]
    base = _ROW * len(names) + 16
    lines.append(_rates(sent, credited, begin, end, base))
    return (
        f'<figure><svg viewBox="0 0 {_LEFT + _WIDE + 10} {base + _TALL + 24}" role="img" aria-label="faults over '
        f'time, above transfers sent and credited in each second">{"".join(lines)}</svg><figcaption>'
        "Each bar is a fault until it was healed. Below, per second: sent (line) and credited (columns)."
        "</figcaption></figure>"
    )


def _bar(span: Span, row: int, begin: int, end: int) -> str:
    left = _LEFT + _WIDE * (span.begin_us - begin) / (end - begin)
    right = _LEFT + _WIDE * ((span.end_us or end) - begin) / (end - begin)
    until = f" to {(span.end_us - begin) / 1e6:,.1f} s" if span.end_us else ", not healed"
    title = escape(f"{span.what}, {(span.begin_us - begin) / 1e6:,.1f} s{until}")
    return (
        f'<rect x="{left:.1f}" y="{_ROW * row + 4}" width="{max(3.0, right - left):.1f}" height="13" class="fault" '
        f'rx="2"><title>{title}</title></rect>'
    )


def _rates(sent: Sequence[int], credited: Sequence[int], begin: int, end: int, base: int) -> str:
    seconds = int((end - begin) / 1e6) + 1
    out, arrived = (Counter(int((at - begin) / 1e6) for at in times) for times in (sent, credited))
    most = max([*out.values(), *arrived.values(), 1])
    width = _WIDE * 1e6 / (end - begin)
    foot = base + _TALL

    def height(count: int) -> float:
        return _TALL * count / most

    def wide(second: int) -> float:
        return max(0.5, min(width, _WIDE - width * second) - 0.5)

    columns = "".join(
        f'<rect x="{_LEFT + width * s:.1f}" y="{foot - height(n):.1f}" width="{wide(s):.1f}" height="{height(n):.1f}" '
        f'class="path"><title>{n} credited in second {s}</title></rect>'
        for s, n in sorted(arrived.items())
    )
    line = " ".join(
        f"{_LEFT + min(_WIDE, width * (s + 0.5)):.1f},{foot - height(out.get(s, 0)):.1f}" for s in range(seconds)
    )
    return (
        f'<text x="0" y="{base + 12}">per second, at most {most}</text>{columns}'
        f'<polyline points="{line}" class="line"/>'
        f'<line x1="{_LEFT}" x2="{_LEFT + _WIDE}" y1="{foot}" y2="{foot}" class="rule"/>'
        f'<text x="{_LEFT}" y="{foot + 16}">0 s</text>'
        f'<text x="{_LEFT + _WIDE}" y="{foot + 16}" text-anchor="end">{(end - begin) / 1e6:,.0f} s</text>'
    )
