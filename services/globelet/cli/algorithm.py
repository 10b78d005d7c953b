"""`globelet algorithm NAME …`: an algorithm at the shell, by the commands of `globelet.algorithms.shell.NAME`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from globelet.cli import BAD_INPUT
from globelet.cli.terminal import stop


class Algorithms(TyperGroup):
    """The group whose members are found when they are asked for: `globelet --help` must not load them all."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The algorithms that have commands."""
        from pkgutil import iter_modules

        from globelet.algorithms import shell

        return sorted(module.name for module in iter_modules(shell.__path__) if module.name != "arguments")

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The commands of one algorithm."""
        if cmd_name not in self.list_commands(ctx):
            return None
        app = import_module(f"globelet.algorithms.shell.{cmd_name}").app
        group = typer.main.get_group(app)
        group.name = cmd_name
        return group

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what an algorithm refuses ends with its sentence and code."""
        from globelet.algorithms import AlgorithmError

        try:
            return super().invoke(ctx)
        except AlgorithmError as error:
            stop(BAD_INPUT, f"{error} [{error.code}]")


def register(app: typer.Typer) -> None:
    """Add `globelet algorithm`."""
    app.add_typer(
        typer.Typer(
            cls=Algorithms,
            help="Try an algorithm: `globelet algorithm NAME --help`.",
            epilog="Example: `globelet algorithm merkle root names.txt`",
            no_args_is_help=True,
        ),
        name="algorithm",
    )
