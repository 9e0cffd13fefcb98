"""The demonstration: production on the twin, the same controller on the bench, a seeded bug found."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
from hypothesis import Phase, settings
from hypothesis import strategies as st

from control.project import Project, load_project
from control.statistics import percentiles_text
from hil.bench import run_bench
from hil.failure import explain
from hil.rig import Rig
from hil.search import Search
from plc_sim.commands import compile_kernel
from plc_sim.scenario import production
from plc_sim.simulation import Simulation
from plc_sim.twin import twin_class

EXAMPLES = 200
BUG = "the controller no longer watches the guard door"


@click.command()
def demo() -> int:
    """Show in about a minute what this software does, with the shipped pick cell."""
    compile_kernel()
    from hil.commands import template

    path = template() / "cell.toml"
    project = load_project(path)
    click.echo("The pick cell, all simulated.\n")
    show_production(project)
    show_bench(path)
    return show_search(project)


def show_production(project: Project) -> None:
    """An hour of production in virtual time."""
    click.echo("1. An hour of production on the twin, the controller unmodified, every property watched:")
    twin = twin_class(project)(seed=7, scenario=production, project=project)
    simulation = Simulation(twin, properties=project.properties())
    simulation.run(1.0)
    began = time.perf_counter()
    with click.progressbar(length=60, label="   simulating") as bar:
        for minute in range(60):
            simulation.run_until(60.0 * (minute + 1))
            bar.update(1)
    wall = time.perf_counter() - began
    data = simulation.summary()
    states = ", ".join(
        f"{name} {seconds:.0f} s"
        for name, seconds in sorted(data["state_time_s"].items(), key=lambda s: -s[1])[:4]
    )
    click.echo(
        f"   {data['parts_good']} good and {data['parts_rejected']} rejected parts:"
        f" {data['parts_per_hour']:.0f} per hour, one every {data['cycle_time_s']:.2f} s\n"
        f"   time in state: {states}\n"
        f"   {3599 / wall:.0f} x real time; {len(data['violations'])} properties violated\n"
    )


def show_bench(path: Path) -> None:
    """The same controller as its own process over S7 and serial."""
    click.echo("2. The same controller in its own process for 20 s, over S7 (TCP) and a serial line (pty):")
    with tempfile.TemporaryDirectory(prefix="cellwright-demo-") as folder:
        outcome = run_bench(path, seconds=20.0, seed=7, scenario=production, folder=Path(folder))
    late = outcome.controller["scan"]["lateness_s"]
    click.echo(f"   parts packed: {outcome.controller['parts_good']}; scans late by {percentiles_text(late)}")
    click.echo("   compared with the twin, value by value, as far as several runs of the twin agree:")
    for stream in outcome.comparison.streams:
        if stream.common > 4:
            click.echo(f"     {stream.name:<24} {stream.equal} of {stream.common} equal")
    if outcome.verdict == "invalid":
        click.echo("   no verdict from this short run (cellwright bench runs for longer):")
    for reason in outcome.why:
        click.echo(f"   {reason}")
    click.echo("")


def show_search(project: Project) -> int:
    """A bug put into the controller, found and shrunk."""
    click.echo(f"3. A bug is put in: {BUG}.")
    click.echo("   The search disturbs the cell until a property fails, then shrinks what it did:")
    correct = project.controller()
    broken = type(
        correct.__name__, (correct,), {"trips": correct.trips[1:], "__module__": correct.__module__}
    )
    options = settings(
        max_examples=EXAMPLES, phases=(Phase.generate, Phase.shrink), derandomize=True, database=None
    )
    rig = Rig(project, controller=broken)
    search = Search(rig)
    found = search.random(options, st.just(1))
    failure = explain(rig, found.example) if found is not None else None
    if found is None or failure is None:
        click.echo("   not found; that is a fault of this software")
        return 1
    click.echo(f"   found in run {found.runs}, shrunk in {search.runs - found.runs} more:\n")
    click.echo("\n".join(f"   {line}".rstrip() for line in failure.page().splitlines()))
    return 0
