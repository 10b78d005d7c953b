"""Receipts made whole with the interval signatures that the stores keep once for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from globelet.analysis import columns
from globelet.analysis.source import Source
from globelet.archiver import brief
from globelet.archiver.brief import IntervalMissing


def whole(source: Source, bodies: Mapping[str, bytes]) -> dict[str, bytes]:
    """Bodies as a source keeps them, made whole; those of which something is missing, or that are none, stay."""
    read = {order: document for order, body in bodies.items() if (document := _brief(body)) is not None}
    wanted = {name for document in read.values() for name in brief.names(document)}
    found = source.intervals(sorted(wanted)) if wanted else {}
    made = dict(bodies)
    for order, document in read.items():
        try:
            made[order] = columns.canonical(brief.whole(document, found))
        except (IntervalMissing, ValueError):
            continue  # the verifier says what it lacks
    return made


def lacks(body: bytes) -> IntervalMissing | None:
    """What a body that was not made whole lacks; None for a whole one, and for what is no receipt."""
    document = _brief(body)
    named = brief.names(document) if document is not None else []
    return IntervalMissing(named[0]) if named else None


def _brief(body: bytes) -> dict[str, Any] | None:
    """The document of a kept body; None for a whole one, and for what is no receipt."""
    if b'"brief":' not in body:
        return None
    try:
        document = json.loads(body)
        return document if brief.names(document) else None
    except (ValueError, AttributeError, TypeError):
        return None
