"""Replay: a recording run against the controller again, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from control.cell import Cell
from control.clock import WallClock
from control.codec import decode, encode
from control.controller import Entry
from control.errors import ConfigurationError
from control.link import DeviceImage, SilentLink
from control.project import Project
from control.record import FORMAT, restore, show
from control.wiring import Wiring, driver_of


class Difference(NamedTuple):
    """The first scan whose trace differs: its instant (ns), what was recorded and what came out."""

    time: int
    recorded: list[Any]
    replayed: list[Any]


class Replayed(NamedTuple):
    """The outcome of a replay."""

    scans: int
    entries: int
    difference: Difference | None


def read_record(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record file; a last line cut short by a power loss is left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not a record: not text") from None
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) and not line.endswith("\n"):
                return
            raise ConfigurationError(f"{path}:{number}: not a record: {error}") from None


def replay(path: Path, project: Project) -> Replayed:
    """Run the controller of `project` on a recording and compare every scan's trace, but for verdicts of
    properties.
    """
    lines = read_record(path)
    header = next(lines, None)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ConfigurationError(f"{path}: wanted a record of format {FORMAT}; its first line is none")
    cell = build(project)
    try:
        restore(cell, decode(header["snapshot"], cell.devices.get))
    except KeyError as error:
        raise ConfigurationError(
            f"{path}: of a cell with other parts than {type(cell).__name__}: {error}; "
            "replay it with the controller that was recorded"
        ) from None
    produced: list[Entry] = []
    cell.sinks.append(lambda now, entries: produced.extend(entries))
    scans = entries = 0
    for line in lines:
        produced.clear()
        cell.incoming = {name: decode(image, cell.devices.get) for name, image in line.get("in", {}).items()}  # type: ignore[attr-defined]
        cell.scan(line["t"])
        replayed = [[time, name, encode(value)] for time, name, value in produced]
        recorded = [entry for entry in line.get("trace", []) if not entry[1].startswith("property.")]
        scans, entries = scans + 1, entries + len(replayed)
        if replayed != recorded and json.dumps(replayed) != json.dumps(recorded):
            return Replayed(scans, entries, Difference(line["t"], recorded, replayed))
    return Replayed(scans, entries, None)


def build(project: Project) -> Cell:
    """The project's cell, taking its images from `incoming` instead of its links."""
    tables = project.toml.links
    where = str(project.path)
    links = {name: SilentLink(name, table.url, DeviceImage()) for name, table in tables.items()}
    drivers = {name: driver_of(name, table, where) for name, table in tables.items() if table.driver}
    kind = project.controller()
    replayed: Any = type(kind.__name__, (kind,), {"__module__": kind.__module__})
    replayed.take_inputs, replayed.incoming = take_recorded, {}
    replayed._settable = kind._settable | {"incoming"}
    made: Cell = replayed(
        Wiring(links, WallClock(), drivers=drivers, params=project.toml.params, where=where)
    )
    return made


def take_recorded(cell: Any, now: int) -> int:
    """Stands in for `take_inputs`: the images that the recording says were new in this scan."""
    changed = show(cell, cell.incoming)
    cell.heard = cell.incoming.get("heard", ())
    return changed | (cell.heard_bit if cell.heard else 0)
