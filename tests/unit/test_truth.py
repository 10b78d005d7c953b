"""The latency truth gate."""

import pytest

from globelet.scenarios.truth import judge, unproven, within
from globelet.world import load as load_world

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("declared", "measured", "holds"),
    [(100, 105.9, True), (100, 106.1, False), (100, 93.9, False), (1, 2.04, True), (1, 2.06, False)],
)
def test_the_gate_is_five_percent_and_a_millisecond(declared, measured, holds):
    assert within(declared, measured) is holds


def test_a_link_that_is_silent_in_one_probe_is_not_true():
    world = load_world("tokyo-paris")
    declared = world.link("tokyo", "paris").delay_us / 1000
    row = {"from": "tokyo", "to": "paris", "process": "paris", "p50_ms": declared, "p99_ms": declared, "samples": 20}
    assert [k.within_tolerance for k in judge(world, [[row], [row]])] == [True]
    assert [k.within_tolerance for k in judge(world, [[row], []])] == [False]
    assert [k.within_tolerance for k in judge(world, [[row], [row | {"samples": 0}]])] == [False]
    slow = row | {"process": "europe", "p50_ms": declared * 1.2}
    assert [k.measured_p50_ms for k in judge(world, [[row, slow]])] == [pytest.approx(declared * 1.2, abs=0.001)]


def measured(world, **late: float) -> list[dict]:
    """Every link and route as declared, those from the named regions so many times as slow."""
    return [
        {
            "from": world.regions[k.source],
            "to": world.regions[k.to],
            "process": "any",
            "route": route,
            "p50_ms": ms,
            "p99_ms": ms,
            "samples": 20,
        }
        for route, links in (("backbone", world.links), ("internet", world.internet))
        for k in links
        for ms in [k.delay_us / 1000 * late.get(world.regions[k.source], 1.0)]
    ]


def test_a_link_is_proven_by_one_look_and_one_that_never_was_is_named():
    world = load_world("tokyo-paris")
    every = len(world.links) + len(world.internet)
    assert unproven(world, [[]]) == (every, [])
    assert unproven(world, [measured(world, tokyo=1.5), measured(world, paris=1.5)]) == (0, [])
    left, late = unproven(world, [measured(world, tokyo=1.5), measured(world, tokyo=1.5, paris=1.5)])
    assert left == len(late) > 1
    assert {link.source for link in late} == {"tokyo"}
