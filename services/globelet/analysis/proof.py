"""Archived receipts checked again, offline, from the world's genesis alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from globelet._native import receipts as proofs
from globelet.analysis import columns, shared

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_ORDER = ("kind", "from", "source", "to", "destination", "amount", "nonce", "expires_us", "account", "municipality")


def verify(genesis: str | bytes, bodies: Mapping[str, bytes]) -> pd.DataFrame:
    """One row per receipt: `id`, `holds`, `broken` (names of the steps that fail) and `why` (the first one's reason).

    `waits` is true for a receipt that is not whole yet: nothing is broken, and `why` names what its store lacks.

    `genesis` is the world's genesis.json, `bodies` what `Archive.bodies` gives. Raises `ValueError` for a genesis that
    is none. A body that is no JSON, or whose readable fields differ from what is signed, fails at `document`.
    """
    world = str(json.loads(genesis).get("id", ""))
    waiting = {order: lacking for order, body in bodies.items() if (lacking := shared.lacks(body)) is not None}
    entire = {order: _document(world, body) for order, body in bodies.items() if order not in waiting}
    steps = dict(zip(entire, proofs.verify(genesis, list(entire.values())), strict=True))
    rows = [
        (order, False, "", str(waiting[order]), True) if order in waiting else (order, *_verdict(steps[order]), False)
        for order in bodies
    ]
    return columns.lab("pandas").DataFrame(rows, columns=["id", "holds", "broken", "why", "waits"])


def _verdict(steps: Sequence[tuple[str, bool, str | None]]) -> tuple[bool, str, str | None]:
    broken = [(name, why) for name, holds, why in steps if not holds]
    return not broken, ", ".join(name for name, _ in broken), broken[0][1] if broken else None


def _document(world: str, body: bytes) -> bytes:
    try:
        return columns.canonical(document(world, json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return body


def document(world: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The document that the verifier reads, from the body that the stores keep; `world` is the genesis' own hash.

    Both say the same of the same exact encoding in other words, and the verifier holds every word against it. What it
    does not read are the hashes of headers beside their heights; `audit.anchors` holds the roots' against the archive.
    """
    told = body["proofs"]
    stages = body["stages"]
    ordered = {stage: told.get(stage) or {} for stage in ("acknowledged", "anchored")}
    block = told.get("block")
    return {
        "world": world,
        "id": body["id"],
        "order": {name: body[name] for name in _ORDER if name in body},
        "state": _last(stages, body["state"]),
        "stages": {stage: at for stage, at in stages.items() if stage != "archived"},
        "refusal": body["refusal"],
        "block": {name: block[name] for name in ("height", "hash", "signatures")} if block else None,
        "holding_proofs": told["holding_proofs"],
        "lane": told["lane"],
        "route": body["route"],
        "continental_height": ordered["acknowledged"].get("height"),
        "post_quantum": told["post_quantum"],
        "checkpoint": told["checkpoint"],
        "global_height": ordered["anchored"].get("height"),
        "encoded": body["encoded"],
    }


def _last(stages: Mapping[str, Any], state: str) -> str:
    """The receipt's last step. The stores' body names the end instead where nothing moved or all came back.

    A state that the stages do not bear out becomes none at all, which the verifier finds.
    """
    end = next((s for s in ("refused", "refunded") if s in stages), None)
    if end is not None:
        return next((s for s in ("anchored", "acknowledged", end) if s in stages), "") if state == end else ""
    if state == "archived":
        return next((s for s in ("anchored", "acknowledged") if s in stages), "") if state in stages else ""
    return state
