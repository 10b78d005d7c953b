"""`globelet algorithm threshold`: seal, open and sign by a committee, and make or hand on its key."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from globelet.algorithms import threshold
from globelet.algorithms.shell.arguments import File, read, write
from globelet.cli import BAD_INPUT, DONE, FAILED
from globelet.cli.terminal import Json, emit, say, stop

app = typer.Typer(help="Keys that a committee shares.", no_args_is_help=True)


class Scheme(StrEnum):
    """The schemes."""

    ENCRYPTION = "encryption"
    SIGNING = "signing"


SchemeOption = Annotated[Scheme, typer.Option("--scheme", help="What the key is for.")]
NeededOption = Annotated[int, typer.Option("--needed", min=1, max=65535, help="Members who are enough.")]
PublicOption = Annotated[str, typer.Option("--public", help="File with the committee's public key.")]
ShareOption = Annotated[str, typer.Option("--share", help="File with a member's secret share.")]
SharesOption = Annotated[list[str], typer.Option("--share", help="File with a member's share; once for each.")]
LabelOption = Annotated[str, typer.Option("--label", help="The label that the payload is bound to.")]
OutOption = Annotated[Path, typer.Option("--out", help="File to write.")]
FolderOption = Annotated[Path, typer.Option("--folder", help="Folder to write into.")]
ReceiverOption = Annotated[
    list[str], typer.Option("--receiver", help="File with a member's public transport key; once for each, in order.")
]
SessionOption = Annotated[str, typer.Option("--session", help="The ceremony's name, never used before.")]
OldOption = Annotated[str | None, typer.Option("--old", help="File with the public key that is handed on.")]


def _secret(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    write(path, data)


@app.command(epilog="Example: `globelet algorithm threshold deal --members 4 --needed 2 --folder committee`")
def deal(
    members: Annotated[int, typer.Option("--members", min=1, max=65535, help="Members of the committee.")],
    needed: NeededOption,
    folder: FolderOption,
    scheme: SchemeOption = Scheme.ENCRYPTION,
    as_json: Json = False,
) -> None:
    """Make a key and split it: files `public` and `share-N`. Whoever runs this could know the key."""
    make = threshold.deal if scheme is Scheme.ENCRYPTION else threshold.deal_signing
    public, shares = make(members, needed, secrets.token_bytes(32))
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "public", public.to_bytes())
    for share in shares:
        _secret(folder / f"share-{share.index}", share.to_bytes())
    if as_json:
        emit({"scheme": scheme.value, "members": members, "needed": needed, "group_key": public.group_key().hex()})
    else:
        say(f"wrote {folder}/public and {members} shares; keep the shares secret, each with its member")


@app.command(epilog="Example: `globelet algorithm threshold seal order.json --public committee/public --out sealed`")
def seal(file: File, public: PublicOption, out: OutOption, label: LabelOption = "") -> None:
    """Seal a file to a committee."""
    key = threshold.PublicKey.from_bytes(read(public))
    write(out, key.encrypt(label.encode(), read(file), secrets.token_bytes(32)).to_bytes())
    say(f"wrote {out}")


@app.command(
    "open-share",
    epilog="Example: `globelet algorithm threshold open-share sealed --public p --share share-2 --out two`",
)
def open_share(file: File, public: PublicOption, share: ShareOption, out: OutOption, label: LabelOption = "") -> None:
    """Make a member's share of opening a sealed file, which is checked before."""
    sealed = threshold.Ciphertext.from_bytes(read(file))
    threshold.PublicKey.from_bytes(read(public)).check(label.encode(), sealed)
    write(out, threshold.KeyShare.from_bytes(read(share)).decryption_share(sealed).to_bytes())
    say(f"wrote {out}")


@app.command(
    "open", epilog="Example: `globelet algorithm threshold open sealed --public p --share a --share b --out f`"
)
def open_sealed(file: File, public: PublicOption, share: SharesOption, out: OutOption, label: LabelOption = "") -> None:
    """Open a sealed file with shares of enough members; status 1 and their numbers if some are bad."""
    sealed, key = threshold.Ciphertext.from_bytes(read(file)), threshold.PublicKey.from_bytes(read(public))
    key.check(label.encode(), sealed)
    try:
        payload = key.combine(
            label.encode(), sealed, [threshold.DecryptionShare.from_bytes(read(one)) for one in share]
        )
    except threshold.ThresholdError as refused:
        _blame(refused)
    write(out, payload)
    say(f"wrote {out}, {len(payload)} bytes")


@app.command(epilog="Example: `globelet algorithm threshold sign order.json --share share-2 --out two`")
def sign(file: File, share: ShareOption, out: OutOption) -> None:
    """Make a member's share of the committee's signature on a file: its number (2 bytes) and 48 bytes."""
    key = threshold.SigningShare.from_bytes(read(share))
    write(out, key.index.to_bytes(2, "little") + key.sign(read(file)))
    say(f"wrote {out}")


@app.command(epilog="Example: `globelet algorithm threshold join order.json --public p --share a --share b --out sig`")
def join(file: File, public: PublicOption, share: SharesOption, out: OutOption) -> None:
    """Make the committee's signature from shares of enough members; status 1 and their numbers if some are bad."""
    parts = [read(one) for one in share]
    committee = threshold.SigningCommittee.from_bytes(read(public))
    indices = [int.from_bytes(part[:2], "little") for part in parts]
    try:
        signature = committee.combine(read(file), indices, [part[2:] for part in parts])
    except threshold.ThresholdError as refused:
        _blame(refused)
    write(out, signature)
    say(f"wrote {out}, {len(signature)} bytes")


def _blame(refused: threshold.ThresholdError) -> NoReturn:
    if refused.code == "threshold.bad-shares":
        stop(FAILED, str(refused))
    raise refused


@app.command(epilog="Example: `globelet algorithm threshold verify order.json --public public --signature sig`")
def verify(
    file: File,
    public: PublicOption,
    signature: Annotated[str, typer.Option("--signature", help="File with the signature.")],
    as_json: Json = False,
) -> None:
    """Check a committee's signature on a file; status 1 if it does not stand."""
    holds = threshold.SigningCommittee.from_bytes(read(public)).verify(read(file), read(signature))
    if as_json:
        emit({"holds": holds})
    else:
        print("holds" if holds else "does not hold")
    raise typer.Exit(DONE if holds else FAILED)


@app.command(epilog="Example: `globelet algorithm threshold transport --seed tokyo.seed --public tokyo.transport`")
def transport(
    seed: Annotated[Path, typer.Option(help="File for the secret seed; read if it exists, made (0600) if not.")],
    public: Annotated[Path, typer.Option(help="File for the public transport key.")],
) -> None:
    """Make a member's own key, to which dealers seal its shares."""
    if not seed.exists():
        _secret(seed, secrets.token_bytes(32))
    write(public, threshold.TransportKey(read(str(seed))).public())
    say(f"wrote {public}; keep {seed} secret")


def _ceremony(
    scheme: Scheme, session: str, receivers: list[str], needed: int, old: str | None, seed: str | None = None
) -> threshold.Ceremony:
    keys, name = [read(receiver) for receiver in receivers], session.encode()
    own = threshold.TransportKey(read(seed)) if seed else None
    if old is None:
        return threshold.Ceremony.generation(scheme.value, name, keys, needed, own)
    kind = threshold.PublicKey if scheme is Scheme.ENCRYPTION else threshold.SigningCommittee
    return threshold.Ceremony.resharing(kind.from_bytes(read(old)), name, keys, needed, own)


@app.command(
    "ceremony-deal",
    epilog="Example: `globelet algorithm threshold ceremony-deal --session first --receiver a --receiver b --needed 2 "
    "--dealer 0 --out dealing-0`",
)
def ceremony_deal(
    session: SessionOption,
    receiver: ReceiverOption,
    needed: NeededOption,
    out: OutOption,
    dealer: Annotated[int, typer.Option("--dealer", min=0, max=65535, help="Your number, for a new key.")] = 0,
    old: OldOption = None,
    share: Annotated[str | None, typer.Option("--share", help="File with your share of the old key.")] = None,
    scheme: SchemeOption = Scheme.ENCRYPTION,
) -> None:
    """Make a member's broadcast: a fresh secret for a new key, or its share of the key that is handed on."""
    ceremony = _ceremony(scheme, session, receiver, needed, old)
    if (old is None) != (share is None):
        stop(BAD_INPUT, "--old and --share belong together: give both to hand a key on, none for a new key")
    if share is None:
        message = ceremony.deal(dealer, secrets.token_bytes(32))
    else:
        kind = threshold.KeyShare if scheme is Scheme.ENCRYPTION else threshold.SigningShare
        message = ceremony.redeal(kind.from_bytes(read(share)), secrets.token_bytes(32))
    write(out, message)
    say(f"wrote {out}, {len(message)} bytes, for all to read")


@app.command(
    "ceremony-finish",
    epilog="Example: `globelet algorithm threshold ceremony-finish dealing-* --session first --receiver a --receiver b "
    "--needed 2 --seed tokyo.seed --folder committee`",
)
def ceremony_finish(
    messages: Annotated[list[str], typer.Argument(help="Files with all that was broadcast.")],
    session: SessionOption,
    receiver: ReceiverOption,
    needed: NeededOption,
    folder: FolderOption,
    seed: Annotated[str | None, typer.Option("--seed", help="File with your seed; without, you observe.")] = None,
    old: OldOption = None,
    scheme: SchemeOption = Scheme.ENCRYPTION,
    as_json: Json = False,
) -> None:
    """Come to the key: files `public`, your `share`, and `complaint-N` to broadcast where a dealer cheated you."""
    ceremony = _ceremony(scheme, session, receiver, needed, old, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for message in messages:
        try:
            complaint = ceremony.handle(read(message))
        except threshold.ThresholdError as refused:
            if not refused.members:
                raise
            say(f"{message}: {refused}")
            continue
        if complaint is not None:
            write(folder / f"complaint-{Path(message).name}", complaint)
    public, share, dealers = ceremony.outcome()
    write(folder / "public", public.to_bytes())
    if share is not None:
        _secret(folder / "share", share.to_bytes())
    found = {"group_key": public.group_key().hex(), "dealers": dealers, "out": ceremony.faults}
    if as_json:
        emit(found)
    else:
        say(f"wrote {folder}/public, made of the dealings of {dealers}; out: {ceremony.faults or 'nobody'}")
