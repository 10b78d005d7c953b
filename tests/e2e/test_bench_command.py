"""`globelet bench` as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]


def test_kernels_and_hop_give_a_document_of_ratios(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bench.json"
    command = [
        sys.executable,
        "-m",
        "globelet",
        "bench",
        "--quick",
        "--only",
        "kernels,hop",
        "--json",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert json.loads(out.read_text()) == document
    assert document["quick"] is True
    assert {"format", "world", "machine", "aims", "notes", "figures"} <= set(document)
    figures = {f["name"]: f for f in document["figures"]}
    assert {f["group"] for f in document["figures"]} == {"kernels", "hop"}
    for name in ("Python to Rust call", "serialise 10 KB", "round trip p50"):
        row = figures[name]
        assert row["value"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["baseline"], rel=1e-2)
    assert figures["serialise 10 KB"]["aim"] == "≤ 2"
    assert figures["serialise 10 KB"]["holds"] in (True, False)
    assert figures["round trip p50"]["ratio"] > 1, "a hop that costs nothing was not taken"


def test_an_unknown_benchmark_is_named_with_those_there_are() -> None:
    command = [sys.executable, "-m", "globelet", "bench", "--only", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "kernels" in done.stderr
