"""The subcommands of the base install."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from control.cell import Cell
from control.errors import ConfigurationError
from control.packml import STATE_COMPLETE, State
from control.project import Project, check_imports, load_project
from control.record import Recorder
from control.replay import replay
from control.run import orderly_stop, run
from control.scan import NEVER, ns
from control.sequence import Sequence
from control.statistics import percentiles_text
from control.status import StatusFile, read_status, status
from control.step import OUTSIDE
from control.tag import Comparison
from control.tia.commands import export_tia, import_tia
from control.wiring import Wiring

NOTICE = (
    "This software is not a safety component and has no PL or SIL. Emergency stop, guards and speed limits "
    "must be done by rated hardware that works with this PC switched off."
)

REFRESH = 0.5
"""How often `io` shows the tags, in s."""
ONCE = 0.5 * REFRESH

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
cell_path = click.argument("cell", metavar="CELL.toml", type=click.Path(path_type=Path))
links_option = click.option("--links", type=click.Path(path_type=Path), help="Take [links] from this file.")


class Seconds(click.FloatRange):
    """A finite time in s, of `least` or more, or else more than 0."""

    def __init__(self, least: float | None = None) -> None:
        super().__init__(min=least or 0, min_open=least is None, max=1e9)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail("wanted a number, got nan", param, ctx)
        return seconds


def show(data: dict[str, Any], as_json: bool, text: Callable[[dict[str, Any]], str]) -> None:
    """Print a result for machines or for people."""
    click.echo(json.dumps(data) if as_json else text(data))


@click.command()
@cell_path
@as_json
def check(cell: Path, as_json: bool) -> None:
    """Check a cell: its files, classes, tables, addresses and bounds. Connects to nothing."""
    project = load_project(cell)
    kind = project.controller()
    check_imports(project.folder / project.toml.cell.controller.partition(":")[0])
    wiring = Wiring.of(project, observe=True)
    kind(wiring)
    wiring.refuse_unused()
    data = describe(kind, project)
    for entry in metadata.entry_points(group="cellwright.checks"):
        try:
            data |= entry.load()(project)
        except ModuleNotFoundError as error:
            data.setdefault("not_checked", []).append(f"{entry.name}: {error.name} is not installed")
    show(data, as_json, check_text)


def describe(kind: type[Cell], project: Project) -> dict[str, Any]:
    """What a cell declares, as plain data."""
    return {
        "cell": kind.__name__,
        "period_s": kind.period,
        "links": {name: table.url for name, table in project.toml.links.items()},
        "blocks": {
            slot.name: {
                "link": slot.link,
                "region": str(slot.region),
                "writer": "cell" if slot.written else "PLC",
                "max_age_s": slot.max_age,
                "tags": {
                    tag.name: f"{tag.kind} {tag.byte}.{getattr(tag, 'bit_in_byte', 0)}" for tag in tags(slot)
                },
            }
            for slot in kind.slots.values()
        },
        "devices": {name: slot.kind.__name__ for name, slot in kind.devices_declared.items()},
        "sequences": {
            state.name: [sequence_text(s) for s in (kinds if isinstance(kinds, tuple) else (kinds,))]
            for state, kinds in kind.sequences.items()
        },
        "retained": sorted(
            f"{owner.name if issubclass(owner, Sequence) else 'cell'}.{name}"
            for owner in (kind, *sequence_classes(kind))
            for name, var in owner._vars.items()
            if var.retain
        ),
    }


def tags(slot: Any) -> list[Any]:
    """The tags of a slot's block."""
    return [tag for tag in slot.bound.tags.values() if not isinstance(tag, Comparison)]


def sequence_classes(kind: type[Cell]) -> list[type[Sequence[Any]]]:
    """Every sequence class of a cell class, once."""
    found = [
        k for kinds in kind.sequences.values() for k in (kinds if isinstance(kinds, tuple) else (kinds,))
    ]
    return list(dict.fromkeys(found))


def sequence_text(sequence: type[Sequence[Any]]) -> dict[str, Any]:
    """A step table as plain data."""
    return {
        "name": sequence.name,
        "steps": {
            step.name: {"to": list(step.to), "limit_s": None if step.limit == OUTSIDE else step.limit}
            for step in sequence.steps
        },
    }


def check_text(data: dict[str, Any]) -> str:
    """The result of `check` for people."""
    lines = [f"{data['cell']}: good; scanned every {1000 * data['period_s']:g} ms"]
    for name, block in data["blocks"].items():
        age = f", at most {block['max_age_s']:g} s old" if block["max_age_s"] else ""
        lines.append(f"  {name}: {block['region']} on {block['link']}, written by the {block['writer']}{age}")
    for name, kind in data["devices"].items():
        lines.append(f"  {name}: {kind} on {data['links'].get(name, '?')}")
    for state, sequences in data["sequences"].items():
        lines += [f"  in {state}: {s['name']} ({', '.join(s['steps'])})" for s in sequences]
    if data["retained"]:
        lines.append(f"  retained, confirmed by a person after a restart: {', '.join(data['retained'])}")
    lines += [f"  {line}" for line in data.get("bounds_text", [])]
    lines += [f"  not checked: {line}" for line in data.get("not_checked", [])]
    return "\n".join(lines)


@click.command()
@cell_path
@links_option
@as_json
@click.option("--seconds", type=Seconds(), help="Show again and again for this long.")
def io(cell: Path, links: Path | None, as_json: bool, seconds: float | None) -> None:
    """Show every tag as it is in the PLC now. Writes nothing."""
    project = load_project(cell, links)
    controller = project.controller()(Wiring.of(project, observe=True))
    with orderly_stop() as stop:
        printed = -NEVER

        def every() -> None:
            nonlocal printed
            now = controller._scan.now
            if now - printed >= ns(REFRESH):
                printed = now
                show(tag_values(controller), as_json, tag_table)

        run(controller, seconds if seconds is not None else ONCE, stop=stop, every=every)


def tag_values(controller: Cell) -> dict[str, Any]:
    """Every tag of every block the PLC writes, with its quality."""
    return {
        view.slot.name: {
            "good": view.block._good,
            "tags": {name: str(v) if not isinstance(v, bool | int | float) else v for name, v in items(view)},
        }
        for port in controller.ports
        for view in port.inputs
    }


def items(view: Any) -> Any:
    """The tags of one view with their values."""
    return view.block.values().items()


def tag_table(data: dict[str, Any]) -> str:
    """The tag list for people."""
    lines = []
    for block, entry in data.items():
        lines.append(f"{block} ({'good' if entry['good'] else 'BAD'})")
        lines += [f"  {name:<24} {value}" for name, value in entry["tags"].items()]
    return "\n".join(lines)


@click.command(name="run")
@cell_path
@links_option
@as_json
@click.option("--seconds", type=Seconds(), help="End after this long.")
@click.option("--observe", is_flag=True, help="Connect to the PLC and write nothing; devices are not opened.")
@click.option("--record/--no-record", default=True, help="Keep a record in the state folder.")
@click.option(
    "--state", type=click.Path(path_type=Path), help="State folder, if not the one cell.toml names."
)
def run_command(
    cell: Path,
    links: Path | None,
    as_json: bool,
    seconds: float | None,
    observe: bool,
    record: bool,
    state: Path | None,
) -> None:
    """Run a cell on its real links until SIGTERM, Ctrl-C or --seconds."""
    project = load_project(cell, links, state)
    controller = project.controller()(Wiring.of(project, observe=observe))
    say = (lambda text: None) if as_json else click.echo
    say(NOTICE)
    if observe:
        say("Observing: nothing is written, devices on serial lines are not opened.")
    controller.sinks.append(Teller(controller, say))
    with ExitStack() as stack:
        stop = stack.enter_context(orderly_stop())
        written = StatusFile(controller, project.state)
        stack.callback(written.close)
        if record:
            recorder = Recorder(controller, project.state / "records")
            stack.callback(recorder.close)
            controller.sinks.append(recorder)
        times = run(controller, seconds, stop=stop, every=written.update)
    data = status(controller) | {"scan": times.summary(), "jobs": jobs(controller), "simulated": False}
    show(data, as_json, run_text)


def jobs(controller: Cell) -> dict[str, Any]:
    """What the links moved."""
    counters = ("jobs", "cycles", "reconnects")
    return {
        port.link.name: {name: getattr(port.link, name) for name in counters if hasattr(port.link, name)}
        for port in controller.ports
    }


class Teller:
    """Says on the terminal what changes: states, alarms, refusals, steps waited for."""

    def __init__(self, cell: Cell, say: Callable[[str], None]) -> None:
        self.cell, self.say = cell, say
        self.begin = -1

    def __call__(self, now: int, entries: list[tuple[int, str, Any]]) -> None:
        self.begin = now if self.begin < 0 else self.begin
        at = f"{(now - self.begin) / 1e9:9.3f} s"
        for _, name, value in entries:
            if name == "state" and State[value] not in STATE_COMPLETE:
                self.say(f"{at}  {self.cell.waiting_for()}")
            elif name in ("alarm", "refused", "latched", "note"):
                self.say(f"{at}  {name}: {value}")


def run_text(data: dict[str, Any]) -> str:
    """The end of a run for people."""
    late = data["scan"]["lateness_s"]
    return (
        f"ended in {data['state']}: {data['parts_good']} good, {data['parts_rejected']} rejected; "
        f"{late['count']} scans, late by {percentiles_text(late)}, {data['scan']['overruns']} overruns"
    )


@click.command(name="status")
@cell_path
@as_json
def status_command(cell: Path, as_json: bool) -> None:
    """Tell how a running cell is: state, what it waits for, what is held back, alarms, retained values."""
    show(read_status(load_project(cell).state), as_json, status_text)


def status_text(data: dict[str, Any]) -> str:
    """A status for people."""
    head = "running" if data["running"] else f"NOT RUNNING; last heard of {data['age_s']} s ago"
    lines = [
        f"{head}: {data['waiting_for']}",
        f"parts: {data['parts_good']} good, {data['parts_rejected']} rejected",
    ]
    lines += [f"alarm: {text}" for text in data["alarms"]]
    lines += [f"held back: {tag} wants {reason}" for tag, reason in data["held_back"].items()]
    lines += [f"link {name}: {state}" for name, state in data["links"].items()]
    for key, entry in data["retained"].items():
        lines.append(
            f"retained {key} = {entry['value']} ({'durable' if entry['durable'] else 'not yet saved'})"
        )
    if data["confirmation_wanted"]:
        lines.append("retained values are shown above and want confirming with the panel's confirm button")
    return "\n".join(lines)


@click.command(name="replay")
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--cell", type=click.Path(path_type=Path), help="The cell.toml, if not the one the record names."
)
@as_json
def replay_command(record: Path, cell: Path | None, as_json: bool) -> int:
    """Run a recording against the controller again and show the first difference."""
    project = load_project(cell if cell is not None else recorded_cell(record))
    outcome = replay(record, project)
    data = {"scans": outcome.scans, "entries": outcome.entries, "equal": outcome.difference is None}
    if outcome.difference is not None:
        data["difference"] = outcome.difference._asdict()
    show(data, as_json, replay_text)
    return 0 if outcome.difference is None else 1


def recorded_cell(record: Path) -> Path:
    """The cell.toml that a record names in its header."""
    try:
        with record.open(encoding="utf-8") as file:
            return Path(json.loads(file.readline())["project"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{record}: not a record, or unreadable: {error}") from None


def replay_text(data: dict[str, Any]) -> str:
    """The outcome of a replay for people."""
    if data["equal"]:
        return f"equal: {data['scans']} scans, {data['entries']} trace entries"
    difference = data["difference"]
    return (
        f"differs at {difference['time']} ns, after {data['scans']} scans\n"
        f"  recorded: {difference['recorded']}\n  replayed: {difference['replayed']}"
    )


commands = [check, io, run_command, status_command, replay_command, import_tia, export_tia]
