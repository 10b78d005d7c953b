"""The command line. Each module of this package adds its commands by `register(app)`; `main` runs them.

Exit status: 0 done or pass, 1 a check failed, 2 bad usage or input, 3 run invalid, 4 something needed is missing.
A command module imports what is heavy inside its functions: `globelet --help` reads every one of them.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

DONE, FAILED, BAD_INPUT, INVALID, MISSING = range(5)

# In the order in which help lists them.
_COMMANDS = (
    "up",
    "status",
    "send",
    "move",
    "vote",
    "watch",
    "run",
    "world",
    "swarm",
    "links",
    "receipt",
    "archive",
    "bench",
    "algorithm",
    "algorithms",
)


def build() -> typer.Typer:
    """The application with every command that this installation has."""
    import typer

    app = typer.Typer(
        name="globelet",
        help="The whole Earth at 1/100 on one laptop: run a hierarchical ledger for real over measured distances.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root() -> None:
        pass

    for name in _COMMANDS:
        if find_spec(f"{__name__}.{name}") is not None:
            import_module(f"{__name__}.{name}").register(app)
    return app


def main() -> None:
    """Entry point of `globelet`."""
    build()(prog_name="globelet")
