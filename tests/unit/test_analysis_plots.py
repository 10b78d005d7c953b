"""Drawings say what they show: numbers, names and units are on them, and nothing lies outside its axes."""

import matplotlib
import pandas
import pytest

from globelet.analysis import columns, ladder, outlines, pairs
from globelet.analysis.floor import wires_ms
from globelet.world import load

matplotlib.use("Agg")

from matplotlib import pyplot as plt

from globelet.analysis.plots import chart, distance, heat, heights, style, waterfall
from globelet.analysis.plots import load as drawing

pytestmark = pytest.mark.unit
WORLD = load("tokyo-paris")


@pytest.fixture
def ax():
    style.use()
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def words(ax) -> str:
    return " | ".join([text.get_text() for text in ax.texts] + [label.get_text() for label in ax.get_xticklabels()])


def table() -> object:
    times = [{"source": a, "destination": b, "ms": 10 + wire} for (a, b), wire in wires_ms(WORLD).items()]
    return pairs.percentiles(WORLD, pandas.DataFrame(times))


def test_the_waterfall_names_wire_floor_and_every_step(ax):
    micros = {"admitted": 1_000, "committed": 10_000, "credited": 120_000, "acknowledged": 50_000, "anchored": 900_000}
    waterfall.waterfall(ax, ladder.waterfall(micros, 100.0, 0), 100.0, 48.6)
    for said in ("light in fibre 48.6 ms", "wire 100.0 ms", "1.0 ms", "120.0 ms", "50.0 ms", "900.0 ms →"):
        assert said in words(ax)
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["admitted", "committed", "credited"]
    assert ax.get_xlabel() == "milliseconds since the click"


def test_the_shares_add_up_to_the_credit(ax):
    waterfall.shares(ax, 130.0, 110.0, 48.5)
    assert ax.get_xlim() == (0, 130.0)
    assert all(said in words(ax) for said in ("48.5 ms", "61.5 ms", "20.0 ms", "the ledger"))


def test_a_heat_map_writes_its_numbers_and_a_dash_for_none(ax):
    found = table()
    found = found[(found["source"] != "osaka") | (found["destination"] != "hesse")]
    square = pairs.square(WORLD, found, "p50_ms")
    heat.heat(ax, square, below=square, groups=outlines.continents(WORLD))
    assert f"{10 + wires_ms(WORLD)['tokyo', 'paris']:.0f}" in words(ax)
    assert words(ax).count("–") == 1
    assert words(ax).count("p99") == 35
    assert "Tokyo" in words(ax)


def test_delay_over_distance_names_its_three_layers(ax):
    distance.distance(ax, table())
    assert all(said in words(ax) for said in ("light in fibre", "wire, declared", "credited, p50 to p90"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("kilometres along the great circle", "milliseconds")


@pytest.mark.parametrize(("name", "panels"), [("tokyo-paris", 2), ("earth", 6)])
def test_the_map_has_a_panel_per_continent_with_its_municipalities(name, panels):
    world = load(name)
    found = [{"source": a, "destination": b, "ms": 10 + wire} for (a, b), wire in wires_ms(world).items()]
    figure = plt.figure()
    axes = chart.chart(figure, world, pairs.percentiles(world, pandas.DataFrame(found)))
    assert len(axes) == panels
    assert {ax.get_title(loc="left") for ax in axes} >= {"Asia", "Europe"}
    for ax in axes:
        west, east = ax.get_xlim()
        assert all(west <= text.xy[0] <= east for text in ax.texts if hasattr(text, "xy"))
    everything = " ".join(words(ax) for ax in axes) + " ".join(text.get_text() for text in figure.texts)
    assert all(f"{style.place(chain.name)} " in everything for chain in world.municipalities())
    plt.close(figure)


def test_the_heights_of_chains_end_in_their_names(ax):
    rows = [{"chain": c, "height": h, "hash": "a", "at_us": 1_000_000 * h} for c in ("tokyo", "globe") for h in (1, 2)]
    heights.heights(ax, WORLD, columns.blocks_frame(rows))
    assert all(said in words(ax) for said in ("tokyo 2", "globe 2"))


def test_the_knee_is_marked_between_what_holds_and_what_does_not(ax):
    steps = pandas.DataFrame(
        {"rate": [100, 200, 400], "credited_p50_ms": [110, 120, 900], "credited_p99_ms": [150, 170, 3000]}
    )
    drawing.knee(ax, steps.assign(errors=0, holds=[True, True, False]))
    assert "knee 200/s" in words(ax)
    assert ax.get_yscale() == "log"
    ax.clear()
    drawing.knee(ax, steps.assign(errors=0, holds=True))
    assert "knee" not in words(ax), "a search that never broke has found none"


def test_moments_shares_seconds_and_processors(ax):
    ms = {"p50": 10.0, "p90": 20.0, "p99": 30.0, "p999": 40.0}
    drawing.moments(ax, {"admitted_ms": ms, "credited_ms": ms, "told_ms": {"p50": None}})
    assert words(ax).count("10 · 30 · 40 ms") == 2
    ax.clear()
    drawing.busy(ax, pandas.DataFrame({"at_s": [-2, 0, 2], "process": "tokyo", "processors": [9.0, 0.5, 0.7]}))
    assert "0.60" in words(ax), "what was before the run does not count"
    ax.clear()
    seconds = pandas.DataFrame({"second": [0, 1], "sent": 2, "p50_ms": [5.0, 6.0], "p90_ms": 7.0, "p99_ms": [8.0, 9.0]})
    drawing.over_time(ax, seconds)
    assert all(said in words(ax) for said in ("p50", "p99"))
