"""Orders that account holders sign: their bytes, exactly as `native/types/src/order.rs` has them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from globelet._native.types import blake3

_DOMAIN = b"globelet order 1"


class _Signable:
    def signing_bytes(self) -> bytes:
        """What the account signs: the domain, then the Borsh encoding."""
        raise NotImplementedError

    @cached_property
    def id(self) -> str:
        """BLAKE3 of the signing bytes, in hexadecimal."""
        return blake3(self.signing_bytes()).hex()


@dataclass(frozen=True)
class Transfer(_Signable):
    """Moves `amount` between two accounts; places are chain numbers, accounts 32 bytes, times microseconds."""

    world: int
    source: int
    destination: int
    payer: bytes
    payee: bytes
    amount: int
    nonce: int
    expires_us: int

    def signing_bytes(self) -> bytes:
        """Tag 0, then the fields in the contract's order, little-endian."""
        head = struct.pack("<BQHH", 0, self.world, self.source, self.destination)
        return _DOMAIN + head + self.payer + self.payee + struct.pack("<QQQ", self.amount, self.nonce, self.expires_us)


@dataclass(frozen=True)
class Opening(_Signable):
    """Opens an account in its municipality, with balance zero."""

    world: int
    municipality: int
    account: bytes
    expires_us: int

    def signing_bytes(self) -> bytes:
        """Tag 1, then the fields in the contract's order, little-endian."""
        head = struct.pack("<BQH", 1, self.world, self.municipality)
        return _DOMAIN + head + self.account + struct.pack("<Q", self.expires_us)


@dataclass(frozen=True)
class Move(_Signable):
    """Moves an account, with its balance and its nonces, to another municipality."""

    world: int
    source: int
    destination: int
    account: bytes
    nonce: int
    expires_us: int

    def signing_bytes(self) -> bytes:
        """Tag 2, then the fields in the contract's order, little-endian."""
        head = struct.pack("<BQHH", 2, self.world, self.source, self.destination)
        return _DOMAIN + head + self.account + struct.pack("<QQ", self.nonce, self.expires_us)


@dataclass(frozen=True)
class Vote(_Signable):
    """Says whom an account's balance stands behind when the committee of its municipality is elected.

    `candidate` is a replica's number in the world's table of nodes, `delegate` an account; with neither, nobody.
    """

    world: int
    municipality: int
    account: bytes
    candidate: int | None
    delegate: bytes | None
    nonce: int
    expires_us: int

    def signing_bytes(self) -> bytes:
        """Tag 3, then the fields in the contract's order, little-endian."""
        head = struct.pack("<BQH", 3, self.world, self.municipality)
        choice = b"\0"
        if self.candidate is not None:
            choice = struct.pack("<BH", 1, self.candidate)
        elif self.delegate is not None:
            choice = b"\2" + self.delegate
        return _DOMAIN + head + self.account + choice + struct.pack("<QQ", self.nonce, self.expires_us)


Order = Transfer | Opening | Move | Vote
_NONE: Mapping[str, int] = MappingProxyType({})


def order_of(
    body: Mapping[str, Any], world: int, numbers: Mapping[str, int], nodes: Mapping[str, int] = _NONE
) -> Order:
    """The order of a body as HTTP takes it, given the numbers of chains and nodes. Raises `KeyError`, `ValueError`."""
    if "account" in body:
        account, expires = bytes.fromhex(body["account"]), int(body["expires_us"])
        if "municipality" in body and "nonce" in body:
            candidate, delegate = body.get("candidate"), body.get("delegate")
            chosen = None if candidate is None else nodes[candidate]
            lent = None if delegate is None else bytes.fromhex(delegate)
            return Vote(world, numbers[body["municipality"]], account, chosen, lent, int(body["nonce"]), expires)
        if "municipality" in body:
            return Opening(world, numbers[body["municipality"]], account, expires)
        source, destination = numbers[body["source"]], numbers[body["destination"]]
        return Move(world, source, destination, account, int(body["nonce"]), expires)
    return Transfer(
        world,
        numbers[body["source"]],
        numbers[body["destination"]],
        bytes.fromhex(body["from"]),
        bytes.fromhex(body["to"]),
        int(body["amount"]),
        int(body["nonce"]),
        int(body["expires_us"]),
    )


def encoded(body: Mapping[str, Any], world: int, numbers: Mapping[str, int], nodes: Mapping[str, int] = _NONE) -> bytes:
    """The signed order of a body, in Borsh: the order, then the signature. Raises as `order_of`."""
    order = order_of(body, world, numbers, nodes)
    return order.signing_bytes().removeprefix(_DOMAIN) + bytes.fromhex(body["signature"])
