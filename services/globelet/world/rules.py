"""What a world file must satisfy: first each field by itself, then what fields say about each other.

All mistakes come at once. For the second pass a misspelt place is taken for the one that was meant and any other wrong
field is left out; what that pass says about such a field is not reported, for it would only echo the first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from globelet.world import atlas
from globelet.world.file import LENIENT, WorldFile
from globelet.world.marks import Path
from globelet.world.mistakes import nearest
from globelet.world.resolve import source_file
from globelet.world.resolved import Parameters

_MOST_MUNICIPALITIES = 100
_MOST_NODES = 5_000
_SHORTEST_EPOCH_US = 1_000_000


@dataclass(frozen=True)
class Finding:
    """A mistake at a path of the document; `key` when it is the key and not the value."""

    path: Path
    message: str
    key: bool = False


def examine(document: dict[str, Any], folder: File) -> tuple[WorldFile | None, list[Finding]]:
    """The world of a document, and everything wrong with it; a world is returned only when nothing is."""
    world: WorldFile | None
    findings: list[Finding] = []
    try:
        world = WorldFile.model_validate(document)
    except ValidationError as error:
        findings = _findings(error, document)
        world = _lenient(document)
    wrong = [finding.path for finding in findings]
    if world is not None:
        echoes = (f for f in _cross(world, folder) if not any(path[: len(f.path)] == f.path for path in wrong))
        findings += echoes
    return (None if findings else world), findings


def _lenient(document: dict[str, Any]) -> WorldFile | None:
    """The world without what is wrong in it by itself; None when too little is left."""
    document = copy.deepcopy(document)
    document.setdefault("name", "unnamed")
    for _ in range(8):  # what a pass takes out can lay bare a missing field around it; nesting is four deep
        try:
            return WorldFile.model_validate(document, context=LENIENT)
        except ValidationError as error:
            # From the back, so that what is left in a list keeps its index until its turn.
            for path in sorted({f.path for f in _findings(error, document)}, key=_order, reverse=True):
                _remove(document, path)
    return None


def _order(path: Path) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(p, int), p, "") if isinstance(p, int) else (False, 0, p) for p in path)


def _remove(document: Any, path: Path) -> None:
    """Take a place out; a field whose absence is the mistake takes the section around it along."""
    if not path:
        document.clear()
        return
    around = document
    for part in path[:-1]:
        around = around[part]
    if path == ("name",):
        around["name"] = "unnamed"
    elif isinstance(around, dict) and path[-1] not in around:
        _remove(document, path[:-1])
    else:
        del around[path[-1]]


def _findings(error: ValidationError, document: dict[str, Any]) -> list[Finding]:
    """One finding per place: the members of a union each complain."""
    found: dict[Path, Finding] = {}
    for detail in error.errors(include_url=False):
        finding = _finding(detail, document)
        found.setdefault(finding.path, finding)
    return list(found.values())


def _finding(detail: ErrorDetails, document: dict[str, Any]) -> Finding:
    parts = list(detail["loc"])
    key = bool(parts) and parts[-1] == "[key]"
    path = _existing(tuple(parts[:-1] if key else parts), document, missing=detail["type"] == "missing")
    if detail["type"] == "extra_forbidden":
        return Finding(path, _unknown(path), key=True)
    return Finding(path, _message(detail), key=key)


def _existing(parts: Path, document: Any, *, missing: bool) -> Path:
    """The part of an error's location that stands in the document: pydantic adds the names of union members."""
    path: list[str | int] = []
    for index, part in enumerate(parts):
        last_missing = missing and index == len(parts) - 1
        in_list = isinstance(document, list) and isinstance(part, int) and part < len(document)
        if in_list or (isinstance(document, dict) and part in document):
            document = document[part]
        elif not last_missing:
            continue
        path.append(part)
    return tuple(path)


def _unknown(path: Path) -> str:
    known = _fields_at(path[:-1])
    near = nearest(str(path[-1]), known)
    return "no such field: " + (f"did you mean {near}?" if near else f"there are {', '.join(known)}")


def _fields_at(path: Path) -> list[str]:
    model: Any = WorldFile
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        annotation = fields[part].annotation if part in fields else None
        inner = getattr(annotation, "__args__", ())
        model = next((a for a in (annotation, *inner) if hasattr(a, "model_fields")), None)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


_MESSAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "is missing: add it",
    "greater_than_equal": lambda c: f"must be at least {c['ge']}",
    "less_than_equal": lambda c: f"must be at most {c['le']}",
    "greater_than": lambda c: f"must be above {c['gt']}",
    "less_than": lambda c: f"must be below {c['lt']}",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "string_type": lambda _: "must be text: put it in quotes",
    "list_type": lambda _: "must be a list, such as [tokyo, osaka]",
    "dict_type": lambda _: "must be fields, such as `asia: [tokyo, osaka]`",
    "model_type": lambda _: "must be fields of its own, indented below it",
    "literal_error": lambda c: f"must be {c['expected']}",
    "bool_type": lambda _: "must be true, false or a number",
    "too_short": lambda c: f"must have at least {c['min_length']} entry",
    "string_pattern_mismatch": lambda _: "must be small letters and digits with single hyphens, such as tokyo-paris",
    "string_too_long": lambda c: f"must have at most {c['max_length']} letters",
}


def _message(detail: ErrorDetails) -> str:
    made = _MESSAGES.get(detail["type"])
    text = made(detail.get("ctx", {})) if made else detail["msg"]
    value = detail.get("input")
    shown = made and detail["type"] != "missing" and isinstance(value, str | int | float | None)
    return f"{text}, not {value if value is not None else 'empty'}" if shown else text


def _cross(world: WorldFile, folder: File) -> Iterator[Finding]:
    yield from _places(world)
    yield from _placements(world)
    yield from _overrides(world)
    yield from _committees(world)
    yield from _elections(world)
    yield from _source(world, folder)
    yield from _selection(world, folder)


def _selection(world: WorldFile, folder: File) -> Iterator[Finding]:
    """The policy is there and can be loaded: a broken one is told at the door."""
    if world.selection is None:
        return
    from globelet.selection import PolicyError, find, load

    try:
        load(world.selection, find(world.selection, folder))
    except PolicyError as error:
        yield Finding(("selection",), str(error))


def _places(world: WorldFile) -> Iterator[Finding]:
    seen: set[str] = set()
    for continent, names in world.continents.items():
        for index, name in enumerate(names):
            path: Path = ("continents", continent, index)
            place = atlas.municipalities().get(name)
            if name in seen:
                yield Finding(path, f"{name} is listed twice: remove one")
            elif place and place.continent != continent:
                yield Finding(path, f"{name} lies in {place.continent}: move it there")
            elif place:
                yield from _cities(path, place)
            seen.add(name)
    if len(seen) > _MOST_MUNICIPALITIES:
        yield Finding(
            ("continents",), f"at most {_MOST_MUNICIPALITIES} municipalities have ports; this has {len(seen)}"
        )


def _cities(path: Path, place: atlas.Municipality) -> Iterator[Finding]:
    for city in place.cities:
        if not atlas.lies_in(place.name, city.latitude, city.longitude):
            where = f"{city.name}, at {city.latitude}, {city.longitude}, lies outside of the outline of {place.name}"
            yield Finding(path, f"{where}: mend its row in data/cities.csv")


def _placements(world: WorldFile) -> Iterator[Finding]:
    for continent, names in world.continental.placement.items():
        path: Path = ("continental", "placement", continent)
        if continent not in world.continents:
            yield Finding(path, f"{continent} is not in this world: remove it", key=True)
            continue
        yield from _placement(path, names, world.continental.replicas, world.continents[continent], continent)
    if world.globe.placement is not None:
        everywhere = [name for names in world.continents.values() for name in names]
        yield from _placement(
            ("global", "placement"), world.globe.placement, world.globe.replicas, everywhere, "this world"
        )


def _placement(path: Path, names: list[str], replicas: int, allowed: list[str], where: str) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in allowed:
            yield Finding((*path, index), f"{name} is not in {where}: use one of {', '.join(allowed)}")
    if len(names) != replicas:
        yield Finding(
            path, f"places {len(names)} replicas and the chain has {replicas}: list one municipality for each"
        )


def _overrides(world: WorldFile) -> Iterator[Finding]:
    home = {name: continent for continent, names in world.continents.items() for name in names}
    seen: set[tuple[str, str, str]] = set()
    for index, override in enumerate(world.links.overrides):
        path: Path = ("links", "overrides", index)
        for end, name in (("from", override.source), ("to", override.to)):
            if name not in home:
                yield Finding((*path, end), f"{name} is not in this world: use one of {', '.join(home)}")
        ends = override.source, override.to
        if (*ends, override.route) in seen:
            yield Finding(path, f"the link from {ends[0]} to {ends[1]} is overridden twice: remove one")
        seen.add((*ends, override.route))
        if override.route == "internet" and set(ends) <= set(home) and home[ends[0]] == home[ends[1]]:
            yield Finding(
                (*path, "route"), f"{ends[0]} and {ends[1]} lie on one continent, with the backbone alone: remove it"
            )
        elif override.route == "internet" and not world.links.internet.enabled:
            yield Finding((*path, "route"), "links.internet is not enabled: enable it, or remove this override")


def _committees(world: WorldFile) -> Iterator[Finding]:
    asked: Parameters = world.parameters
    nodes = world.municipal.standing + world.municipal.holders
    faults = (world.municipal.replicas - 1) // 3
    at = "parameters"
    if asked.proofs_needed <= asked.shards_needed:
        yield Finding(
            (at, "proofs_needed"), f"must be above shards_needed, {asked.shards_needed}: no holder may be lost else"
        )
    if asked.proofs_needed > nodes:
        message = f"must be at most {nodes}, the replicas and holders of a municipality: lower it or add holders"
        yield Finding((at, "proofs_needed"), message)
    fewest = asked.proofs_needed - (world.municipal.replicas - faults)
    if 0 < asked.holders_drawn < fewest:
        message = f"must be 0, or at least {fewest}: so many proofs are missing while {faults} of the replicas are down"
        yield Finding((at, "holders_drawn"), message)
    if asked.parcel_shards_needed > world.municipal.replicas - faults:
        message = f"must be at most {world.municipal.replicas - faults}: {faults} of the replicas may send nothing"
        yield Finding((at, "parcel_shards_needed"), message)
    municipalities = sum(map(len, world.continents.values()))
    total = municipalities * nodes + len(world.continents) * world.continental.replicas + world.globe.replicas
    if total > _MOST_NODES:
        yield Finding(("municipal",), f"makes {total} nodes and one machine takes at most {_MOST_NODES}: use fewer")


def _elections(world: WorldFile) -> Iterator[Finding]:
    """Who may be elected: enough for every seat, each with its stake."""
    declared, asked = world.municipal, world.parameters
    if declared.standing < declared.replicas:
        message = f"must be at least {declared.replicas}, the replicas of a committee: raise it or leave it out"
        yield Finding(("municipal", "candidates"), message)
    if declared.stakes is not None and len(declared.stakes) != declared.standing:
        message = f"lists {len(declared.stakes)} stakes for {declared.standing} candidates: list one for each"
        yield Finding(("municipal", "stakes"), message)
    if declared.stakes is not None and sum(stake > 0 for stake in declared.stakes) < declared.replicas:
        yield Finding(("municipal", "stakes"), f"must be above 0 for at least {declared.replicas} candidates")
    if 0 < asked.epoch_us < _SHORTEST_EPOCH_US:
        message = f"must be 0, or at least {_SHORTEST_EPOCH_US}: a committee takes a while to hand over its keys"
        yield Finding(("parameters", "epoch_us"), message)


def _source(world: WorldFile, folder: File) -> Iterator[Finding]:
    file = source_file(world, folder)
    path: Path = ("links", "source")
    if file is None:
        yield Finding(path, f"there is no file {world.links.source} beside the world file, nor in the package's data")
        return
    try:
        measured = atlas.round_trips(file)
    except (OSError, KeyError, ValueError, TypeError):
        yield Finding(path, "must be a CSV file with from_region, to_region, rtt_p50_ms, rtt_p90_ms")
        return
    measurable = (o for o in world.links.overrides if o.route == "backbone")
    declared = {(o.source, o.to) for o in measurable if o.delay_ms is not None}
    known = atlas.municipalities()
    region = {name: known[name].region for names in world.continents.values() for name in names if name in known}
    for source in region:
        for to in region:
            if (source, to) not in declared and (region[source], region[to]) not in measured:
                yield Finding(
                    path, f"has no round trip from {source} to {to}: measure it or add an override with delay_ms"
                )
