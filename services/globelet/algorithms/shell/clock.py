"""`globelet algorithm clock`: stamps, time servers, hardware clocks."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from globelet.algorithms import clock
from globelet.algorithms.shell.arguments import from_hex
from globelet.cli import BAD_INPUT, MISSING
from globelet.cli.terminal import Json, emit, stop

app = typer.Typer(help="Hybrid logical stamps, time servers, hardware clocks (TNH).", no_args_is_help=True)


@app.command(epilog="Example: `globelet algorithm clock stamps 100 100 90 90@5000.2 --max-skew 10000`")
def stamps(
    events: Annotated[
        list[str], typer.Argument(metavar="PHYSICAL[@MICROS.COUNTER]", help="Local events; with @, another's arrive.")
    ],
    max_skew: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Bound on skew, µs.")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Print the stamp that a hybrid logical clock gives to each event, whatever the physical clock does."""
    hybrid = clock.Clock(max_skew)
    given = [_event(hybrid, event) for event in events]
    if as_json:
        emit([{"micros": stamp.micros, "counter": stamp.counter} for stamp in given])
    else:
        print("\n".join(f"{stamp.micros}.{stamp.counter}" for stamp in given))


def _event(hybrid: clock.Clock, event: str) -> clock.Stamp:
    physical, arrived, remote = event.partition("@")
    try:
        if not arrived:
            return hybrid.now(int(physical))
        micros, _, counter = remote.partition(".")
        return hybrid.receive(int(physical), clock.Stamp(int(micros), int(counter or 0)))
    except clock.ClockError:
        raise
    except (ValueError, OverflowError):
        stop(BAD_INPUT, f"{event} is no event: microseconds, or microseconds@microseconds.counter, as in 90@5000.2")


@app.command(epilog="Example: `globelet algorithm clock ask time.example.net --rounds 8`")
def ask(
    servers: Annotated[list[str], typer.Argument(metavar="SERVER…", help="Names or addresses.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="UDP port.")] = 123,
    rounds: Annotated[int, typer.Option(min=1, max=64, help="Questions to each, five at least.")] = 8,
    spacing: Annotated[float, typer.Option(min=0, max=3600, help="Seconds between rounds.")] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.001, max=60, help="Seconds that an answer may take.")] = 1.0,
    least: Annotated[int, typer.Option(min=1, help="Servers that have to agree.")] = 1,
    as_json: Json = False,
) -> None:
    """Ask time servers what the local clock is off by (RFC 5905); nothing is set."""
    try:
        found = clock.ask(servers, port=port, rounds=rounds, spacing_s=spacing, timeout_s=timeout, least_servers=least)
    except clock.TimeServerError as error:
        stop(MISSING, str(error))
    false_tickers = [servers[number] for number in found.false_tickers]
    if as_json:
        emit({"offset_ns": found.offset_ns, "distance_ns": found.distance_ns, "jitter_ns": found.jitter_ns,
              "stratum": found.stratum, "servers": [servers[n] for n in found.survivors],
              "false_tickers": false_tickers})  # fmt: skip
        return
    print(f"{found.offset_ns / 1e6:+.3f} ms ± {found.distance_ns / 1e6:.3f} ms, by {len(found.survivors)} servers")
    if false_tickers:
        print(f"against the majority: {', '.join(false_tickers)}")


@app.command(epilog="Example: `globelet algorithm clock packet 240206ec…`")
def packet(
    data: Annotated[str, typer.Argument(metavar="HEX", help="48 bytes, 96 hexadecimal digits.")], as_json: Json = False
) -> None:
    """Print what an NTP packet says."""
    read = clock.Packet.from_bytes(from_hex(data, "the packet"))
    now = time.time_ns()
    told = {"leap": read.leap, "version": read.version, "mode": read.mode, "stratum": read.stratum,
            "reference": read.reference.hex(), "kiss": read.kiss, "received_ns": read.received_ns(now),
            "sent_ns": read.sent_ns(now)}  # fmt: skip
    if as_json:
        emit(told)
    else:
        print("\n".join(f"{name} {value}" for name, value in told.items()))


@app.command(epilog="Example: `globelet algorithm clock hardware /dev/ptp0`")
def hardware(device: Annotated[str, typer.Argument(help="A PTP device.")] = "/dev/ptp0", as_json: Json = False) -> None:
    """Print what a PTP hardware clock shows, and how far it is from the system's; status 4 if there is none."""
    try:
        before, shown, after = time.time_ns(), clock.hardware_time_ns(device), time.time_ns()
    except clock.HardwareClockError as error:
        stop(MISSING, str(error))
    ahead = shown - (before + after) // 2
    if as_json:
        emit({"device": device, "time_ns": shown, "ahead_ns": ahead, "read_within_ns": after - before})
    else:
        print(f"{shown} ns, {ahead} ns ahead of the system's clock, ± {(after - before) // 2}")
