"""Gossip: an overlay that anybody joins by anybody (HyParView), and broadcast trees on it that mend (Plumtree).

A whole network in virtual time:

>>> from globelet.algorithms.gossip import Member, Network, open_signed, packets, sign
>>> network = Network(200, seed=7)
>>> len(network.broadcast(5, b"hello"))
199
>>> len(network.fail(0.3)), len(network.alive)
(60, 140)
>>> len(network.broadcast(0, b"is anybody there?"))
139

A member by hand. It says what is to be done and does nothing itself:

>>> tokyo, paris = Member(0, seed=1), Member(1, seed=2)
>>> [(_, _, asked)] = paris.join(0)
>>> packets(asked)
['join']
>>> [(_, _, answer)] = tokyo.receive(1, asked)
>>> paris.receive(0, answer), tokyo.active, paris.active
([], [1], [0])
>>> [(_, _, gossip)] = tokyo.broadcast(b"hello")
>>> paris.receive(0, gossip)
[('deliver', 0, 1, b'hello')]

Payloads can be signed; members that are given their authors pass on no other:

>>> author, number, body = open_signed(sign(b"s" * 32, 1, b"hello"))
>>> number, body
(1, b'hello')
>>> paris = Member(1, seed=2, authors=[author])
>>> paris.broadcast(b"hello")
Traceback (most recent call last):
globelet.algorithms.gossip.GossipError: these bytes are not a signed payload: ...
"""

from __future__ import annotations

from globelet._native.gossip import (
    Arrivals,
    GossipError,
    Member,
    Network,
    Settings,
    message_id,
    open_signed,
    packets,
    sign,
    verify_many,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT", "Arrivals", "GossipError", "Member", "Network", "Settings",
    "message_id", "open_signed", "packets", "sign", "verify_many",
]  # fmt: skip

ABOUT = About(
    name="gossip",
    does="membership by partial views, near neighbours first, broadcast trees that mend, signed payloads (HVP)",
    follows="HyParView (DSN 2007), Plumtree (SRDS 2007), nearness after X-BOT (SRDS 2009)",
    stands_on="own, on blake3 and ed25519-dalek",
    vectors="the papers' figures at 10,000 members; laws at 1,000: all arrives with 30 % failing at once, one piece",
    peers=("the papers' tables",),
)
