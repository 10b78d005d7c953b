"""`globelet algorithm …` and `globelet algorithms`, as people call them: what they print and how they end."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from globelet.algorithms import names
from globelet.cli import BAD_INPUT, DONE, FAILED, MISSING, build

pytestmark = pytest.mark.algorithms

ROOT = "0067e8749cde36ce51dcc84cea703f142717f8ae0caa406cc6595c3fcef51342"


def run(*words: object) -> Any:
    return CliRunner().invoke(build(), [str(word) for word in words])


def printed(*words: object) -> str:
    done = run(*words)
    assert done.exit_code == DONE, done.output
    return str(done.stdout).strip()


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    file = tmp_path / "cities.txt"
    file.write_text("tokyo\nparis\nosaka\n")
    return file


def commands(name: str) -> list[str]:
    shell = import_module(f"globelet.algorithms.shell.{name}")
    return list(typer.main.get_group(shell.app).commands)


@pytest.mark.parametrize("name", names())
def test_every_command_has_help_with_an_example(name: str) -> None:
    assert commands(name), f"`globelet algorithm {name}` has no command"
    for command in commands(name):
        assert f"globelet algorithm {name}" in printed("algorithm", name, command, "--help").partition("Example:")[2]


def test_merkle(cities: Path) -> None:
    assert printed("algorithm", "merkle", "root", cities) == ROOT
    proof = printed("algorithm", "merkle", "prove", cities, 1)
    check = ["algorithm", "merkle", "verify", "--root", ROOT, "--proof", proof]
    assert printed(*check, "paris") == "holds"
    assert run(*check, "london").exit_code == FAILED
    many = printed("algorithm", "merkle", "prove", cities, 0, 2)
    assert printed("algorithm", "merkle", "verify", "--root", ROOT, "--proof", many, "tokyo", "osaka") == "holds"
    grown = json.loads(printed("algorithm", "merkle", "grown", cities, 2, "--json"))
    check = ["algorithm", "merkle", "verify-grown", "--proof", grown["proof"]]
    assert printed(*check, grown["old"], grown["new"]) == "holds"
    assert run(*check, grown["new"], grown["old"]).exit_code == FAILED


@pytest.mark.parametrize("scheme", ["ml-kem-768", "x-wing", "sntrup761"])
def test_kem(tmp_path: Path, scheme: str) -> None:
    seed, public, sent = tmp_path / "seed", tmp_path / "public", tmp_path / "sent"
    run("algorithm", "kem", "keys", "--seed", seed, "--public", public, "--scheme", scheme)
    assert seed.stat().st_mode & 0o777 == 0o600
    shared = printed("algorithm", "kem", "encapsulate", public, "--out", sent, "--scheme", scheme)
    assert printed("algorithm", "kem", "decapsulate", sent, "--seed", seed, "--scheme", scheme) == shared
    assert len(bytes.fromhex(shared)) == 32


@pytest.mark.parametrize("scheme", ["ed25519", "ml-dsa-44", "ml-dsa-65-ed25519"])
def test_signatures(cities: Path, tmp_path: Path, scheme: str) -> None:
    seed, public, signature = tmp_path / "seed", tmp_path / "public", tmp_path / "signature"
    printed("algorithm", "signatures", "keys", "--seed", seed, "--public", public, "--scheme", scheme)
    printed("algorithm", "signatures", "sign", cities, "--seed", seed, "--out", signature, "--scheme", scheme)
    check = ["algorithm", "signatures", "verify", cities, "--public", public, "--signature", signature]
    assert printed(*check, "--scheme", scheme) == "holds"
    cities.write_text("london\n")
    assert run(*check, "--scheme", scheme).exit_code == FAILED


@pytest.mark.parametrize(
    "words",
    [
        ["algorithm", "nothing"],
        ["algorithm", "merkle", "root", "/no/such/file"],
        ["algorithm", "merkle", "prove", "-", "7"],
        ["algorithm", "merkle", "verify", "--root", "00", "--proof", "00", "x"],
        ["algorithm", "merkle", "verify", "--root", "zz" * 32, "--proof", "00", "x"],
        ["algorithm", "merkle", "verify", "--root", "00" * 32, "--proof", "00", "x"],
        ["algorithm", "kem", "decapsulate", "/no/such/file", "--seed", "/no/such/file"],
        ["algorithm", "kem", "encapsulate", "-", "--out", "/no/such/folder/file"],
        ["algorithm", "signatures", "keys", "--seed", "s", "--public", "p", "--scheme", "rsa"],
    ],
)
def test_bad_input_ends_with_its_sentence(words: list[str]) -> None:
    ended = run(*words)
    assert ended.exit_code == BAD_INPUT, ended.output
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr


def test_the_table_and_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    table = json.loads(printed("algorithms", "--figures", figures, "--json"))
    assert [entry["name"] for entry in table["algorithms"]] == names()
    assert table["figures"] == []
    nothing = run("algorithms", "--gather", tmp_path / "none", tmp_path / "none.json", "--figures", figures)
    assert nothing.exit_code == MISSING
    measured = tmp_path / "criterion" / "any" / "new"
    measured.mkdir(parents=True)
    (measured / "benchmark.json").write_text(json.dumps({"group_id": "merkle: root", "function_id": "globelet"}))
    (measured / "estimates.json").write_text(json.dumps({"median": {"point_estimate": 250.0}}))
    python = tmp_path / "python.json"
    entry = {"group": "merkle: root", "extra_info": {"who": "plain Python"}, "stats": {"median": 1e-6}}
    python.write_text(json.dumps({"benchmarks": [entry]}))
    shown = printed("algorithms", "--gather", tmp_path / "criterion", python, "--figures", figures)
    assert "4.00 ×" in shown
    kept = json.loads(printed("algorithms", "--figures", figures, "--json"))["figures"]
    assert [(entry["who"], entry["ratio"]) for entry in kept] == [("globelet", 1.0), ("plain Python", 4.0)]
    figures.write_text("{")
    assert run("algorithms", "--figures", figures).exit_code == BAD_INPUT
