"""The bench: a twin served over real protocols, in real time, and what connects to it.

`Bench` serves it to a controller of the same process; `run_bench` starts the controller as a process of its
own, as it is deployed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from control.cell import Cell
from control.errors import CellwrightError, ConfigurationError
from control.project import Project, load_project
from control.property import Property
from control.schema import LinkTable
from control.wiring import Wiring
from hil.compare import Comparison, compare
from plc_sim.scenario import Scenario
from plc_sim.served import Served, serve_toml
from plc_sim.tested_plc import TestedPlc, refuse_simulated
from plc_sim.twin import Twin, twin_class
from plc_sim.view import PlantView

LATEST = 0.01
"""A run whose scans are later than this (s, p99), or whose simulated PLC is, gives no verdict."""

WORST = 0.1
"""Neither does one in which a single one was later than this (s): images grow too old."""

MOST_OVERRUNS = 0.005
"""Nor one in which a larger share of scans overran."""

MIN_PARTS = 5
"""Nor one in which the compared part spans fewer parts."""


class Bench:
    """A twin served over real protocols, for a controller in this process; a context manager. With `tested`,
    the table of a PLC under test, that one stands between plant and controller.
    """

    def __init__(self, twin: Twin, folder: Path | None = None, *, tested: LinkTable | None = None) -> None:
        self.twin = twin
        self._temporary = tempfile.TemporaryDirectory(prefix="cellwright-") if folder is None else None
        self.folder = folder or Path(self._temporary.name if self._temporary else ".")
        try:
            self.served = Served(twin, self.folder, tested=tested)
        except BaseException:
            self._clean_up()
            raise

    @property
    def wiring(self) -> Wiring:
        """Real links to the served twin; each call gives new ones."""
        links = {name: LinkTable(**table) for name, table in self.served.tables().items()}
        toml = self.twin.project.toml.model_copy(update={"links": links})
        toml = toml.model_copy(
            update={"cell": toml.cell.model_copy(update={"state": str(self.folder / "state")})}
        )
        return Wiring.of(Project(self.twin.project.path, toml))

    def watch(self, cell: Cell, properties: Iterable[Property] | None = None) -> Callable[[], None]:
        """Have properties of cell and plant, by default the project's, judged after every scan: give what
        this returns to `run` as `every`; `cell.violations` has what did not hold.
        """
        watched = self.twin.project.properties() if properties is None else properties
        view = PlantView(self.twin.plant, cell._scan, self.twin.disturber.happened)
        cell.watch(watched, view)

        def judge() -> None:
            cell.watch_list.begin_anew()  # in real time the plant does not stop at edges
            cell.judge(cell.wiring.clock.now())

        return judge

    def __enter__(self) -> Bench:
        try:
            self.served.__enter__()
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.served.__exit__(kind, error, trace)
        finally:
            self._clean_up()

    def _clean_up(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()


class BenchRun(NamedTuple):
    """What a bench run gave: `verdict` is good, failed or invalid, `why` says what decided it. On a machine
    too busy to let the controller run, it reported nothing and there is nothing to compare.
    """

    verdict: str
    why: list[str]
    server: dict[str, Any]
    controller: dict[str, Any]
    comparison: Comparison


NOTHING = Comparison(0, {}, (), ())


def run_bench(
    path: Path,
    *,
    seconds: float,
    seed: int,
    scenario: Scenario,
    folder: Path,
    parameters: Mapping[str, float] | None = None,
    real: tuple[str, ...] = (),
    least_parts: int = MIN_PARTS,
) -> BenchRun:
    """Run the deployed controller as its own process against the served twin, and compare it with the twin in
    virtual time. `parameters` vary the plant; `least_parts` must be compared for a verdict.
    """
    project = load_project(path)
    for name in real:
        if name not in project.toml.links:
            raise ConfigurationError(f"--real: {path} has no link {name!r}")
    twin = twin_class(project)(parameters, seed=seed, scenario=scenario, project=project)
    tested = project.toml.links[twin.plc_name] if twin.plc_name in real else None
    if tested is not None:
        refuse_simulated(scenario, twin.plc_name)
    with Served(twin, folder / "ports", tested=tested) as served:
        tables = served.tables() | {
            name: project.toml.links[name].model_dump(exclude_defaults=True) for name in real
        }
        (folder / "serve.toml").write_text(serve_toml(tables))
        controller, failure = run_controller(path, folder, seconds)
    server = {
        "lateness_s": served.lateness.summary(),
        "s7_jobs": served.plc.jobs,
        "counts": twin.plant.counts(),
    }
    why = untimely(controller, server)
    if isinstance(served.plc, TestedPlc) and served.plc.interruptions:
        why.append(f"the PLC under test could not be reached, {served.plc.interruptions} times")
    if failure and not why:
        raise CellwrightError(failure)
    if failure:
        return BenchRun("invalid", [*why, failure], server, {}, NOTHING)
    comparison = compare(
        project,
        folder / "state" / "records",
        scenario,
        seed=seed,
        seconds=seconds,
        late=server["lateness_s"]["max"] + controller["scan"]["lateness_s"]["max"],
        parameters=parameters or {},
        tested=tested is not None,
    )
    return BenchRun(*verdict_of(why, comparison, least_parts), server, controller, comparison)


def verdict_of(why: list[str], comparison: Comparison, least_parts: int) -> tuple[str, list[str]]:
    """The verdict, and what decided it."""
    if not why and comparison.differences:
        return "failed", list(comparison.differences)
    if comparison.parts < least_parts:
        short = f"the compared part spans {comparison.parts} parts; wanted at least {least_parts}: run longer"
        why = [*why, short]
    return ("invalid", why) if why else ("good", [])


def run_controller(path: Path, folder: Path, seconds: float) -> tuple[dict[str, Any], str]:
    """The controller process, as deployed: `cellwright run … --links serve.toml`. What it reported, or why it
    failed.
    """
    command = [sys.executable, "-m", "cellwright", "run", str(path), "--links", str(folder / "serve.toml")]
    command += ["--seconds", str(seconds), "--json", "--state", str(folder / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        return {}, f"the controller ended with status {done.returncode}: {done.stderr.strip()}"
    return json.loads(done.stdout), ""


def untimely(controller: dict[str, Any], server: dict[str, Any]) -> list[str]:
    """Why the timing was not good enough for a verdict."""
    who = {"the simulated PLC": server["lateness_s"]}
    if controller:
        who["the controller's scans"] = controller["scan"]["lateness_s"]
    reasons = [
        f"{name} {times} late by {1e3 * late[key]:.1f} ms ({key}); wanted at most {1e3 * most:.0f} ms"
        for name, late in who.items()
        for times, key, most in (("were", "p99", LATEST), ("was once", "max", WORST))
        if late[key] > most
    ]
    if controller:
        share = controller["scan"]["overruns"] / max(controller["scan"]["lateness_s"]["count"], 1)
        if share > MOST_OVERRUNS:
            most = f"wanted at most {100 * MOST_OVERRUNS:g} %"
            reasons.append(f"{100 * share:.2f} % of the scans overran; {most}")
    return reasons
