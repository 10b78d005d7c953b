"""`globelet archive`: what the stores lack, what they refused, and how to bring it home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from globelet.cli import BAD_INPUT, FAILED, MISSING
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, refusals, stop, table

if TYPE_CHECKING:
    from globelet.archiver.settings import Settings

_BUS_STORES = ("dynamodb", "mongodb", "s3")
_SHOWN = 60
World = Annotated[str, typer.Option(help="Name of the world.", envvar="GLOBELET_WORLD")]
Store = Annotated[str | None, typer.Option(help="Only this store: dynamodb, mongodb, s3 or bus.")]


def register(app: typer.Typer) -> None:
    """Add `archive`."""
    archive = typer.Typer(
        name="archive",
        help="The stores behind a world in containers: how far they are, and what they refused.",
        no_args_is_help=True,
    )
    archive.command("status", epilog="Example: `globelet archive status --json`")(status)
    archive.command("dead-letters", epilog="Example: `globelet archive dead-letters --store mongodb`")(dead_letters)
    archive.command("replay", epilog="Example: `globelet archive replay --store mongodb`")(replay)
    app.add_typer(archive)


def status(world: World = DEFAULT_WORLD, as_json: Json = False) -> None:
    """Show how many records each store lacks, and what keeps it from working; exit 1 if anything does."""
    with _stores():
        from globelet.archiver.replay import lags

        rows = lags(_settings(world), _BUS_STORES)
        lag = {(store, process): behind for store, process, behind, _ in rows}
        told = _archiver()
        for store, process, behind in told["rows"]:
            lag.setdefault((store, process), behind)
        if as_json:
            found = [{"store": s, "process": p, "lag_records": n} for (s, p), n in sorted(lag.items())]
            emit({"world": world, "archiver": told["status"], "troubles": told["troubles"], "lags": found})
        else:
            stores = sorted({store for store, _ in lag})
            names = sorted({process for _, process in lag})
            body: list[list[object]] = [[n, *(lag.get((s, n)) for s in stores)] for n in names]
            table(f"records that the stores of {world} lack", ["process", *stores], body)
            print(f"\narchiver: {told['status']}")
            for store, trouble in told["troubles"].items():
                print(f"{store}: {trouble}")
        if told["status"] != "ok":
            raise typer.Exit(FAILED)


def dead_letters(
    world: World = DEFAULT_WORLD,
    store: Store = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were replayed.")] = False,
    as_json: Json = False,
) -> None:
    """List what stores refused for good, with the reason and the mend; exit 1 if any waits."""
    with _stores():
        from globelet.archiver import dead_letter

        found = [
            one for one in dead_letter.every(_settings(world)) if _of(store, one.store) and (everything or one.open)
        ]
        if as_json:
            emit([asdict(one) for one in found])
        else:
            body: list[list[object]] = [
                [one.store, one.process, one.outbox_offset, one.code, one.reason[:_SHOWN], one.state, one.attempts]
                for one in found
            ]
            head = ["store", "process", "outbox", "code", "reason", "state", "replays"]
            table(f"dead letters of {world}", head, body)
            for mend in dict.fromkeys(f"{one.store}, {one.code}: {one.mend}" for one in found):
                print(mend)
        if any(one.open for one in found):
            raise typer.Exit(FAILED)


def replay(
    world: World = DEFAULT_WORLD,
    store: Store = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the stores.", min=1)] = 60.0,
    as_json: Json = False,
) -> None:
    """Put the record of each dead letter back on the bus for its store; exit 1 unless all are stored then."""
    with _stores():
        from globelet.archiver import dead_letter
        from globelet.archiver import replay as replays

        settings = _settings(world)
        waiting = [one for one in dead_letter.every(settings) if one.open and _of(store, one.store)]
        outcomes = replays.replay(settings, waiting, patience)
        if as_json:
            emit([{"key": o.letter.key, "store": o.letter.store, "outcome": o.outcome} for o in outcomes])
        else:
            body: list[list[object]] = [
                [o.letter.store, o.letter.process, o.letter.outbox_offset, o.outcome, o.letter.reason[:_SHOWN]]
                for o in outcomes
            ]
            table(f"replayed dead letters of {world}", ["store", "process", "outbox", "outcome", "reason"], body)
        if any(o.outcome == replays.PENDING for o in outcomes):
            stop(MISSING, "some were not taken yet; start the archiver, and look at `globelet archive status`")
        if any(o.outcome != replays.STORED for o in outcomes):
            raise typer.Exit(FAILED)


@contextmanager
def _stores() -> Iterator[None]:
    """Refusals as everywhere, and one more: the clients of the stores may not be installed."""
    with refusals():
        try:
            yield
        except ModuleNotFoundError as error:
            stop(MISSING, f"{error.name} is not installed; `pip install 'globelet[stores]'` brings it")


def _settings(world: str) -> Settings:
    """The bus of the environment; the stores' secrets are not needed here."""
    from globelet.archiver.settings import Settings

    return replace(Settings.read(secrets=False), world=world)


def _of(wanted: str | None, store: str) -> bool:
    if wanted not in (None, *_BUS_STORES, "bus"):
        stop(BAD_INPUT, f"there is no store {wanted!r} that writes dead letters; there are {', '.join(_BUS_STORES)}")
    return wanted in (None, store)


def _archiver() -> dict[str, Any]:
    """What the archiver itself says: lags that the bus does not know, and troubles."""
    import re

    import requests

    url = os.environ.get("GLOBELET_ARCHIVER_URL", "http://127.0.0.1:6402")
    try:
        health = requests.get(f"{url}/healthz", timeout=3).json()
        metrics = requests.get(f"{url}/metrics", timeout=3).text
    except (requests.RequestException, ValueError):
        return {"status": f"no answer from {url}", "troubles": {}, "rows": []}
    found = re.findall(r'^globelet_archiver_lag_records\{store="(\w+)",process="([^"]+)"\} (\d+)$', metrics, re.M)
    return {**health, "rows": [(store, process, int(lag)) for store, process, lag in found]}
