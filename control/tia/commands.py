"""The subcommands import-tia and export-tia."""

from __future__ import annotations

import importlib.util
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from control.block import DataBlock
from control.errors import ConfigurationError, nearest
from control.tia.export import export
from control.tia.module import Group, groups, write_module
from control.tia.tables import read_tables

SOURCES, TABLES = (".db", ".udt", ".scl", ".awl"), (".xlsx", ".csv", ".xml")
paths = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
output = click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write here, not to standard output."
)


@click.command("import-tia")
@paths
@click.option(
    "--writes",
    multiple=True,
    metavar="PATTERN",
    help="A block, or members as BLOCK.PATH with * and ?, that the cell writes. Repeatable.",
)
@click.option("--db", "numbers", multiple=True, metavar="NAME=NUMBER", help="A block's number. Repeatable.")
@output
def import_tia(
    files: tuple[Path, ...], writes: tuple[str, ...], numbers: tuple[str, ...], output: Path | None
) -> None:
    """Make typed blocks of TIA Portal's sources (.db, .udt, .scl) and tag tables (.xlsx, .csv, .xml)."""
    for path in files:
        if path.suffix.lower() not in (*SOURCES, *TABLES):
            raise ConfigurationError(f"{path}: wanted one of {' '.join((*SOURCES, *TABLES))}")
    from control.tia.source import read_sources  # its parser comes with an extra

    blocks, types = read_sources(path for path in files if path.suffix.lower() in SOURCES)
    found: list[Group] = groups(blocks, types, writes, dict(map(numbered, numbers)))
    found += read_tables(path for path in files if path.suffix.lower() in TABLES)
    if not found:
        raise ConfigurationError(f"{', '.join(map(str, files))}: wanted a data block or tags, found none")
    put(write_module(found, ", ".join(path.name for path in files)), output)


def numbered(text: str) -> tuple[str, int]:
    """A block's number as it is given."""
    name, mark, number = text.partition("=")
    if not mark or not number.isdecimal():
        raise ConfigurationError(f"--db {text}: wanted NAME=NUMBER, as Status=10")
    return name, int(number)


@click.command("export-tia")
@click.argument("module", metavar="MODULE.py", type=click.Path(path_type=Path))
@click.argument("names", metavar="[CLASS]...", nargs=-1)
@output
def export_tia(module: Path, names: tuple[str, ...], output: Path | None) -> None:
    """Write blocks of a module as a TIA Portal source (.db); all of them, or those that are named."""
    loaded = load(module)
    known = {
        name: kind
        for name, kind in vars(loaded).items()
        if isinstance(kind, type) and issubclass(kind, DataBlock) and kind.__module__ == loaded.__name__
    }
    for name in names:
        if name not in known:
            raise ConfigurationError(f"{module}: no block {name!r}; {nearest(name, known)}")
    blocks = [known[name] for name in names or known]
    put(export(blocks, comments(module, blocks)), output)


def load(path: Path) -> ModuleType:
    """A module from a file."""
    name = f"tia_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"{path}: wanted a Python module, found none")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigurationError(
            f"{path}:{error.lineno}:{error.offset}: wanted Python, got {error.msg}"
        ) from None
    return module


def comments(path: Path, blocks: Iterable[type[DataBlock]]) -> dict[int, str]:
    """The comments behind tags, by the tag's identity."""
    behind = dict[tuple[str, str], str]()
    owner = name = ""
    with tokenize.open(path) as file:
        tokens = list(tokenize.generate_tokens(file.readline))
    for first, second in zip(tokens, tokens[1:], strict=False):
        if first.string == "class":
            owner = second.string
        elif first.type == tokenize.NAME and second.string == "=" and first.start[1] == 4:
            name = first.string
        elif first.type == tokenize.COMMENT and name:
            behind[owner, name] = first.string.lstrip("# ")
        elif first.type == tokenize.NEWLINE:
            name = ""
    tags: list[tuple[str, str, Any]] = [
        (b.__name__, name, tag) for b in blocks for name, tag in b.tags.items()
    ]
    return {id(tag): behind[owner, name] for owner, name, tag in tags if (owner, name) in behind}


def put(text: str, path: Path | None) -> None:
    """Write to a file, or to standard output."""
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
