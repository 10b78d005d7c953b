"""`globelet world` as a shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit


def globelet(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "globelet", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_new_then_check_then_show(tmp_path: Path) -> None:
    made = globelet("world", "new", "--name", "pacific", "tokyo", "sydney", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "sydney lies in new-south-wales" in made.stderr
    checked = globelet("world", "check", "pacific.yaml", "--json", folder=tmp_path)
    assert json.loads(checked.stdout) == {"file": "pacific.yaml", "valid": True, "mistakes": []}
    shown = json.loads(globelet("world", "show", "pacific.yaml", "--json", folder=tmp_path).stdout)
    assert shown["regions"] == ["tokyo", "new-south-wales"]
    again = globelet("world", "new", "--name", "pacific", "tokyo", folder=tmp_path)
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_bad_input_exits_2_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\ncontinents:\n  asia: [tokio]\n", encoding="utf-8")
    told = globelet("world", "check", "bad.yaml", folder=tmp_path)
    assert told.returncode == 2
    assert "bad.yaml:3:10: continents.asia[0]: no municipality is called tokio: did you mean tokyo?" in told.stderr
    listed = globelet("world", "check", "bad.yaml", "--json", folder=tmp_path)
    assert listed.returncode == 2
    assert json.loads(listed.stdout)["mistakes"][0]["line"] == 3


def test_people_get_tables(tmp_path: Path) -> None:
    shown = globelet("world", "show", "tokyo-paris", folder=tmp_path)
    assert "54 nodes in 9 processes" in shown.stdout
    assert "109.7" in shown.stdout


def test_help_does_not_load_what_is_heavy(tmp_path: Path) -> None:
    code = "import sys; from globelet.cli import build; build(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"pydantic", "yaml", "httpx", "pyarrow", "pandas", "cryptography"} & set(run.stdout.split())
