"""The subcommands that need the bench or the search: bench, test, new, demo."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import click
from hypothesis import settings

from control.commands import Seconds, as_json, cell_path, show
from control.errors import ConfigurationError
from control.project import Project, load_project
from control.statistics import percentiles_text
from hil.bench import BenchRun, run_bench
from hil.campaign import CAMPAIGN
from hil.cell_test import CellFailure, cell_test
from plc_sim.commands import (
    compile_kernel,
    parameters_of,
    scenario_of,
    scenario_option,
    seed_option,
    set_option,
)

GOOD, FAILED, INVALID = 0, 1, 4
STATUS = {"good": GOOD, "failed": FAILED, "invalid": INVALID}


@click.command()
@cell_path
@as_json
@seed_option
@scenario_option
@set_option
@click.option("--seconds", default=60.0, type=Seconds(5), help="Real time.")
@click.option(
    "--real", multiple=True, metavar="LINK", help="A link that goes to real hardware, as cell.toml says."
)
def bench(
    cell: Path,
    as_json: bool,
    seed: int,
    scenario: str,
    settings: tuple[str, ...],
    seconds: float,
    real: tuple[str, ...],
) -> int:
    """Run the controller in its own process against the served twin, in real time, and compare it with the
    twin.
    """
    compile_kernel()
    with tempfile.TemporaryDirectory(prefix="cellwright-bench-") as folder:
        outcome = run_bench(
            cell,
            seconds=seconds,
            seed=seed,
            scenario=scenario_of(scenario),
            folder=Path(folder),
            parameters=parameters_of(settings),
            real=real,
        )
    show(bench_data(outcome, load_project(cell), real), as_json, bench_text)
    return STATUS[outcome.verdict]


def bench_data(outcome: BenchRun, project: Project, real: tuple[str, ...]) -> dict[str, Any]:
    """A bench run as plain data."""
    data = {
        "verdict": outcome.verdict,
        "why": outcome.why,
        "real": list(real),
        "simulated": [name for name in project.toml.links if name not in real],
        "server": outcome.server,
    }
    if not outcome.controller:
        return data
    scan, comparison = outcome.controller["scan"], outcome.comparison
    jobs = sum(counts.get("jobs", 0) for counts in outcome.controller["jobs"].values())
    return data | {
        "parts_good": outcome.controller["parts_good"],
        "parts_rejected": outcome.controller["parts_rejected"],
        "scan": scan,
        "overruns": scan["overruns"],
        "s7_jobs_per_scan": jobs / max(scan["lateness_s"]["count"], 1),
        "compared": {
            "parts": comparison.parts,
            "link_bound_s": sum(comparison.bound.values()),
            "link_bound_parts_s": comparison.bound,
            "streams": [stream._asdict() for stream in comparison.streams],
            "differences": list(comparison.differences),
        },
    }


def bench_text(data: dict[str, Any]) -> str:
    """A bench run for people."""
    links = [f"real: {', '.join(data['real'])}"] if data["real"] else []
    links.append("simulated: " + ", ".join(data["simulated"]))
    lines = [f"{data['verdict']} ({'; '.join(links)})", *(f"  {reason}" for reason in data["why"])]
    if "scan" not in data:
        return "\n".join(lines)
    late, period, compared = data["scan"]["lateness_s"], data["scan"]["actual_period_s"], data["compared"]
    terms = " + ".join(f"{name} {1e3 * time:.1f}" for name, time in compared["link_bound_parts_s"].items())
    lines += [
        f"  {data['parts_good']} good, {data['parts_rejected']} rejected",
        f"  scans: period {percentiles_text(period)}; late by {percentiles_text(late)};"
        f" {data['overruns']} overruns; {data['s7_jobs_per_scan']:.2f} S7 jobs per scan",
        f"  simulated PLC: late by {percentiles_text(data['server']['lateness_s'])}",
        f"  compared with the twin over {compared['parts']} parts; durations may differ by"
        f" {1e3 * compared['link_bound_s']:.0f} ms ({terms} ms):",
    ]
    for stream in compared["streams"]:
        lines.append(
            f"    {stream['name']:<26} {stream['equal']} of {stream['common']} common values equal,"
            f" durations within {1e3 * stream['largest']:.0f} ms"
        )
    return "\n".join(lines)


@click.command(name="test")
@cell_path
@click.option(
    "--examples",
    default=100,
    type=click.IntRange(min=1),
    help="How many disturbances to try alone, and how many lists of them.",
)
@as_json
def test_command(cell: Path, examples: int, as_json: bool) -> int:
    """Property-test a cell: at work, on a tour, disturbed, and the oracle for skipping."""
    compile_kernel()
    test = cell_test(cell.resolve(), search=settings(max_examples=examples))()
    failed = []
    with click.progressbar(PARTS, label="testing", hidden=as_json, item_show_func=PARTS.get) as parts:
        for name in parts:
            try:
                getattr(test, str(name))()
            except CellFailure as failure:
                failed.append(str(failure))
            except AssertionError as error:
                failed.append(str(error))
    show({"failed": failed, "campaign": CAMPAIGN.lines()}, as_json, test_text)
    return FAILED if failed else GOOD


PARTS: dict[str | None, str] = {
    "test_undisturbed": "at work",
    "test_tour": "the tour",
    "test_skipping": "skipping",
    "test_alone": "one disturbance",
    "test_disturbed": "several",
    "test_connections": "S7 connections",
}
"""The parts of a cell's test, in words."""


def test_text(data: dict[str, Any]) -> str:
    """The result of `test` for people."""
    return "\n\n".join([*data["failed"], "\n".join(data["campaign"]), "FAILED" if data["failed"] else "good"])


def template() -> Path:
    """The shipped pick cell, which `new` and `demo` start from."""
    for place in (
        Path(__file__).parent / "template" / "pick_cell",
        Path(__file__).parents[1] / "cells" / "pick_cell",
    ):
        if place.is_dir():
            return place
    raise ConfigurationError("the template cell is missing from this installation; install cellwright anew")


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a new cell in the folder NAME, as a copy of the pick cell."""
    target = Path(name)
    if target.exists():
        raise ConfigurationError(f"{target} exists already; take another name")
    if not target.name.isidentifier():
        raise ConfigurationError(
            f"{target.name!r}: wanted a name of letters, digits and _, as it becomes a package"
        )
    shutil.copytree(template(), target, ignore=shutil.ignore_patterns("state", "__pycache__", ".*"))
    click.echo(f"{target}: a copy of the pick cell. Begin with {target}/cell.py, then:")
    for verb in ("check", "sim", "test"):
        click.echo(f"  cellwright {verb} {target}/cell.toml")
    click.echo(f"  pytest {target}")


from hil.demo import demo  # noqa: E402  # it uses the template above

commands = [bench, test_command, new, demo]
