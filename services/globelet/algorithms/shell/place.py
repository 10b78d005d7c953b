"""`globelet algorithm place`: what is where, and who can't be there."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.algorithms import place
from globelet.algorithms.shell.arguments import read
from globelet.cli import BAD_INPUT, DONE, FAILED
from globelet.cli.terminal import Json, emit, stop

app = typer.Typer(help="Points in outlines, distances, and claims refuted by light (PoP).", no_args_is_help=True)

# A negative number looks like an option: such commands take what they don't know as an argument.
_NEGATIVE = {"ignore_unknown_options": True}
Latitude = Annotated[float, typer.Argument(metavar="LAT", help="Latitude in degrees, north positive.")]
Longitude = Annotated[float, typer.Argument(metavar="LON", help="Longitude in degrees, east positive.")]
Outlines = Annotated[
    str, typer.Option("--outlines", metavar="FILE", help="GeoJSON or an atlas; by default the Earth's admin-1 regions.")
]


def _atlas(file: str) -> place.Atlas:
    if not file:
        return place.earth()
    data = read(file)
    return place.Atlas.from_bytes(data) if data.startswith(b"outlines") else place.Atlas.from_geojson(data)


@app.command(context_settings=_NEGATIVE, epilog="Example: `globelet algorithm place find 35.6895 139.69171`")
def find(lat: Latitude, lon: Longitude, outlines: Outlines = "", as_json: Json = False) -> None:
    """Print the outlines that hold a point; status 1 if none does."""
    atlas = _atlas(outlines)
    found = atlas.find_all(lon, lat)
    if as_json:
        emit({"latitude": lat, "longitude": lon, "outlines": [{"id": i, "name": atlas.name(i)} for i in found]})
    else:
        print("\n".join(f"{id_}  {atlas.name(id_)}" for id_ in found) or "in no outline")
    raise typer.Exit(DONE if found else FAILED)


@app.command(context_settings=_NEGATIVE, epilog="Example: `globelet algorithm place distance 35.68 139.69 48.85 2.35`")
def distance(
    lat: Latitude,
    lon: Longitude,
    to_lat: Annotated[float, typer.Argument(metavar="LAT")],
    to_lon: Annotated[float, typer.Argument(metavar="LON")],
    as_json: Json = False,
) -> None:
    """Print the great-circle distance and the shortest round trip that light in fibre allows."""
    metres = place.distance_m((lon, lat), (to_lon, to_lat))
    rtt_us = -(-metres // 100)
    if as_json:
        emit({"metres": metres, "least_rtt_us": rtt_us})
    else:
        print(f"{metres / 1000:.1f} km, {rtt_us / 1000:.2f} ms there and back")


def _trip(text: str) -> tuple[float, float, int]:
    try:
        lat, lon, ms = (float(part) for part in text.split(","))
        return lon, lat, round(ms * 1000)
    except (ValueError, OverflowError):
        stop(BAD_INPUT, f"{text} is no round trip: LAT,LON,MILLISECONDS of a witness, as in 48.85,2.35,20")


@app.command(
    context_settings=_NEGATIVE, epilog="Example: `globelet algorithm place refute 35.68 139.69 --trip 48.85,2.35,20`"
)
def refute(
    lat: Latitude,
    lon: Longitude,
    trip: Annotated[
        list[str], typer.Option("--trip", metavar="LAT,LON,MS", help="A witness' place and the round trip it measured.")
    ],
    liars: Annotated[int, typer.Option(min=0, help="So many witnesses may lie: more than they must contradict.")] = 0,
    as_json: Json = False,
) -> None:
    """Hold a claim to be at LAT LON against measured round trips; status 1 if they prove it impossible."""
    found = place.refute(lon, lat, [_trip(text) for text in trip])
    refuted = len(found) > liars
    if as_json:
        told = [{"trip": n, "least_m": least_m, "reach_m": reach_m} for n, least_m, reach_m in found]
        emit({"refuted": refuted, "contradictions": told})
    else:
        for number, least_m, reach_m in found:
            print(f"{trip[number]}: {least_m / 1000:.0f} km away at least, an answer so soon came {reach_m / 1000:.0f}")
        print("refuted" if refuted else "not refuted")
    raise typer.Exit(FAILED if refuted else DONE)


@app.command(epilog="Example: `globelet algorithm place pack outlines.geojson > outlines.atlas`")
def pack(file: Annotated[str, typer.Argument(metavar="FILE", help="GeoJSON, or - for standard input.")]) -> None:
    """Write outlines in the compact format, on standard output."""
    typer.get_binary_stream("stdout").write(place.Atlas.from_geojson(read(file)).to_bytes())
