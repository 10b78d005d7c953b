"""Sharding coordination: municipalities that pay each other, and accounts that move between them, exactly once.

>>> from globelet.algorithms.sharding import Books, audit
>>> alice, bob = b"a" * 32, b"b" * 32
>>> tokyo, paris = Books(0, [(alice, 1_000)]), Books(1, [(bob, 0)])
>>> tokyo.transfer(b"1" * 32, alice, bob, destination=1, amount=250, nonce=1)
[]
>>> [(_, to, parcel)] = tokyo.close()
>>> audit([tokyo, paris])["in_transit"]
250

A parcel counts once, however often it comes; the settlement goes back on the lane:

>>> paris.receive(parcel), paris.receive(parcel), paris.balance(bob)
([], [], 250)
>>> [(_, to, back)] = paris.close()
>>> tokyo.receive(back) == [("settled", b"1" * 32, None)]
True

Accounts move with all that belongs to them, and what comes to the old home follows:

>>> tokyo.relocate(alice, destination=1, nonce=2)
[]
>>> [(_, to, parcel)] = tokyo.close()
>>> paris.receive(parcel), paris.balance(alice), tokyo.moved(alice)
([('settler', b'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1)], 750, 1)
>>> audit([tokyo, paris])["total"]
1000
"""

from __future__ import annotations

from globelet._native.sharding import Books, Map, ShardingError, audit, parcel
from globelet.algorithms.about import About

__all__ = ["ABOUT", "Books", "Map", "ShardingError", "audit", "parcel"]

ABOUT = About(
    name="sharding",
    does="lanes, parcels, settlements and moves of accounts between municipalities (SC)",
    follows="the design of globelet; Fowler 1986 for forwarding, Garcia-Molina and Salem 1987 for settlement",
    stands_on="own",
    vectors="laws: exactly once under loss, copies, reordering and restarts; conservation after every event",
    slower="a dict without lanes, parcels and settlements does less than half of the work",
)
