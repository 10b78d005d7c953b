"""A receipt proves itself offline, from the genesis alone; whatever is changed in it, a step fails by name."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from globelet.engines.binaries import find
from globelet.engines.errors import LinksUntrue
from globelet.scenarios.world import World

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Evidence:
    """A receipt and a genesis, on their own in an empty folder."""

    receipt: dict[str, Any]
    refunded: dict[str, Any]
    genesis: Path
    folder: Path

    def verify(self, document: Any, genesis: Path | None = None) -> tuple[int, dict[str, str]]:
        """Exit status and the failing steps, each with its reason."""
        file = self.folder / "receipt.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        program = str(find("globelet-node"))
        command = [program, "receipt-verify", "--json", "--genesis", str(genesis or self.genesis), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        steps = json.loads(done.stdout)["steps"] if done.stdout else []
        return done.returncode, {s["name"]: s["detail"] for s in steps if not s["holds"]}

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "globelet", "receipt", "verify", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GLOBELET_STATE": str(self.folder / "nothing"), "COLUMNS": "160", **environment},
        )


def anchored(world: World, to: str, opened: bool) -> dict[str, Any]:
    alice = world.account("tokyo", balance=1_000)
    bob = world.account(to) if opened else world.bank.account(type(alice.key).derive("nobody", alice.id), to)
    receipt = alice.send(bob, 250).wait("credited" if opened else "refunded").wait("anchored")
    hall = world.engine.hall("tokyo")
    # The post-quantum proof comes once per interval and is never waited for; here it should be there.
    world.engine.wait_until(
        lambda: hall.call("GET", f"/v1/receipts/{receipt.id}").get("post_quantum") is not None, 10.0
    )
    return dict(hall.call("GET", f"/v1/receipts/{receipt.id}"))


@pytest.fixture(scope="module")
def evidence(engine, tmp_path_factory) -> Iterator[Evidence]:
    """Money moves, then the world goes down: nothing is left but two documents."""
    world = World(engine, 1, f"receipt {engine.now_us()}")
    folder = tmp_path_factory.mktemp("evidence")
    receipt, refunded = anchored(world, "paris", True), anchored(world, "paris", False)
    shutil.copy(engine.genesis(), folder / "genesis.json")
    engine.down()
    try:
        assert not engine.anything_runs()
        yield Evidence(receipt, refunded, folder / "genesis.json", folder)
    finally:
        with suppress(LinksUntrue):  # a slow machine; every run measures for itself
            engine.up()


Path_ = tuple[str | int, ...]


def leaves(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*at, key))
    else:
        yield at


def other(value: Any) -> Any:
    """A value of the same kind that is not the same."""
    if isinstance(value, bool) or value is None:
        return 1 if value is None else not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value and set(value) <= set("0123456789abcdef"):
        return ("1" if value[0] == "0" else "0") + value[1:]
    return {"tokyo": "osaka", "paris": "london", "transfer": "opening"}.get(value, f"{value}x")


def changed(document: dict[str, Any], at: Path_, change: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    inner = made
    for key in at[:-1]:
        inner = inner[key]
    change(inner, at[-1])
    return made


def set_other(inner: Any, key: Any) -> None:
    inner[key] = other(inner[key])


def drop(inner: Any, key: Any) -> None:
    del inner[key]


def test_both_ends_of_the_ladder_verify_with_no_process_running(evidence):
    for receipt, end in ((evidence.receipt, "credited"), (evidence.refunded, "refunded")):
        assert {end, "acknowledged", "anchored"} <= set(receipt["stages"])
        assert evidence.verify(receipt) == (0, {})


@pytest.mark.parametrize("change", [set_other, drop], ids=["changed", "dropped"])
@pytest.mark.parametrize("which", ["receipt", "refunded"])
def test_every_field_counts(evidence, which, change):
    document = getattr(evidence, which)
    walked = list(leaves(document))
    assert len(walked) > 25
    for at in walked:
        status, failing = evidence.verify(changed(document, at, change))
        assert status == 1, f"{at}: it was taken"
        name = ".".join(map(str, at))
        if name == "encoded":
            assert failing, "no step is named"
        else:
            assert f"`{name}`" in failing["document"], failing
        if name == "world":
            assert "genesis" in failing["world"]


def test_a_field_too_many_counts(evidence):
    for at in ((), ("order",), ("stages", "credited")):
        made = changed(evidence.receipt, (*at, "memo"), lambda inner, key: inner.__setitem__(key, "trust me"))
        status, failing = evidence.verify(made)
        assert status == 1
        assert ".".join((*at, "memo")) in failing["document"]


def test_two_stages_cannot_change_places(evidence):
    made = copy.deepcopy(evidence.receipt)
    stages = made["stages"]
    stages["held"], stages["committed"] = stages["committed"], stages["held"]
    status, failing = evidence.verify(made)
    assert status == 1
    assert "`stages." in failing["document"]


def test_every_part_of_the_encoding_counts(evidence):
    """A digit is flipped all over the exact encoding: a proof fails, not only the comparison with the other fields."""
    encoded = evidence.receipt["encoded"]
    named: set[str] = set()
    for place in range(0, len(encoded), max(1, len(encoded) // 400)):
        digit = "1" if encoded[place] == "0" else "0"
        made = {**evidence.receipt, "encoded": encoded[:place] + digit + encoded[place + 1 :]}
        status, failing = evidence.verify(made)
        assert status == 1, f"digit {place}"
        if "is not the encoding" in failing.get("document", ""):
            continue
        assert set(failing) - {"document"}, f"digit {place}: no proof fails"
        named |= set(failing)
    assert {"issuer's signature", "holding proofs", "certificate"} <= named, named


def test_a_receipt_of_another_world_is_refused_by_name(evidence):
    genesis = json.loads(evidence.genesis.read_text())
    genesis["world"]["seed"] += 1
    other_genesis = evidence.folder / "other.json"
    other_genesis.write_text(json.dumps(genesis))
    status, failing = evidence.verify(evidence.receipt, other_genesis)
    assert (status, failing) == (2, {}), "a genesis that was tampered with is no genesis"


@pytest.mark.parametrize(
    ("text", "status"),
    [("", 2), ("{", 2), ("[]", 1), ("{}", 1), ('{"encoded": 5}', 1), ('{"encoded": "zz"}', 1), ('{"encoded": ""}', 1)],
)
def test_what_is_no_receipt_is_refused(evidence, text, status):
    found, failing = evidence.verify(text)
    assert found == status
    if status == 1:
        assert "fetch the receipt again" in failing["document"]


def test_the_command_line_prints_a_table_and_speaks_json(evidence):
    file, genesis = evidence.folder / "mine.json", str(evidence.genesis)
    file.write_text(json.dumps(evidence.receipt))
    done = evidence.cli(str(file), "--genesis", genesis)
    assert (done.returncode, done.stderr) == (0, "")
    for step in ("client signature", "holding proofs", "certificate", "continental inclusion", "global root"):
        assert step in done.stdout
    assert "valid: every step holds" in done.stdout
    document = json.loads(evidence.cli(str(file), "--genesis", genesis, "--json").stdout)
    assert document["valid"] is True
    assert all(step["holds"] for step in document["steps"])

    file.write_text(json.dumps({**evidence.receipt, "lane": 99}))
    done = evidence.cli(str(file), "--genesis", genesis)
    assert done.returncode == 1
    assert "refused: document" in done.stdout
    assert json.loads(evidence.cli(str(file), "--genesis", genesis, "--json").stdout)["valid"] is False


def test_the_command_line_says_what_is_missing(evidence):
    file = evidence.folder / "mine.json"
    file.write_text(json.dumps(evidence.receipt))
    for arguments, status, mend in (
        ((str(evidence.folder / "none.json"), "--genesis", str(evidence.genesis)), 2, "--out"),
        ((str(file),), 4, "--genesis"),
        ((str(evidence.genesis), "--genesis", str(evidence.genesis)), 1, ""),
    ):
        done = evidence.cli(*arguments)
        assert done.returncode == status, done.stderr
        assert mend in done.stderr
    file.write_text("{")
    done = evidence.cli(str(file), "--genesis", str(evidence.genesis))
    assert done.returncode == 2
    assert "is not JSON" in done.stderr
