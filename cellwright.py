"""The command `cellwright`: finds the subcommands of every layer and ends an error in one line and a status.

Exit status: 0 good, 1 a property or check failed, 2 usage or configuration, 3 a device or link failed,
4 no verdict because timing was not kept, 5 internal error, 130 interrupted. A subcommand returns its status;
None is 0.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import click

LAYERS = ("control", "plc_sim", "hil")
"""The packages of the distribution, in the order in which they may know each other."""

EXTRAS = {
    **dict.fromkeys(("sim", "serve", "plant-io"), "sim"),
    **dict.fromkeys(("bench", "demo", "new", "test"), "hil"),
    "import-tia": "tia",
}
"""The subcommands the base install lacks, and the extra that brings each."""

USAGE, INTERNAL, INTERRUPTED = 2, 5, 130


class ExtraMissing(click.ClickException):
    """A subcommand was asked for whose libraries are not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} needs the extra: pip install cellwright[{EXTRAS[name]}]")


class Subcommands(click.Group):
    """The subcommands of every layer; layers are loaded one by one, until the wanted name is found."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(set(EXTRAS).union(*layers()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return next((commands[cmd_name] for commands in layers() if cmd_name in commands), None)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if ctx.invoked_subcommand in EXTRAS and is_foreign(error):
                raise ExtraMissing(ctx.invoked_subcommand) from error
            raise


def layers() -> Iterator[dict[str, click.Command]]:
    """The subcommands of each layer by name, loaded as the iteration proceeds."""
    registered = metadata.distribution("cellwright").entry_points.select(group="cellwright.commands")
    for layer in sorted(registered, key=lambda entry: LAYERS.index(entry.name)):
        yield load(layer)
    yield {name: absent(name) for name in EXTRAS}


@cache
def load(layer: metadata.EntryPoint) -> dict[str, click.Command]:
    """A layer's subcommands; none where a library it needs is not installed."""
    try:
        return {command.name: command for command in layer.load()}
    except ModuleNotFoundError as error:
        if not is_foreign(error):
            raise
        return {}


def is_foreign(error: ModuleNotFoundError) -> bool:
    """Whether the missing module is somebody else's, so that an extra may bring it."""
    return (error.name or "").partition(".")[0] not in LAYERS


def absent(name: str) -> click.Command:
    """What stands for a subcommand whose layer cannot be loaded."""

    def refuse() -> NoReturn:
        raise ExtraMissing(name)

    return click.Command(
        name,
        callback=refuse,
        short_help=f"(not installed: pip install cellwright[{EXTRAS[name]}])",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


def clash() -> str | None:
    """Why this environment cannot run Cellwright, with the remedy; None where it can."""
    remedy = "Give Cellwright an environment of its own: python -m venv ENV && ENV/bin/pip install cellwright"
    if any(metadata.distributions(name="control")):
        return f"python-control is installed here and has the same import name, control. {remedy}"
    wanted = Path(__file__).resolve().parent / "control" / "__init__.py"
    got = getattr(importlib.util.find_spec("control"), "origin", None)
    if not got or Path(got).resolve() != wanted:
        return f"the import name control finds {got or 'no package'}, wanted {wanted}. {remedy}"
    if not any(metadata.distributions(name="cellwright")):
        return f"the distribution cellwright is not installed here. {remedy}"
    return None


def explain(error: Exception) -> tuple[str, int]:
    """The line and the exit status an error ends with."""
    # Not at the top: before `clash` has looked, this may be somebody else's control.
    from control.errors import CellwrightError

    if isinstance(error, CellwrightError):
        return str(error), error.exit_status
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{error.format_message()} See {error.ctx.command_path} --help", USAGE
    if isinstance(error, click.ClickException):
        return error.format_message(), USAGE
    if isinstance(error, click.Abort):
        return "interrupted", INTERRUPTED
    what = str(error).partition("\n")[0]
    return f"internal error: {type(error).__name__}: {what}. Traceback: {keep(error)}", INTERNAL


def keep(error: Exception) -> str:
    """Write the traceback to a file and return its name, or print it where no file can be written."""
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="cellwright-", suffix=".txt", delete=False) as file:
            file.write(text)
    except OSError:
        sys.stderr.write(text)
        return "above"
    return file.name


@click.group(cls=Subcommands)
@click.version_option(package_name="cellwright", message="%(prog)s %(version)s")
def command() -> None:
    """Cell controllers, written once: run on the cell, on its twin, on a bench, under property tests."""


def main() -> NoReturn:
    """Run the command line and exit."""
    if refusal := clash():
        sys.exit(say(refusal, USAGE))
    try:
        sys.exit(command.main(prog_name="cellwright", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(USAGE)
    except Exception as error:
        sys.exit(say(*explain(error)))


def say(line: str, status: int) -> int:
    """Print the one line a failed command ends with; returns the status."""
    click.echo(f"cellwright: {'; '.join(filter(None, map(str.strip, line.splitlines())))}", err=True)
    return status


if __name__ == "__main__":
    main()
