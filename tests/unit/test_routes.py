"""The two routes between continents: in the world, in proxies and routes.json, in metrics, in the gate, in faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from globelet import world
from globelet.engines.route_metrics import measured
from globelet.engines.routes import Crossing, allocate, crossings, routes, toxics
from globelet.scenarios.result import verdict
from globelet.scenarios.timeline import spans
from globelet.scenarios.truth import judge, judge_internet
from globelet.world.resolved import ResolvedWorld

pytestmark = pytest.mark.unit

THREE = "name: three\ncontinents: {asia: [tokyo, osaka], europe: [paris]}\n"


def resolved(folder: Path, links: str = "{}") -> ResolvedWorld:
    file = folder / "world.yaml"
    file.write_text(f"{THREE}links: {links}\n", encoding="utf-8")
    return world.load(file)


def mistakes(folder: Path, links: str) -> list[tuple[str, str]]:
    file = folder / "world.yaml"
    file.write_text(f"{THREE}links: {links}\n", encoding="utf-8")
    return [(m.where, m.message) for m in world.check(file)]


def test_regions_of_two_continents_have_a_second_route_and_no_others(tmp_path):
    made = resolved(tmp_path)
    assert made.routes("tokyo", "paris") == made.routes("paris", "osaka") == ("backbone", "internet")
    assert made.routes("tokyo", "osaka") == made.routes("paris", "paris") == ("backbone",)
    assert len(made.internet) == 4
    fast, slow = made.link("tokyo", "paris"), made.link("tokyo", "paris", "internet")
    assert (slow.delay_us, slow.loss) == (round(1.6 * fast.delay_us), 0.0)
    assert slow.jitter_us == round(0.05 * 1.6 * fast.delay_us) > fast.jitter_us
    wild = resolved(tmp_path, "{internet: {jitter_most: 1}}").link("tokyo", "paris", "internet")
    assert wild.jitter_us == 3 * fast.jitter_us
    with pytest.raises(KeyError):
        made.link("tokyo", "osaka", "internet")


def test_it_is_declared_by_factors_and_by_overrides_and_can_be_left_out(tmp_path):
    overrides = (
        "[{from: tokyo, to: paris, route: internet, delay_ms: 300, loss: 0.1}, {from: paris, to: tokyo, delay_ms: 100}]"
    )
    made = resolved(tmp_path, f"{{loss: 0.01, internet: {{delay: 2, loss: 0.02}}, overrides: {overrides}}}")
    there, back = made.link("tokyo", "paris", "internet"), made.link("paris", "tokyo", "internet")
    assert (there.delay_us, there.loss) == (300_000, 0.1)
    assert made.link("tokyo", "paris").delay_us == 109_650, "the backbone has an override of its own"
    assert (back.delay_us, back.loss) == (200_000, pytest.approx(0.03))
    alone = resolved(tmp_path, "{internet: {enabled: false}}")
    assert alone.internet == ()
    assert alone.routes("tokyo", "paris") == ("backbone",)
    assert len(crossings(alone)) < len(crossings(made))


def test_the_fallback_is_told_in_microseconds(tmp_path):
    rules = resolved(tmp_path, "{fallback: {probe_ms: 200, delay: 2.5, floor_ms: 7, bad: 2, good: 9}}").fallback
    assert rules.model_dump() == {"probe_us": 200_000, "late_factor": 2.5, "late_us": 7_000, "bad": 2, "good": 9}


@pytest.mark.parametrize(
    ("links", "where", "message"),
    [
        ("{internet: {delay: 0}}", "links.internet.delay", "must be above 0"),
        ("{internet: {dealy: 2}}", "links.internet.dealy", "did you mean delay"),
        ("{fallback: {bad: 0}}", "links.fallback.bad", "must be at least 1"),
        (
            "{overrides: [{from: tokyo, to: osaka, route: internet}]}",
            "links.overrides[0].route",
            "lie on one continent",
        ),
        ("{overrides: [{from: tokyo, to: paris, route: sea}]}", "links.overrides[0].route", "must be 'backbone'"),
        (
            "{overrides: [{from: tokyo, to: paris, route: internet}, {from: tokyo, to: paris, route: internet}]}",
            "links.overrides[1]",
            "overridden twice",
        ),
        (
            "{internet: {enabled: false}, overrides: [{from: tokyo, to: paris, route: internet}]}",
            "links.overrides[0].route",
            "not enabled",
        ),
    ],
)
def test_a_wrong_route_is_one_mistake_with_its_mend(tmp_path, links, where, message):
    found = mistakes(tmp_path, links)
    assert [place for place, _ in found] == [where]
    assert message in found[0][1]


def test_each_route_has_a_proxy_of_its_own(tmp_path):
    made = resolved(tmp_path)
    wanted = crossings(made)
    slow = Crossing("tokyo", "paris", "paris", "internet")
    assert slow.proxy == "tokyo-paris.paris.internet"
    assert {slow, Crossing("tokyo", "paris", "paris")} <= set(wanted)
    assert {c.route for c in wanted if {c.source, c.to} <= {"tokyo", "osaka"}} == {"backbone"}
    internet = made.link("tokyo", "paris", "internet").delay_us / 1000
    assert next(t["attributes"]["latency"] for t in toxics(made, slow)) == internet
    ports = allocate(wanted, {}, lambda start, taken: start)
    told = {(r["from"], r["to"], r["process"], r.get("route")) for r in routes(wanted, ports)}
    assert {("tokyo", "paris", "paris", None), ("tokyo", "paris", "paris", "internet")} <= told
    assert len(told) == len(wanted) == len(set(ports.values()))


METRICS = """# TYPE globelet_route_delay_seconds gauge
globelet_route_delay_seconds{from="tokyo",to="paris",route="internet"} 5.0
globelet_route_delay_seconds{from="tokyo",to="paris",route="backbone"} 0.1106
globelet_route_declared_seconds{from="tokyo",to="paris",route="backbone"} 0.109725
globelet_route_declared_seconds{from="tokyo",to="paris",route="internet"} 0.17556
globelet_route_active{from="tokyo",to="paris",route="backbone"} 2
globelet_route_active{from="tokyo",to="paris",route="internet"} 0
globelet_route_switches_total{from="tokyo",to="paris"} 4
globelet_frames_received_total 7
"""


def test_routes_are_read_from_metrics():
    backbone, internet = measured(METRICS)
    assert backbone == {
        "from": "tokyo",
        "to": "paris",
        "route": "backbone",
        "active": 2,
        "delay_ms": 110.6,
        "declared_ms": 109.725,
        "switches": 4,
    }
    assert (internet["active"], internet["delay_ms"], internet["declared_ms"]) == (0, 5000.0, 175.56)
    assert measured("") == []


def row(made: ResolvedWorld, route: str | None, factor: float = 1.0) -> dict[str, Any]:
    declared = made.link("tokyo", "paris", route or "backbone").delay_us / 1000 * factor  # type: ignore[arg-type]
    named = {} if route is None else {"route": route}
    ends = {"from": "tokyo", "to": "paris", "process": "paris"}
    return {**ends, **named, "p50_ms": declared, "p99_ms": declared, "samples": 20}


def test_the_gate_judges_each_route_by_what_was_declared_of_it(tmp_path):
    made = resolved(tmp_path)
    rows = [row(made, "backbone"), row(made, "internet", 1.2)]
    assert [k.within_tolerance for k in judge(made, [rows])] == [True]
    (off,) = judge_internet(made, [rows], [[row(made, "internet")]])
    assert (off.within_tolerance, off.route) == (False, "internet")
    assert "route" not in judge(made, [[row(made, None)]])[0].model_dump()
    assert judge_internet(made, [[row(made, None)]]) == []
    assert [k.within_tolerance for k in judge_internet(made, [[row(made, "internet")], rows[:1]])] == [False]


def test_an_internet_route_outside_the_tolerance_makes_a_run_invalid(tmp_path):
    from globelet.scenarios.result import Host

    made = resolved(tmp_path)
    found = judge_internet(made, [[row(made, "internet", 1.2)]])
    ruling, reasons = verdict([], [], found, Host(saturated=False, cpu_seconds=0, max_rss_mb=0), None)
    assert ruling == "invalid"
    assert "tokyo → paris (internet)" in reasons[0]


def test_a_fault_of_one_route_says_so_until_it_is_healed():
    ends = {"source": "tokyo", "to": "paris"}
    entries = [
        {"at_us": 1, "fault": "link_slow", **ends, "route": "backbone", "extra_ms": 219.3},
        {"at_us": 2, "fault": "link_up", **ends, "route": "internet"},
        {"at_us": 3, "fault": "link_up", **ends, "route": "backbone"},
    ]
    (span,) = spans(entries)
    assert span.what == "tokyo → paris (backbone): link slow 219.3 ms"
    assert (span.begin_us, span.end_us) == (1, 3)
