"""A window of the bus: the newest version of each receipt is stored, however it is cut and wherever it breaks off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globelet.archiver.record import Place, Record, newest, record
from globelet.archiver.window import MOST, MOST_BYTES, SPAN_S, Window

pytestmark = pytest.mark.unit


class Bus:
    """Records in order, and batches of sizes that were drawn; the clock goes on with every batch."""

    def __init__(self, records: list[Record], sizes: list[int]) -> None:
        self.records, self.sizes = records, sizes
        self.at = self.polls = 0

    def poll(self, most: int, _: float) -> list[Record]:
        size = min(most, self.sizes[self.polls % len(self.sizes)])
        self.polls += 1
        found = self.records[self.at : self.at + size]
        self.at += len(found)
        return found

    def clock(self) -> float:
        return self.polls * SPAN_S / 5


def version(bus: int, number: int, length: int) -> Record:
    receipt = {"id": f"{number:064x}", "state": "credited", "encoded": "5a" * length}
    return record(Place("tokyo", bus, 1_795_000_000_000 + bus, 0, bus + 1), {"kind": "receipt", "receipt": receipt})


RECEIPTS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=60)


@given(RECEIPTS, st.lists(st.integers(0, 150), min_size=1).filter(any), st.lists(st.booleans()))
def test_the_longest_version_is_stored_whatever_breaks_off_between_write_and_commit(drawn, sizes, breaks):
    records = [version(bus, number, length) for bus, (number, length) in enumerate(drawn)]
    store: dict[str, Record] = {}
    bus, committed, broken = Bus(records, sizes), 0, list(breaks)
    window = Window(bus.poll, lambda r: len(r.packed), bus.clock)
    while committed < len(records):
        taken = window.take()
        for one in newest(taken):
            kept = store.get(one.id)
            if kept is None or kept.size <= one.size:
                store[one.id] = one
        if broken and broken.pop():
            bus.at = committed  # it ended after the write: all since the last commit comes again
            continue
        committed = taken[-1].place.bus + 1 if taken else committed
        assert committed == bus.at
    wanted = {}
    for one in records:
        if one.id not in wanted or wanted[one.id].size <= one.size:
            wanted[one.id] = one
    assert store == wanted


@given(RECEIPTS)
def test_coalescing_keeps_the_order_of_the_bus_and_drops_only_what_a_later_one_holds(drawn):
    records = [version(bus, number, length) for bus, (number, length) in enumerate(drawn)]
    kept = newest(records)
    assert [one.place.bus for one in kept] == sorted(one.place.bus for one in kept)
    assert {one.id for one in kept} == {one.id for one in records}
    assert all(one.size == max(r.size for r in records if r.id == one.id) for one in kept)


def test_little_is_taken_at_once_and_much_up_to_a_bound():
    few = Bus([version(n, n, 1) for n in range(20)], [20])
    assert len(Window(few.poll, lambda _: 1, few.clock).take()) == 20
    assert few.polls == 1
    none = Bus([], [0])
    assert Window(none.poll, lambda _: 1, none.clock).take() == []
    many = Bus([version(n, n, 1) for n in range(MOST + 500)], [150])
    assert len(Window(many.poll, lambda _: 1, lambda: 0.0).take()) == MOST
    large = Bus([version(n, n, 1) for n in range(MOST)], [150])
    assert len(Window(large.poll, lambda _: MOST_BYTES // 200, lambda: 0.0).take()) == 300
    slow = Bus([version(n, n, 1) for n in range(MOST)], [150])
    assert len(Window(slow.poll, lambda _: 1, slow.clock).take()) == 5 * 150
