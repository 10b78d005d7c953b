"""`globelet.algorithms.threshold`: keys that nobody held and that are handed on; the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from globelet.algorithms.shell.threshold import app
from globelet.algorithms.threshold import SCHEMES, Ceremony, PublicKey, ThresholdError, TransportKey

pytestmark = pytest.mark.algorithms

LABEL = b"round 7"


def seed(fill: int) -> bytes:
    return bytes([fill]) * 32


def members(scheme: Any, count: int, needed: int, old: Any = None, first: int = 0) -> list[Ceremony]:
    keys = [TransportKey(seed(first + number)) for number in range(count)]
    publics = [key.public() for key in keys]
    if old is not None:
        return [Ceremony.resharing(old, b"session", publics, needed, key) for key in keys]
    return [Ceremony.generation(scheme, b"session", publics, needed, key) for key in keys]


def broadcast(all_members: list[Ceremony], messages: list[bytes]) -> None:
    for message in messages:
        assert [member.handle(message) for member in all_members] == [None] * len(all_members)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_key_is_made_and_handed_on(scheme: Any) -> None:
    first = members(scheme, 4, 2)
    broadcast(first, [member.deal(number, seed(50 + number)) for number, member in enumerate(first)])
    made: list[Any] = [member.outcome() for member in first]
    public = made[0][0]
    assert [(entry[0], entry[2]) for entry in made] == [(public, [0, 1, 2, 3])] * 4
    second = members(scheme, 6, 4, public, first=10)
    assert (second[0].members, second[0].dealers, second[0].dealings_needed, second[0].scheme) == (6, 4, 2, scheme)
    broadcast(second, [second[0].redeal(share, seed(60)) for _, share, _ in made[1:]])
    handed: list[Any] = [member.outcome() for member in second]
    after = handed[5][0]
    assert (after.group_key(), after.members, after.needed, handed[5][2]) == (public.group_key(), 6, 4, [1, 2])
    if scheme == "signing":
        before = public.combine(b"message", [0, 3], [made[0][1].sign(b"message"), made[3][1].sign(b"message")])
        assert after.combine(b"message", [2, 3, 4, 5], [entry[1].sign(b"message") for entry in handed[2:]]) == before
    else:
        sealed = public.encrypt(LABEL, b"before", seed(7))
        assert after.combine(LABEL, sealed, [entry[1].decryption_share(sealed) for entry in handed[:4]]) == b"before"
    observer = Ceremony.generation(scheme, b"session", [TransportKey(seed(n)).public() for n in range(4)], 2)
    broadcast([observer], [member.deal(number, seed(50 + number)) for number, member in enumerate(first)])
    seen: Any = observer.outcome()
    assert seen == (public, None, [0, 1, 2, 3])


def test_dealers_who_are_out_are_named() -> None:
    first = members("encryption", 4, 2)
    dealt = [member.deal(number, seed(50 + number)) for number, member in enumerate(first)]
    broadcast(first, dealt)
    for member in first:
        with pytest.raises(ThresholdError, match="two different dealings") as refused:
            member.handle(member.deal(2, seed(99)))
        assert (refused.value.code, refused.value.members) == ("threshold.bad-dealer", [2])
        assert member.faults == {2: "it sent two different dealings"}
        assert member.outcome()[2] == [0, 1, 3]


def run(*words: object, status: int = 0) -> str:
    ended = CliRunner().invoke(app, [str(word) for word in words])
    assert ended.exit_code == status, ended.output
    return ended.output


def test_the_shell_seals_opens_and_signs(tmp_path: Path) -> None:
    file, sealed, opened = tmp_path / "file", tmp_path / "sealed", tmp_path / "opened"
    file.write_bytes(b"1250 from tokyo to paris")
    keys, signers = tmp_path / "keys", tmp_path / "signers"
    run("deal", "--members", 4, "--needed", 2, "--folder", keys)
    assert (keys / "share-3").stat().st_mode & 0o777 == 0o600
    run("seal", file, "--public", keys / "public", "--label", "7", "--out", sealed)
    given: list[object] = []
    for member in (1, 3):
        share = tmp_path / f"open-{member}"
        run("open-share", sealed, "--public", keys / "public", "--label", "7", "--share", keys / f"share-{member}",
            "--out", share)  # fmt: skip
        given += ["--share", share]
    run("open", sealed, "--public", keys / "public", "--label", "7", *given, "--out", opened)
    assert opened.read_bytes() == file.read_bytes()
    run("deal", "--members", 3, "--needed", 2, "--folder", signers, "--scheme", "signing")
    given = []
    for member in (0, 2):
        run("sign", file, "--share", signers / f"share-{member}", "--out", tmp_path / f"sign-{member}")
        given += ["--share", tmp_path / f"sign-{member}"]
    signature = tmp_path / "signature"
    run("join", file, "--public", signers / "public", *given, "--out", signature)
    check = ["--public", signers / "public", "--signature", signature]
    assert run("verify", file, *check).strip() == "holds"
    assert json.loads(run("verify", sealed, *check, "--json", status=1)) == {"holds": False}
    (tmp_path / "sign-2").write_bytes(b"\2\0" + bytes(48))
    assert "[2]" in run("join", file, "--public", signers / "public", *given, "--out", signature, status=1)


def test_the_shell_makes_a_key_and_hands_it_on(tmp_path: Path) -> None:
    receivers: list[object] = []
    for member in range(3):
        run("transport", "--seed", tmp_path / f"seed-{member}", "--public", tmp_path / f"transport-{member}")
        receivers += ["--receiver", tmp_path / f"transport-{member}"]
    first = ["--session", "first", *receivers, "--needed", 2]
    dealt = [tmp_path / f"dealing-{member}" for member in range(3)]
    for member, out in enumerate(dealt):
        run("ceremony-deal", *first, "--dealer", member, "--out", out)
    keys = []
    for member in range(3):
        found = run("ceremony-finish", *dealt, *first, "--seed", tmp_path / f"seed-{member}", "--folder",
                    tmp_path / f"first-{member}", "--json")  # fmt: skip
        keys.append(json.loads(found)["group_key"])
    second = ["--session", "second", *receivers, "--needed", 3, "--old", tmp_path / "first-0" / "public"]
    for member, out in enumerate(dealt):
        run("ceremony-deal", *second, "--share", tmp_path / f"first-{member}" / "share", "--out", out)
    found = run("ceremony-finish", *dealt, *second, "--folder", tmp_path / "second", "--json")
    keys.append(json.loads(found)["group_key"])
    assert len(set(keys)) == 1
    assert PublicKey.from_bytes((tmp_path / "second" / "public").read_bytes()).needed == 3
    assert not (tmp_path / "second" / "share").exists()
    both = run("ceremony-deal", *second, "--out", dealt[0], status=2)
    assert "belong together" in both
