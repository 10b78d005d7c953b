"""What the nodes count: `/metrics` of every process, added up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})? (\S+)$")


@dataclass(frozen=True)
class Counts:
    """Samples by name and labels, as the text has them, added over processes."""

    samples: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, texts: Iterable[str]) -> Counts:
        """From OpenMetrics texts; lines that are no samples are passed over."""
        found: dict[str, float] = {}
        for text in texts:
            for line in text.splitlines():
                if match := _LINE.match(line):
                    key = match[1] + (f"{{{match[2]}}}" if match[2] else "")
                    found[key] = found.get(key, 0.0) + float(match[3])
        return cls(found)

    def minus(self, before: Counts) -> Counts:
        """What was counted since."""
        return Counts({key: value - before.samples.get(key, 0.0) for key, value in self.samples.items()})

    def get(self, name: str) -> float:
        """A sample without labels; 0 where there is none."""
        return self.samples.get(f"globelet_{name}", 0.0)

    def by(self, name: str, label: str) -> dict[str, float]:
        """Samples of one name by the value of their only label."""
        pattern = re.compile(rf'^globelet_{name}\{{{label}="([^"]*)"\}}$')
        return {match[1]: value for key, value in self.samples.items() if (match := pattern.match(key))}
