"""report.html: one self-contained page for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from globelet.client.receipt import LADDER, OTHER_ENDS, Receipt
from globelet.scenarios.result import LinkTruth, Result
from globelet.scenarios.timeline import timeline
from globelet.scenarios.truth import ABSOLUTE_MS, RELATIVE
from globelet.scenarios.waterfall import waterfall

_STYLE = """:root{color-scheme:light dark;--ink:#1a2330;--paper:#fff;--soft:#5a6675;--rule:#dde3ea;--code:#f1f4f7;
--bar:#2f6db5;--beside:#8fa3b8;--wire:#e9eef5;--hot:#e07a2f;--pass:#0a7a3d;--fail:#b3261e;--invalid:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#12171e;--soft:#9aa7b6;--rule:#2b3440;--code:#1f2732;
--bar:#5b9be6;--beside:#64788d;--wire:#1d2733;--hot:#d9772b;--pass:#4cc383;--fail:#ff8a80;--invalid:#e3b04b}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;
color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin-bottom:.3rem}h2{font-size:1.1rem;margin-top:2.2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
td,th{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.87rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.heat{background:color-mix(in srgb,var(--hot) calc(var(--heat)*1%),transparent)}
.pass,.yes{color:var(--pass)}.fail,.no{color:var(--fail);font-weight:600}.invalid{color:var(--invalid)}
code{background:var(--code);padding:.1rem .3rem;border-radius:3px}
.soft,figcaption{color:var(--soft);font-size:.9rem}figure{margin:0}summary{cursor:pointer}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem 2.2rem;margin:1rem 0}.tiles b{display:block;font-size:1.35rem;
font-variant-numeric:tabular-nums}.tiles span{color:var(--soft);font-size:.87rem}
svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
.wire{fill:var(--wire)}.mark{stroke:var(--ink);stroke-dasharray:4 3}.rule{stroke:var(--rule)}
.path{fill:var(--bar)}.beside{fill:var(--beside)}.tail{stroke:var(--soft);stroke-width:1.5}
.fault{fill:var(--hot)}.line{fill:none;stroke:var(--ink);stroke-width:1.2}"""


_LINKS_TOLD = 4


@dataclass(frozen=True)
class Heat:
    """A number whose cell is shaded: 0 not at all, 1 fully."""

    value: float | None
    share: float


def _cell(value: Any) -> str:
    if isinstance(value, Heat):
        shade = round(70 * min(max(value.share, 0.0), 1.0))
        return f'<td class="n heat" style="--heat:{shade}">{escape(_text(value.value))}</td>'
    if isinstance(value, bool):
        return f"<td class={'yes' if value else 'no'}>{'yes' if value else 'NO'}</td>"
    kind = " class=n" if isinstance(value, int | float) else ""
    return f"<td{kind}>{escape(_text(value))}</td>"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _table(head: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; a heading stands right where the first row has a number below it."""
    shown = list(rows)
    numeric = [isinstance(c, int | float | Heat) and not isinstance(c, bool) for c in shown[0]] if shown else []
    numeric += [False] * len(list(head := list(head)))
    top = "".join(
        f"<th scope=col{' class=n' if right else ''}>{escape(h)}</th>" for h, right in zip(head, numeric, strict=False)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in shown)
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _reasons(reasons: Sequence[str]) -> str:
    """What the verdict rests on; links, when there are many, as one line: their table shows them."""
    links = [r for r in reasons if r.startswith("link ")]
    if len(links) > _LINKS_TOLD:
        reasons = [*(r for r in reasons if r not in links), f"{len(links)} links are outside the tolerance, see below"]
    return f"<ul>{''.join(f'<li>{escape(r)}</li>' for r in reasons)}</ul>" if reasons else ""


def _tiles(figures: Mapping[str, Any], repairs: int | None) -> str:
    tiles = [(name, _text(figures[name])) for name in ("transfers", "credited", "refused", "refunded", "unfinished")]
    tiles.append(("parcels repaired", _text(repairs)))
    tiles += [(f"credited {name}, ms", _text(figures["credited_ms"][name])) for name in ("p50", "p99")]
    tiles += [(f"stretch {name}", _text(figures["stretch"][name])) for name in ("p50", "p99")]
    return (
        "<div class=tiles>"
        + "".join(f"<div><b>{escape(v)}</b><span>{escape(n)}</span></div>" for n, v in tiles)
        + "</div>"
    )


def _stages(per_stage: Mapping[str, Mapping[str, float | None]]) -> str:
    rows = [
        (stage, *(per_stage[stage][q] for q in ("p50", "p90", "p99", "p999")))
        for stage in LADDER + OTHER_ENDS
        if per_stage.get(stage, {}).get("p50") is not None
    ]
    return _table(("stage", "p50 ms", "p90", "p99", "p99.9"), rows)


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> str:
    """Shaded by what a pair takes on top of its wire: that is the protocol's, the rest is the ocean's."""
    if not pairs:
        return "<p>No transfer was credited.</p>"
    over = {q: [p["credited_ms"][q] - p["wire_ms"] for p in pairs] for q in ("p50", "p99")}
    # One pair alone has nothing to be hotter than.
    most = {q: max(*values, 1e-9) if len(pairs) > 1 else math.inf for q, values in over.items()}
    rows = [
        (
            f"{p['from']} → {p['to']}",
            p["transfers"],
            float(p["wire_ms"]),
            *(p["credited_ms"][q] for q in ("p50", "p90", "p99", "p999")),
            Heat(over["p50"][i], over["p50"][i] / most["p50"]),
            Heat(over["p99"][i], over["p99"][i] / most["p99"]),
            p["stretch"]["p50"],
        )
        for i, p in enumerate(pairs)
    ]
    head = ("pair", "transfers", "wire ms", "p50", "p90", "p99", "p99.9", "p50 − wire", "p99 − wire", "stretch p50")
    return _table(head, rows)


def _links(links: Sequence[LinkTruth]) -> str:
    """Those outside the tolerance first; shaded by the share of the tolerance that the deviation uses up."""
    if not links:
        return "<p>No link was measured.</p>"
    wrong = [k for k in links if not k.within_tolerance]
    rows = []
    for k in sorted(links, key=lambda k: k.within_tolerance):
        off = None if k.measured_p50_ms is None else k.measured_p50_ms - k.declared_ms
        used = 1.0 if off is None else abs(off) / (RELATIVE * k.declared_ms + ABSOLUTE_MS)
        figures = (k.declared_ms, k.measured_p50_ms, Heat(off, used), k.measured_p99_ms)
        rows.append((k.named, *figures, k.within_tolerance))
    head = ("link", "declared ms", "measured p50", "difference", "measured p99", "within tolerance")
    said = f"{len(wrong)} of {len(links)} links outside" if wrong else f"all {len(links)} directed links within"
    opened = " open" if wrong or len(links) <= 40 else ""
    return (
        f"<details{opened}><summary>{said} {100 * RELATIVE:g} % + {ABSOLUTE_MS:g} ms of what was declared</summary>"
        f"{_table(head, rows)}</details>"
    )


def _own(figures: Mapping[str, Any]) -> str:
    """What the engine added by itself."""
    known = {"transfers", "credited", "refused", "refunded", "unfinished", "credited_ms", "stretch", "per_stage"}
    own = {k: v for k, v in figures.items() if k not in known | {"per_pair"} and not isinstance(v, dict | list)}
    return f"<h2>Engine</h2>{_table(('what', 'value'), _plain(own))}" if own else ""


def _plain(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts, neither good nor bad."""
    return [(k, "yes" if v is True else "no" if v is False else _text(v)) for k, v in figures.items()]


def html(
    result: Result,
    faults: Sequence[Mapping[str, Any]] = (),
    receipts: Sequence[Receipt] = (),
    repairs: int | None = None,
) -> str:
    """The page of a result; with the run's faults and receipts, also when what happened."""
    figures = result.figures
    drawn = timeline(faults, receipts)
    parts = [
        f"<h1>{escape(result.scenario)}: <span class={result.verdict}>{result.verdict}</span></h1>",
        f"<p class=soft>World {escape(result.world)}, engine {escape(result.engine)}, seed {result.seed}. "
        f"Repeat: <code>{escape(result.repeat)}</code></p>",
        _reasons(result.reasons),
        _tiles(figures, repairs),
        "<h2>From click to credited, against the wire</h2>",
        waterfall(receipts),
        f"<h2>Faults</h2>{drawn}" if drawn else "",
        "<h2>Expectations</h2>",
        _table(("what", "value", "bound", "holds"), [(e.name, e.value, e.bound, e.holds) for e in result.expectations]),
        "<h2>Invariants</h2>",
        _table(("what", "holds", "detail"), [(i.name, i.holds, i.detail) for i in result.invariants]),
        "<h2>Stages, all transfers, since the click</h2>",
        _stages(figures["per_stage"]),
        "<h2>Pairs</h2>",
        _pairs(figures["per_pair"]),
        "<h2>Links, declared and measured</h2>",
        _links([*result.links, *result.routes]),
        "<h2>Host</h2>",
        _table(("what", "value"), _plain(result.host.model_dump())),
        _own(figures),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(result.scenario)}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
