"""The subcommands that need the twin: sim, serve, plant-io."""

from __future__ import annotations

import gc
import json
import math
import time
import tomllib
from pathlib import Path
from typing import Any

import click

from control.commands import Seconds, as_json, cell_path, show
from control.errors import ConfigurationError
from control.project import load_project
from control.run import orderly_stop
from control.statistics import percentiles_text
from plc_sim.console import USAGE, Lines, answer
from plc_sim.kernel.compilation import load_entries, on_disk
from plc_sim.scenario import SCENARIOS, Scenario, from_data
from plc_sim.served import Served, serve_toml
from plc_sim.simulation import Simulation
from plc_sim.tested_plc import plant_blocks
from plc_sim.twin import twin_class


def scenario_of(text: str) -> Scenario:
    """A scenario by its name, or from a TOML or JSON file."""
    if text in SCENARIOS:
        return SCENARIOS[text]
    path = Path(text)
    if not path.is_file():
        raise ConfigurationError(f"scenario: wanted one of {', '.join(SCENARIOS)} or a file, got {text!r}")
    try:
        data = json.loads(path.read_text()) if path.suffix == ".json" else tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    return from_data({"name": path.stem, **data} if isinstance(data, dict) else data, str(path))


scenario_option = click.option(
    "--scenario", default="production", help="production, quiet, or a TOML or JSON file."
)
seed_option = click.option("--seed", default=1, help="Decides every random draw.")
set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=NUMBER", help="Vary the plant: belt.speed=0.4"
)


def parameters_of(settings: tuple[str, ...]) -> dict[str, float]:
    """--set options as parameters."""
    parameters = {}
    for text in settings:
        name, sign, value = text.partition("=")
        try:
            parameters[name] = float(value)
        except ValueError:
            raise ConfigurationError(f"--set: wanted NAME=NUMBER, got {text!r}") from None
        if not sign:
            raise ConfigurationError(f"--set: wanted NAME=NUMBER, got {text!r}")
    return parameters


def compile_kernel() -> None:
    """Have the kernel compiled if it has not been on this machine, and say so, since it takes a while."""
    if not on_disk():
        click.echo("compiling the twin's kernel, once on this machine; this takes about a minute", err=True)
        load_entries()


@click.command()
@cell_path
@as_json
@seed_option
@scenario_option
@set_option
@click.option("--seconds", default=3600.0, type=Seconds(), help="Virtual time.")
@click.option("--every-scan", is_flag=True, help="Leave out no scan and no poll; the trace is the same.")
def sim(
    cell: Path,
    as_json: bool,
    seed: int,
    scenario: str,
    settings: tuple[str, ...],
    seconds: float,
    every_scan: bool,
) -> int:
    """Run a cell on its twin, in virtual time."""
    project = load_project(cell)
    compile_kernel()
    twin = twin_class(project)(
        parameters_of(settings), seed=seed, scenario=scenario_of(scenario), project=project
    )
    simulation = Simulation(twin, properties=project.properties(), every_scan=every_scan)
    simulation.run(min(1.0, seconds / 2))
    gc.freeze()  # what is loaded stays, so the collector need not look through it again and again
    began, scans, reached = time.perf_counter(), simulation.scans, twin.now()
    parts = 50
    with click.progressbar(length=parts, label="simulating", hidden=as_json) as bar:
        for part in range(parts):
            simulation.run_until(seconds * (part + 1) / parts)
            bar.update(1)
    wall = time.perf_counter() - began
    gc.unfreeze()
    data = simulation.summary() | {
        "seed": seed,
        "scenario": scenario,
        "speedup": (twin.now() - reached) / 1e9 / wall,
        "us_per_scan": 1e6 * wall / max(simulation.scans - scans, 1),
    }
    show(data, as_json, sim_text)
    return 1 if simulation.violations else 0


def sim_text(data: dict[str, Any]) -> str:
    """The result of `sim` for people."""
    cycle = (
        f"{data['cycle_time_s']:.2f} s per part in EXECUTE" if data["cycle_time_s"] else "no part finished"
    )
    times = sorted(data["state_time_s"].items(), key=lambda entry: -entry[1])
    lines = [
        f"simulated {data['seconds']:.0f} s of {data['scenario']} (seed {data['seed']}),"
        f" ended in {data['state']}",
        f"  parts: {data['parts_good']} good, {data['parts_rejected']} rejected; "
        f"{data['parts_per_hour']:.0f} per hour, {cycle}",
        "  time in state: " + ", ".join(f"{name} {time:.1f} s" for name, time in times[:5]),
        f"  {data['speedup']:.0f} x real time, {data['scans_executed']} scans executed,"
        f" trace {data['trace_hash']}",
    ]
    lines += [f"  alarm: {text}" for text in data["alarms"]]
    lines += [
        f"  VIOLATED {v['requirement']} at {v['time'] / 1e9:.3f} s: {v['text']}" for v in data["violations"]
    ]
    return "\n".join(lines)


@click.command()
@cell_path
@as_json
@seed_option
@scenario_option
@set_option
@click.option("--seconds", type=Seconds(), help="End after this long.")
@click.option(
    "--links", type=click.Path(path_type=Path), default=Path("serve.toml"), help="File to write [links] to."
)
@click.option("--host", default="127.0.0.1", help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", default=0, help="Port of the S7 server; 0 is any free one.")
@click.option("--tcp", is_flag=True, help="Offer devices on TCP ports instead of pseudo terminals.")
def serve(
    cell: Path,
    as_json: bool,
    seed: int,
    scenario: str,
    settings: tuple[str, ...],
    seconds: float | None,
    links: Path,
    host: str,
    port: int,
    tcp: bool,
) -> None:
    """Serve a cell's twin on real protocols, in real time, for any client.

    Lines on standard input set faults and release them: `open door 2.0` for two seconds, `link_lost plc`
    until `release plc`. Each is answered with one line.
    """
    project = load_project(cell)
    compile_kernel()
    twin = twin_class(project)(
        parameters_of(settings), seed=seed, scenario=scenario_of(scenario), project=project
    )
    folder = links.resolve().parent / "ports"
    with orderly_stop() as stop, Served(twin, folder, host=host, port=port, tcp=tcp) as served:
        try:
            links.write_text(serve_toml(served.tables()))
        except OSError as error:
            raise ConfigurationError(f"{links}: cannot be written: {error.strerror}") from None
        show({"links": served.urls(), "file": str(links)}, as_json, serve_text)
        limit, lines = time.monotonic() + seconds if seconds is not None else math.inf, Lines()
        while not stop.wanted and served.failure is None and time.monotonic() < limit:
            for line in lines.take(0.05):
                told = served.ask(lambda now, line=line: answer(line, twin, now))
                show({"line": line, "answer": told}, as_json, lambda data: data["answer"])
    data = {
        "simulated": True,
        "counts": twin.plant.counts(),
        "s7_jobs": served.plc.jobs,
        "lateness_s": served.lateness.summary(),
    }
    show(data, as_json, served_text)


@click.command(name="plant-io")
@cell_path
@click.option("--output", type=click.Path(path_type=Path), help="Write it there, else to standard output.")
def plant_io(cell: Path, output: Path | None) -> None:
    """Write the two blocks by which a PLC under test meets the twin, as a TIA Portal source (.db)."""
    from control.tia.commands import put
    from control.tia.export import export

    put(export(plant_blocks(twin_class(load_project(cell)).plc), {}), output)


def serve_text(data: dict[str, Any]) -> str:
    """What is served where, for people."""
    lines = [f"serving the twin (simulated); end with Ctrl-C; set a fault with a line {USAGE}"]
    lines += [f"  {name}: {url}" for name, url in data["links"].items()]
    return "\n".join([*lines, f"  connect with: cellwright run CELL.toml --links {data['file']}"])


def served_text(data: dict[str, Any]) -> str:
    """The end of `serve` for people."""
    late = data["lateness_s"]
    counts = ", ".join(
        f"{name} {count}" for name, count in data["counts"].items() if count and "version" not in name
    )
    return f"served: {counts}; {data['s7_jobs']} S7 jobs; PLC cycles late by {percentiles_text(late)}"


commands = [sim, serve, plant_io]
