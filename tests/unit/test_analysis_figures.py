"""What is worked out of the frames: floors, percentiles, ladders, audits, loads. Small numbers, worked by hand."""

import json
from pathlib import Path

import pandas
import pytest

from globelet.analysis import audit, columns, floor, ladder, load_runs, outlines, pairs, proof, results, stores
from globelet.analysis.errors import AnalysisError, BadChoice, NoArchive
from globelet.analysis.floor import Place
from globelet.world import load

pytestmark = pytest.mark.unit
WORLD = load("tokyo-paris")
TOKYO, PARIS = Place(35.6895, 139.69171), Place(48.8534, 2.3488)


def test_great_circles_and_the_floor():
    quarter = floor.great_circle_km(Place(0, 0), Place(0, 90))
    assert quarter == pytest.approx(10_007.56, abs=0.01)
    assert floor.great_circle_km(Place(90, 0), Place(-90, 77)) == pytest.approx(2 * quarter)
    assert floor.great_circle_km(TOKYO, TOKYO) == 0
    # 9,711 km by the usual calculators, on a sphere.
    assert floor.great_circle_km(TOKYO, PARIS) == pytest.approx(9_711, abs=4)
    assert floor.floor_ms(TOKYO, PARIS) == pytest.approx(9_711 / 199.861_6, abs=0.03)
    assert floor.floor_ms(PARIS, TOKYO) == floor.floor_ms(TOKYO, PARIS)


def test_places_and_wires_are_those_of_the_world():
    where, wires = floor.places(WORLD), floor.wires_ms(WORLD)
    assert set(where) == {"tokyo", "osaka", "seoul", "paris", "london", "hesse"}
    assert len(wires) == 36
    assert wires["tokyo", "paris"] == WORLD.link("tokyo", "paris").delay_us / 1000
    assert all(wires[a, b] > floor.floor_ms(where[a], where[b]) for a, b in wires), (
        "a wire that beats light is a mistake"
    )


def receipts(*rows: tuple[str, str, int | None, int]) -> object:
    """(source, destination, ms to the credit, amount) each."""
    made = []
    for number, (source, destination, ms, amount) in enumerate(rows):
        at = 1_700_000_000_000_000 + number
        ended = {} if ms is None else {"credited_us": at + 1000 * ms}
        row = {"id": f"{number:064x}", "source": source, "destination": destination, "amount": amount}
        made.append({"admitted_us": at, **ended, **row})
    return columns.receipts_frame(pandas.DataFrame(made, dtype=object).reindex(columns=list(columns.RECEIPTS)))


def test_percentiles_by_pair_are_nearest_rank_and_leave_out_what_has_no_end():
    rows = [("tokyo", "paris", ms, 1) for ms in range(1, 101)] + [("tokyo", "paris", None, 1), ("paris", "tokyo", 7, 1)]
    found = pairs.percentiles(WORLD, pairs.latencies(receipts(*rows))).set_index(["source", "destination"])
    there = found.loc[("tokyo", "paris")]
    assert there[["transfers", "p50_ms", "p90_ms", "p99_ms", "p999_ms"]].to_list() == [100, 50, 90, 99, 100]
    assert there["stretch"] == 50 / there["wire_ms"]
    assert there["floor_ms"] < there["wire_ms"]
    assert found.loc[("paris", "tokyo"), "transfers"] == 1
    square = pairs.square(WORLD, found.reset_index(), "p50_ms")
    assert square.shape == (6, 6)
    assert square.at["tokyo", "paris"] == 50
    assert square.isna().sum().sum() == 34
    with pytest.raises(BadChoice, match="'paid' is not a stage; one of admitted"):
        pairs.latencies(receipts(*rows), "paid")


def test_a_ladder_starts_each_step_where_the_one_before_it_ended():
    at = 1_700_000_000_000_000
    micros = {"admitted": at + 1_000, "credited": at + 120_000, "committed": at + 10_000, "anchored": at + 900_000}
    rows = ladder.waterfall(micros, 100.0, at)
    assert rows["stage"].to_list() == ["admitted", "committed", "credited", "anchored"]
    assert rows["start_ms"].to_list() == [0, 1, 10, 0]
    assert rows["end_ms"].to_list() == [1, 10, 120, 900]
    assert rows["share_of_wire"].to_list() == [0.01, 0.1, 1.2, 9]
    assert rows["beside"].to_list() == [False, False, False, True]
    stored = receipts(("tokyo", "paris", 119, 5)).iloc[0]
    assert ladder.waterfall(stored, 100.0)["end_ms"].to_list() == [0, 119], "a store knows no click"


LEDGERS = [
    {
        "chain": "paris",
        "kind": "municipal",
        "replicas": [
            {"height": 3, "credited": {"tokyo": 99}},
            {"height": 4, "credited": {"tokyo": 30}, "sent": {}, "refunded": {}, "balances": 130, "supply": 100,
             "lanes": {"tokyo": {"next": 3, "seen_upto": 2, "gaps": []}}},
        ],
    },
    {"chain": "tokyo", "kind": "municipal", "replicas": [
        {"height": 9, "credited": {}, "sent": {"paris": 30}, "refunded": {"paris": 0}, "balances": 70, "supply": 100}]},
    {"chain": "asia", "kind": "continental", "replicas": [{"height": 1}]},
]  # fmt: skip


def test_the_books_of_chains_and_stores():
    assert audit.conservation(LEDGERS).holds is True
    assert audit.lanes(LEDGERS).holds is True
    fine = receipts(
        ("tokyo", "paris", 5, 10), ("tokyo", "paris", 6, 20), ("tokyo", "tokyo", 6, 4), ("tokyo", "paris", None, 9)
    )
    sums = audit.lane_sums(fine, LEDGERS)
    assert sums.to_dict("records") == [
        {"source": "tokyo", "destination": "paris", "transfers": 2, "archived": 30, "ledger": 30, "difference": 0}
    ]
    assert audit.booked(sums).holds is True
    lost = audit.lane_sums(fine.iloc[1:], LEDGERS)
    assert audit.booked(lost) == audit.Check(
        "receipts add up to the ledgers", False, "tokyo → paris: ledger 30, receipts 20"
    )
    assert audit.booked(audit.lane_sums(receipts(("paris", "tokyo", 1, 5)), LEDGERS)).holds is False


def test_every_archived_transfer_ends_once():
    frame = receipts(("tokyo", "paris", 5, 10), ("tokyo", "paris", 6, 20))
    assert audit.ended(frame) == audit.Check("each ended once", True, "2 credited, 0 refunded, 0 refused")
    twice = frame.assign(refunded_us=frame["credited_us"])
    assert audit.ended(twice).holds is False
    assert "has 0 ends" in audit.ended(receipts(("tokyo", "paris", None, 5))).detail
    assert audit.ended(frame.iloc[:0]).holds is None


def chain(*heights: tuple[int, str]) -> object:
    return columns.blocks_frame({"chain": "tokyo", "height": height, "hash": name} for height, name in heights)


def test_blocks_without_gaps():
    assert audit.chains(chain((1, "a"), (2, "b"))).holds is True
    assert audit.chains(chain((1, "a"), (3, "b"), (5, "c"))).detail == "tokyo lacks 2 heights, the first 2"
    assert audit.chains(chain((1, "a"), (2, "b"), (2, "c"))).detail == "tokyo has two hashes at 2"
    assert audit.chains(chain((2, "b"))).holds is False
    assert audit.chains(chain()).holds is None


def test_digests_and_anchors_against_bodies():
    body = columns.canonical({"id": "ab", "proofs": {"anchored": {"height": 2, "hash": "b"}}})
    frame = pandas.DataFrame({"id": ["ab"], "digest": [columns.digest(body)]})
    assert audit.digests(frame, {"ab": body}).holds is True
    assert audit.digests(frame, {"ab": body + b" "}).holds is False
    assert audit.digests(frame, {}).holds is None
    assert audit.anchors({"ab": body}, chain((1, "a"), (2, "b"))).holds is True
    assert audit.anchors({"ab": body}, chain((1, "a"), (2, "c"))).detail == "ab… names 2"
    # One that is newer than all that are archived is on its way.
    assert audit.anchors({"ab": body}, chain((1, "a"))).holds is None
    assert audit.anchors({"ab": columns.canonical({"id": "ab"})}, chain()).holds is None


def test_checks_as_a_table_keep_what_nobody_could_tell():
    found = audit.table([audit.Check("a", True, "x"), audit.needs("b", "S3"), audit.Check("c", False, "y")])
    assert found["holds"].to_list() == [True, pandas.NA, False]
    assert found["detail"].to_list() == ["x", "needs S3", "y"]


@pytest.mark.parametrize(
    ("stages", "state", "last"),
    [
        (["admitted", "credited", "anchored"], "anchored", "anchored"),
        (["admitted", "refunded", "anchored"], "refunded", "anchored"),
        (["admitted", "refused"], "refused", "refused"),
        (["admitted", "anchored", "archived"], "archived", "anchored"),
        (["admitted", "anchored"], "refused", "refused"),
        (["admitted", "refunded", "anchored"], "anchored", ""),
        (["admitted", "anchored"], "archived", ""),
    ],
)
def test_the_last_step_of_a_stored_body(stages, state, last):
    assert proof._last(dict.fromkeys(stages), state) == last


def test_outlines_are_of_real_places_on_their_continents():
    assert outlines.continents(WORLD)["paris"] == "europe"
    west, south, east, north = outlines.bounds(["tokyo"])
    assert west < TOKYO.longitude < east
    assert south < TOKYO.latitude < north
    assert east - west < 2, "the far islands are not in the frame"
    with pytest.raises(KeyError, match="no outline of atlantis"):
        outlines.rings("atlantis")


def loaded(folder: Path, rate: float, credited: int = 4) -> Path:
    """A folder as `make load` leaves it, four transfers."""
    folder.mkdir(parents=True)
    ms = {"p50": 10.0, "p90": 20.0, "p99": 30.0, "p999": 40.0}
    told = {f"{moment}_ms": ms for moment in load_runs.MOMENTS} | {"ocean": {"stretch": {"p50": 1.1, "p99": 1.4}}}
    told |= {"rate": rate, "reached": rate, "sent": 4, "credited": credited, "saturated_what": "none"}
    (folder / "load.json").write_text(json.dumps(told | {"machine": {"busy_percent": 50.0}}))
    head = "intended_us,from,to,city,lag_ms,admitted_ms,committed_ms,credited_ms,told_ms,end,problem\n"
    rows = [f"{1_000_000 + 600_000 * n},tokyo,paris,Tokyo,0,1,9,{100 + n},,credited," for n in range(3)]
    (folder / "transfers.csv").write_text(head + "\n".join([*rows, "2900000,tokyo,paris,Tokyo,0,,,,,refused,busy"]))
    (folder / "pairs.csv").write_text("from,to,count\ntokyo,paris,4\n")
    return folder


def test_a_run_of_one_rate(tmp_path):
    run = load_runs.LoadRun(loaded(tmp_path / "load-50-x", 50))
    assert not run.searched
    assert run.detail is run
    assert run.steps.loc[0, ["rate", "credited_p99_ms", "stretch_p99", "errors"]].to_list() == [50, 30.0, 1.4, 0]
    assert list(run.pairs.columns) == ["source", "destination", "count"]
    seconds = load_runs.per_second(run.transfers)
    assert seconds["sent"].to_list() == [2, 2]
    assert seconds[["p50_ms", "p99_ms"]].to_numpy().tolist() == [[100, 101], [102, 102]]
    times, share = load_runs.shares(run.transfers)["credited"]
    assert times.tolist() == [100, 101, 102]
    assert share.tolist() == [0.25, 0.5, 0.75], "of all that were sent, not of those that came"
    assert "told" not in load_runs.shares(run.transfers)


@pytest.mark.parametrize(("holds", "chosen"), [(("true", "true", "false"), 200), (("false", "false", "false"), 100)])
def test_a_search_for_the_knee(tmp_path, holds, chosen):
    folder = tmp_path / "load-knee-x"
    for rate in (400, 100, 200):
        loaded(folder / f"step-{rate}", rate)
    rows = "".join(f"{rate},{held}\n" for rate, held in zip((400, 100, 200), reversed(holds), strict=True))
    (folder / "steps.csv").write_text("rate,holds\n" + rows)
    (folder / "knee.json").write_text(json.dumps({"knee": chosen}))
    run = load_runs.LoadRun(folder)
    assert run.searched
    assert run.steps["rate"].to_list() == [100, 200, 400]
    if chosen == 200:
        # Written in the order of running: 400 broke, 100 and 200 held.
        assert run.steps["holds"].to_list() == [True, True, False]
    assert run.detail.report["rate"] == chosen


def test_the_newest_run_is_found_here_or_one_folder_up(tmp_path, monkeypatch):
    monkeypatch.delenv("GLOBELET_RESULTS", raising=False)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert load_runs.newest() is None
    loaded(tmp_path / "results" / "load-50-x", 50)
    found = load_runs.newest()
    assert found is not None
    assert found.report["rate"] == 50
    monkeypatch.setenv("GLOBELET_RESULTS", str(tmp_path / "other"))
    assert results.folder() == tmp_path / "other"
    assert load_runs.newest() is None
    with pytest.raises(NoArchive, match="neither knee"):
        load_runs.LoadRun(tmp_path).report  # noqa: B018


def test_a_load_that_cannot_run_says_why(tmp_path, monkeypatch):
    if load_runs.find_spec("locust") is None:
        with pytest.raises(AnalysisError, match=r"globelet\[load\]"):
            load_runs.run(5, 1, tmp_path / "out")
        return
    monkeypatch.setenv("GLOBELET_STATE", str(tmp_path / "nothing"))
    with pytest.raises(AnalysisError, match=r"did not run: .*is not up"):
        load_runs.run(5, 1, tmp_path / "out")


def test_the_addresses_of_stores_come_from_the_environment_first(tmp_path, monkeypatch):
    for name in ("GLOBELET_MONGO_URL", "GLOBELET_S3_URL", "GLOBELET_S3_BUCKET", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert stores.of("tokyo-paris", tmp_path) == stores.Stores()
    monkeypatch.setenv("GLOBELET_S3_URL", "http://minio:9000/")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    told = stores.of("tokyo-paris", tmp_path)
    assert told.s3 == "http://minio:9000/globelet"
    assert "hidden" not in repr(told)
