"""YAML that remembers where everything stands, so that a mistake can be shown with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_MOST_VALUES = 100_000  # aliases of aliases can make a short file endless


@dataclass
class Marked:
    """A YAML document: its plain value, the (line, column) of each path in it, and keys that stand twice."""

    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    twice: list[Path] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a path or of the nearest thing around it that stands in the file."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def parse(text: str) -> Marked:
    """Read one YAML document. yaml.YAMLError when it is none."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        marked = Marked()
        if node is not None:
            marked.value = _walk(loader, node, (), marked)
        return marked
    finally:
        loader.dispose()


def _walk(loader: yaml.SafeLoader, node: yaml.Node, path: Path, marked: Marked) -> Any:
    if len(marked.places) > _MOST_VALUES:
        raise ValueError(f"it holds more than {_MOST_VALUES} values")
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(loader, node, path, marked))
    marked.places[path] = _at(node)
    if isinstance(node, yaml.SequenceNode):
        return [_walk(loader, item, (*path, i), marked) for i, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _pairs(loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path, marked: Marked) -> list[tuple[str, Any]]:
    marked.places[path] = _at(node)
    seen: set[Path] = set()
    pairs = []
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        below = (*path, key)
        if below in seen:
            marked.twice.append(below)
        seen.add(below)
        marked.keys[below] = _at(key_node)
        pairs.append((key, _walk(loader, value_node, below, marked)))
    return pairs


def _at(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
