"""Presence records: what a node signs to log in, the mirror of `native/node/src/gossip/record.rs`."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from globelet.world import atlas
from globelet.world.resolved import ResolvedWorld

LONGEST_US = 600_000_000
_DOMAIN = b"globelet presence 1"
# Borsh: node, chain, latitude, longitude, stake, since (time, counter), at (time, counter), time to live.
_LAYOUT = struct.Struct("<HHiiQQIQIQ")
_FIELDS = {"node", "chain", "latitude", "longitude", "stake", "since", "at", "ttl_us", "signature"}


@dataclass(frozen=True)
class RecordRefused(Exception):  # noqa: N818
    """A record that proves nothing: a stable code and a sentence that names the mend."""

    code: str
    detail: str

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True)
class Genesis:
    """What the records are checked against: the world, its tag, each node's key."""

    world: ResolvedWorld
    tag: int
    keys: tuple[bytes, ...]

    @classmethod
    def load(cls, path: Path) -> Genesis:
        """Reads genesis.json of a state directory. Raises `OSError` or `ValueError`."""
        value = json.loads(path.read_text())
        keys = tuple(bytes.fromhex(node["signing"]) for node in value["nodes"])
        return cls(ResolvedWorld.model_validate(value["world"]), int(value["tag"]), keys)


@dataclass(frozen=True)
class Record:
    """One node says that it is there. Places are millionths of a degree, stamps (microseconds, counter)."""

    node: int
    chain: int
    latitude: int
    longitude: int
    stake: int
    since: tuple[int, int]
    at: tuple[int, int]
    ttl_us: int
    signature: bytes = b""

    @classmethod
    def parse(cls, value: Any) -> Record:
        """From JSON. Raises `RecordRefused`."""
        try:
            if set(value) != _FIELDS:
                raise ValueError(f"a record has exactly the fields {', '.join(sorted(_FIELDS))}")
            since, at = ((int(s[0]), int(s[1])) for s in (value["since"], value["at"]))
            signature = bytes.fromhex(value["signature"])
            rest = {n: int(value[n]) for n in _FIELDS - {"since", "at", "signature"}}
            record = cls(**rest, since=since, at=at, signature=signature)
            record.packed()
        except (TypeError, ValueError, ArithmeticError, IndexError, KeyError, struct.error) as error:
            raise RecordRefused("malformed", f"the record cannot be read: {error}") from error
        return record

    def as_json(self) -> dict[str, Any]:
        """As `parse` reads it."""
        return {**self.__dict__, "since": list(self.since), "at": list(self.at), "signature": self.signature.hex()}

    def packed(self) -> bytes:
        """Its canonical encoding. Raises `struct.error` for a number out of its range."""
        numbers = (self.node, self.chain, self.latitude, self.longitude, self.stake)
        return _LAYOUT.pack(*numbers, *self.since, *self.at, self.ttl_us)

    def signing_bytes(self, tag: int) -> bytes:
        """What its node signs: a domain, the world's tag, the encoding."""
        return _DOMAIN + tag.to_bytes(8, "little") + self.packed()

    @property
    def until(self) -> float:
        """The end of its time, seconds since the epoch."""
        return (self.at[0] + self.ttl_us) / 1e6

    def check(self, genesis: Genesis, now: float) -> None:
        """Raises `RecordRefused` unless the node of the genesis says it, now, of itself, inside its municipality."""
        if self.node >= len(genesis.world.nodes):
            raise RecordRefused("unknown_node", f"this world has no node {self.node}; it runs another world")
        node = genesis.world.nodes[self.node]
        home = genesis.world.regions[node.region]
        if not atlas.lies_in(home, self.latitude / 1e6, self.longitude / 1e6):
            claimed = f"{node.name} claims to be at {self.latitude / 1e6}, {self.longitude / 1e6}"
            mend = f"outside of the outline of {home}; deal the world with its true place"
            raise RecordRefused("outside_municipality", f"{claimed}, {mend}")
        place = (round(node.latitude * 1e6), round(node.longitude * 1e6))
        said = (self.chain, self.stake, (self.latitude, self.longitude))
        if said != (node.chain, node.stake, place) or self.since > self.at:
            raise RecordRefused("contradicts_genesis", f"{node.name} says of itself what the genesis does not")
        if not 0 < self.ttl_us <= LONGEST_US:
            raise RecordRefused("malformed", f"ttl_us must be above 0 and at most {LONGEST_US}")
        if self.until <= now:
            raise RecordRefused("stale_record", f"the record of {node.name} is over; sign a fresh one")
        if self.at[0] / 1e6 - now > genesis.world.parameters.skew_us / 1e6:
            raise RecordRefused("stale_record", f"the record of {node.name} is from the future; set its clock")
        try:
            key = Ed25519PublicKey.from_public_bytes(genesis.keys[self.node])
            key.verify(self.signature, self.signing_bytes(genesis.tag))
        except (InvalidSignature, ValueError) as error:
            raise RecordRefused("bad_signature", f"the record is not signed by {node.name}") from error
