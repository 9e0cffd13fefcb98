"""The tables of the controller, the command line and the disturbances, made from the code."""

from __future__ import annotations

import datetime as dt
import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import cellwright
import control
from control.errors import ValueRefused
from control.packml import PRIORITY, Command, State, kind_of, target
from control.schema import CellTable, CellToml, LinkTable
from control.serial_port import Format
from control.step import REACTIONS
from control.tag import Bool, Integer, Tag
from control.text import String
from plc_sim.disturb import TARGETS
from plc_sim.fault import KINDS as FAULT_KINDS
from plc_sim.kernel.fault_row import Sort
from plc_sim.scenario import KINDS, SCENARIOS, Attendance
from tests.docs.markdown import code, sentence, table

# tags

BEYOND = (
    *(10**30, 1e300, math.inf, "text" * 10_000, dt.datetime.min, dt.date.min, "ab"),
    None,
)
"""Values, one of which every type but Bool refuses for its size."""


def tag_types() -> Iterator[type[Tag[Any]]]:
    """Every type that `control` exports."""
    kinds = (getattr(control, name) for name in control.__all__)
    yield from (kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, Tag))


def written(tag: Tag[Any]) -> str:
    """What may be written, in the words in which the tag refuses everything else."""
    if isinstance(tag, Bool):
        return "False or True"
    if isinstance(tag, Integer):
        return f"{tag.smallest} to {tag.largest}"
    refusals = [refusal for value in BEYOND if (refusal := refused(tag, value))]
    return max(refusals, key=lambda text: sum(character.isdigit() for character in text))


def refused(tag: Tag[Any], value: object) -> str:
    """What a tag wants instead of a value."""
    try:
        tag.encode(value)
    except ValueRefused as error:
        return str(error).partition("wanted ")[2].partition(", got")[0]
    return ""


def tag_rows() -> Iterator[tuple[object, ...]]:
    """Type, bytes, alignment, Python type, range and meaning."""
    for kind in sorted(tag_types(), key=lambda kind: kind.__name__):
        text = issubclass(kind, String)
        tag: Tag[Any] = kind(10) if text else kind()
        name = f"{kind.__name__}(length)" if text else kind.__name__
        size = f"{kind(1).size - tag_step(kind)} + {tag_step(kind)} x length" if text else tag.size
        limits = f"a text of 1 to {kind.longest} characters" if text else written(tag)
        yield code(name), size, tag.align, code(type(tag.initial).__name__), limits, sentence(kind.__doc__)


def tag_step(kind: type[String]) -> int:
    """Bytes per character."""
    return kind(2).size - kind(1).size


def tags() -> str:
    """The data types."""
    head = ("type", "bytes", "starts at a multiple of", "Python type", "may be written", "meaning")
    return table(head, tag_rows())


def tag_options() -> str:
    """What a tag is declared with."""
    parameters = list(inspect.signature(Tag.__init__).parameters.values())[1:]
    return table(("option", "default"), ((code(p.name), code(repr(p.default))) for p in parameters))


# cell.toml

MEANINGS: Mapping[str, str] = {
    "cell.controller": "the cell class, as `file.py:Class`, relative to this file",
    "cell.twin": "the twin class, as `file.py:Class`",
    "cell.properties": "the list of properties, as `file.py:NAME`",
    "cell.state": "folder for retained values, status and records, relative to this file",
    "links.NAME.url": "where the link leads, see below",
    "links.NAME.cycle": "s; how often the blocks of a PLC are read",
    "links.NAME.life": "word address of the life word that the link writes, as `DB11.DBW0`",
    "links.NAME.plc_life": "word address of the life word that the PLC writes",
    "links.NAME.life_timeout": "s; how long the PLC's life word may stand still",
    "links.NAME.timeout": "s; how long an answer may take before the connection is closed and made anew",
    "links.NAME.pdu": "bytes; the PDU size asked for, the PLC may grant less",
    "links.NAME.sensors": "block from which a PLC under test takes its inputs, as `DB100` or `MB100`",
    "links.NAME.actuators": "block in which it leaves its outputs",
    "links.NAME.driver": "the device's driver; without it the link is a PLC",
    "links.NAME.model": "the device's model, compared with what the device says it is",
    "params": "values of the cell's `Params` class, refused if they do not fit it",
}


def toml_keys() -> str:
    """Every key, from the schema."""
    tables: Iterable[tuple[str, type[BaseModel]]] = (("cell", CellTable), ("links.NAME", LinkTable))
    rows = [
        (f"{prefix}.{name}", field) for prefix, kind in tables for name, field in kind.model_fields.items()
    ]
    rows.append(("params", CellToml.model_fields["params"]))
    assert [name for name, _ in rows] == list(MEANINGS)
    return table(
        ("key", "default", "allowed", "meaning"),
        ((code(name), default(field), bounds(field), MEANINGS[name]) for name, field in rows),
    )


def default(field: Any) -> str:
    """The default of a schema's field."""
    return "(required)" if field.default is PydanticUndefined else code(toml_text(field.default))


def toml_text(value: object) -> str:
    """A value as TOML writes it; None is nothing."""
    if value is None:
        return ""
    return f'"{value}"' if isinstance(value, str) else "{}" if value == {} else str(value)


def bounds(field: Any) -> str:
    """The bounds of a schema's field in words."""
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    found = [
        (words[name], getattr(limit, name))
        for limit in field.metadata
        for name in words
        if hasattr(limit, name)
    ]
    return ", ".join(f"{word} {value}" for word, value in found) or type_text(field.annotation)


def type_text(annotation: Any) -> str:
    """A field's type in words."""
    return {str: "text", str | None: "text"}.get(annotation, "table")


def line_options() -> str:
    """The options of a serial line's URL."""
    return table(("option", "default"), ((code(k), code(v)) for k, v in Format._field_defaults.items()))


# the command line


def commands() -> str:
    """Every subcommand with its arguments and options, by the layer that brings it."""
    found: dict[str, click.Command] = {}
    for layer in cellwright.layers():
        found = layer | found  # the last layer only says which extra brings what the others lack
    return "\n".join(command_text(name, found[name]) for name in sorted(found))


def command_text(name: str, command: click.Command) -> str:
    """One subcommand."""
    context = click.Context(command, info_name=name)
    extra = cellwright.EXTRAS.get(name)
    needs = f" Needs `pip install cellwright[{extra}]`." if extra else ""
    usage = " ".join(["cellwright", name, *command.collect_usage_pieces(context)])
    rows = [option_row(option) for option in command.params if isinstance(option, click.Option)]
    listed = "\n" + table(("option", "default", "meaning"), rows) if rows else ""
    return f"### {name}\n\n`{usage}`\n\n{sentence(command.help)}{needs}\n{listed}"


def option_row(option: click.Option) -> tuple[str, str, str]:
    """One option."""
    name = "/".join([*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('x')))}"
    plain = isinstance(option.default, str | int | float | Path) and not isinstance(option.default, bool)
    return code(name + value), code(option.default) if plain else "", option.help or ""


# PackML and sequences


def packml() -> str:
    """The state table."""
    head = (
        "state",
        "number",
        "kind",
        *(f"{command.name} ({int(command)})" for command in Command),
        "state complete",
    )
    everything = frozenset(State)
    return table(
        head,
        (
            (
                code(state.name),
                int(state),
                kind_of(state).name.lower(),
                *(name_of(target(state, command, everything)) for command in (*Command, None)),
            )
            for state in State
        ),
    )


def priority() -> str:
    """Which of several commands acts."""
    return table(("first", *[""] * (len(PRIORITY) - 2), "last"), [[command.name for command in PRIORITY]])


def name_of(state: State | None) -> str:
    """A state's name; empty for none."""
    return "" if state is None else state.name


def reactions() -> str:
    """What a sequence does on a command."""
    meaning = {"KEEP": "stays in its step, its time stands still", "FIRST": "goes back to its first step"}
    return table(
        ("command", "reaction", "the sequence"),
        ((code(c.name), code(reaction), meaning[reaction]) for c, reaction in REACTIONS.items()),
    )


# disturbances


def disturbances() -> str:
    """Every kind of disturbance."""
    assert {kind.target for kind in KINDS.values()} == set(TARGETS)
    return table(
        ("kind", "target", "value", "what happens"),
        ((code(name), kind.target, kind.value, kind.text) for name, kind in KINDS.items()),
    )


def fault_kinds() -> str:
    """Every kind of fault that the kernel carries out."""
    targets = {False: "a digital signal", True: "a live parameter, or `air`"}
    rows = ((code(name), targets[kind.sort >= Sort.SET], kind.value) for name, kind in FAULT_KINDS.items())
    return table(("kind", "target", "value"), rows)


def operators() -> str:
    """What the person at the panel does of himself."""
    return table(("operator", "presses"), ((code(each.name.lower()), each.value) for each in Attendance))


def scenarios() -> str:
    """The scenarios known by name."""
    return table(
        ("scenario", "operator", "disturbances"),
        (
            (code(name), code(each.operator.name.lower()), len(each.disturbances))
            for name, each in SCENARIOS.items()
        ),
    )
