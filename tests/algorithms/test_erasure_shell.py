"""`globelet algorithm erasure …`: files cut, checked and rebuilt, and the bytes of a shard file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from globelet.algorithms.erasure import Encoder, Manifest
from globelet.cli import BAD_INPUT, DONE, FAILED, build

pytestmark = pytest.mark.algorithms


def streamed() -> tuple[list[bytes], Manifest]:
    """The pieces of a payload of one stripe, and its manifest."""
    encoder = Encoder(2, 4, 16)
    assert encoder.push(b"ten bytes!") == []
    (pieces,), manifest = encoder.finish()
    return pieces, manifest


def run(*words: object) -> Any:
    return CliRunner().invoke(build(), ["algorithm", "erasure", *(str(word) for word in words)])


@pytest.mark.parametrize("size", [0, 1, 5_000, 300_000])
def test_the_shell_cuts_checks_and_rebuilds(tmp_path: Path, size: int) -> None:
    source, folder, copy = tmp_path / "ledger.bin", tmp_path / "shards", tmp_path / "copies" / "copy.bin"
    source.write_bytes(np.arange(size, dtype=np.uint32).astype(np.uint8).tobytes())
    cut = run("encode", "--k", 4, "--n", 7, source, "--out", folder, "--stripe", 4096, "--json")
    assert cut.exit_code == DONE, cut.output
    said = json.loads(cut.stdout)
    files, manifest = [Path(name) for name in said["files"]], ["--manifest", said["manifest"]]
    assert bytes.fromhex(said["id"]) == Manifest.from_bytes(Path(said["manifest"]).read_bytes()).id
    assert run("verify", *manifest, *files).exit_code == DONE
    assert run("decode", *manifest, "--out", copy, *files[3:]).exit_code == DONE
    assert copy.read_bytes() == source.read_bytes()
    files[5].write_bytes(files[5].read_bytes()[:-1])
    checked = run("verify", *manifest, *files, "--json")
    assert checked.exit_code == FAILED
    assert [entry["shard"] for entry in json.loads(checked.stdout)["shards"] if not entry["holds"]] == [5]
    rebuilt = run("decode", *manifest, "--out", copy, *files[2:], "--json")
    assert rebuilt.exit_code == DONE
    assert (json.loads(rebuilt.stdout)["wrong"], copy.read_bytes()) == ([5], source.read_bytes())
    copy.unlink()
    few = run("decode", *manifest, "--out", copy, *files[3:])
    assert few.exit_code == BAD_INPUT
    assert list(copy.parent.iterdir()) == [], "nothing is left of a file that was not rebuilt"


def test_the_bytes_of_a_shard_file_are_known(tmp_path: Path) -> None:
    """Its number, then its pieces: a format that goes from one machine to another."""
    pieces, manifest = streamed()
    (tmp_path / "a").write_bytes(b"ten bytes!")
    assert run("encode", "--k", 2, "--n", 4, tmp_path / "a", "--stripe", 16).exit_code == DONE
    for index in range(4):
        file = tmp_path / "a.shards" / f"shard-{index:05}"
        assert file.read_bytes() == index.to_bytes(4, "little") + pieces[index]
    assert (tmp_path / "a.shards" / "manifest").read_bytes() == manifest.to_bytes()


def test_the_shell_refuses_what_is_no_shard(tmp_path: Path) -> None:
    manifest, stranger = tmp_path / "manifest", tmp_path / "stranger"
    manifest.write_bytes(streamed()[1].to_bytes())
    stranger.write_bytes(b"\xff\xff\xff\xff")
    for words in (
        ["encode", "--k", 4, "--n", 3, stranger],
        ["encode", "--k", 2, "--n", 3, tmp_path / "no such file"],
        ["encode", "--k", 2, "--n", 3, stranger, "--out", stranger],
        ["verify", "--manifest", stranger, stranger],
        ["verify", "--manifest", manifest, stranger],
        ["decode", "--manifest", manifest, stranger, "--out", tmp_path / "copy"],
        ["decode", "--manifest", manifest, tmp_path / "no such file", "--out", tmp_path / "copy"],
    ):
        ended = run(*words)
        assert ended.exit_code == BAD_INPUT, ended.output
        assert ended.stderr.strip()
        assert "Traceback" not in ended.stderr
