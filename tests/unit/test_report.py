"""The report page: what it draws from receipts and faults."""

from __future__ import annotations

import re

import pytest

from globelet.client.orders import Transfer
from globelet.client.receipt import Receipt
from globelet.scenarios.figures import figures
from globelet.scenarios.report import html
from globelet.scenarios.result import Expectation, Host, Invariant, LinkTruth, Result
from globelet.scenarios.timeline import spans, timeline
from globelet.scenarios.waterfall import farthest, waterfall

pytestmark = pytest.mark.unit

LADDER = {"admitted": 1, "held": 4, "committed": 9, "acknowledged": 40, "delivered": 118, "credited": 125}


def receipt(
    nonce: int, wire_ms: float = 109.65, source: str = "tokyo", late_ms: int = 0, clicked_us: int = 0
) -> Receipt:
    order = Transfer(1, 0, 1, b"a" * 32, b"b" * 32, 5, nonce, 9)
    made = Receipt(order, source, "paris", wire_ms, clicked_us, chains=None)  # type: ignore[arg-type]
    made.absorb({"stages": {stage: clicked_us + 1_000 * (ms + late_ms) for stage, ms in LADDER.items()}})
    return made


def result(receipts: list[Receipt], **changed: object) -> Result:
    links = [
        LinkTruth.model_validate(
            {
                "from": a,
                "to": b,
                "declared_ms": 109.65,
                "measured_p50_ms": p50,
                "measured_p99_ms": p50,
                "within_tolerance": w,
            }
        )
        for a, b, p50, w in (("tokyo", "paris", 109.7, True), ("paris", "tokyo", 131.0, False))
    ]
    fields = {
        "scenario": "ocean_cut",
        "engine": "local",
        "world": "tokyo-paris",
        "seed": 7,
        "verdict": "fail",
        "expectations": [Expectation(name="x < y & z", value=2.0, bound="≤ 1", holds=False)],
        "invariants": [Invariant(name="conservation", holds=True, detail="all there")],
        "links": links,
        "figures": figures(receipts),
        "host": Host(saturated=False, cpu_seconds=1.0, max_rss_mb=2.0),
        "repeat": "globelet run x.py",
        "reasons": ["<script>alert(1)</script>"],
    }
    return Result.model_validate(fields | changed)


FAULTS = [
    {"at_us": 1_000_000, "fault": "link_down", "source": "tokyo", "to": "paris"},
    {"at_us": 2_000_000, "fault": "kill", "process": "osaka"},
    {"at_us": 3_000_000, "fault": "link_up", "source": "paris", "to": "tokyo"},
    {"at_us": 4_000_000, "fault": "link_up", "source": "tokyo", "to": "paris"},
    {"at_us": 4_500_000, "fault": "link_loss", "source": "tokyo", "to": "paris", "probability": 0.05},
    {"at_us": 5_000_000, "fault": "kill_all"},
    {"at_us": 6_000_000, "fault": "restart_all"},
]


def test_a_fault_ends_where_the_same_thing_is_healed():
    assert [(s.what, s.begin_us, s.end_us) for s in spans(FAULTS)] == [
        ("tokyo → paris: link down", 1_000_000, 4_000_000),
        ("osaka: kill", 2_000_000, 6_000_000),
        ("tokyo → paris: link loss 5 %", 4_500_000, None),
        ("all processes: kill", 5_000_000, 6_000_000),
    ]


def test_without_faults_there_is_no_time_line():
    assert timeline([], [receipt(1)]) == ""
    assert "not healed" in timeline(FAULTS, [])


def test_the_waterfall_is_of_the_pair_with_the_longest_wire():
    near, far = receipt(1, wire_ms=5.0, source="osaka"), receipt(2)
    assert farthest([near, near, far]) == [far]
    drawn = waterfall([near, near, far])
    assert "wire 109.65 ms" in drawn
    assert all(stage in drawn for stage in LADDER)
    assert "No transfer was credited" in waterfall([])


def test_no_bar_leaves_the_drawing_however_late_some_are():
    drawn = waterfall([*(receipt(n) for n in range(99)), receipt(100, late_ms=60_000), receipt(101, late_ms=60_000)])
    _, _, width, _ = map(float, re.search(r'viewBox="([^"]+)"', drawn).group(1).split())
    for x, wide in re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"', drawn):
        assert 0 <= float(x) <= float(x) + float(wide) <= width
    assert "→</text>" in drawn, "what left the drawing is marked"


def test_the_page_says_what_failed_and_stands_alone():
    receipts = [receipt(1), receipt(2, clicked_us=2_500_000)]
    page = html(result(receipts), FAULTS, receipts, repairs=3)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert "1 of 2 links outside" in page
    assert page.index("paris → tokyo</td>") < page.index("tokyo → paris</td><td class=n>109.65"), "the wrong link first"
    assert "<b>3</b><span>parcels repaired" in page
    assert "prefers-color-scheme:dark" in page


def test_many_links_are_one_reason():
    links = [f"link a → b{n}: declared 1 ms, measured 9 ms" for n in range(5)]
    page = html(result([], reasons=[*links, "committed p99 is 9"]))
    assert re.findall("<li>(.*?)</li>", page) == ["committed p99 is 9", "5 links are outside the tolerance, see below"]


def test_a_run_of_nothing_has_a_page_too():
    page = html(result([], links=[], expectations=[], invariants=[]))
    assert "No transfer was credited" in page
    assert "No link was measured" in page
