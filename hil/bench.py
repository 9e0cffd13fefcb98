"""The bench: a twin served over real protocols, in real time, and what connects to it.

`Bench` serves it to a controller of the same process; `run_bench` starts the controller as a process of its
own, as it is deployed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from control.errors import CellwrightError, ConfigurationError
from control.project import LinkTable, Project, load_project
from control.wiring import Wiring
from hil.compare import Comparison, compare
from plc_sim.scenario import Scenario
from plc_sim.served import Served, serve_toml
from plc_sim.twin import Twin, twin_class

LATEST = 0.01
"""A run whose scans are later than this (s, p99), or whose simulated PLC is, gives no verdict."""

MOST_OVERRUNS = 0.001
"""Neither does one in which a larger share of scans overran."""


class Bench:
    """A twin served over real protocols, for a controller in this process; a context manager."""

    def __init__(self, twin: Twin, folder: Path | None = None) -> None:
        self.twin = twin
        self._temporary = tempfile.TemporaryDirectory(prefix="cellwright-") if folder is None else None
        self.folder = folder or Path(self._temporary.name if self._temporary else ".")
        self.served = Served(twin, self.folder)

    @property
    def wiring(self) -> Wiring:
        """Real links to the served twin; each call gives new ones."""
        links = {name: LinkTable(**table) for name, table in self.served.tables().items()}
        toml = self.twin.project.toml.model_copy(update={"links": links})
        toml = toml.model_copy(
            update={"cell": toml.cell.model_copy(update={"state": str(self.folder / "state")})}
        )
        return Wiring.of(Project(self.twin.project.path, toml))

    def __enter__(self) -> Bench:
        self.served.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.served.__exit__(kind, error, trace)
        finally:
            if self._temporary is not None:
                self._temporary.cleanup()


class BenchRun(NamedTuple):
    """What a bench run gave: `verdict` is good, failed or invalid, `why` says what decided it."""

    verdict: str
    why: list[str]
    controller: dict[str, Any]
    server: dict[str, Any]
    comparison: Comparison


def run_bench(
    path: Path, *, seconds: float, seed: int, scenario: Scenario, real: tuple[str, ...] = (), folder: Path
) -> BenchRun:
    """Run the deployed controller as its own process against the served twin, and compare it with the twin in
    virtual time.
    """
    project = load_project(path)
    kind = twin_class(project)
    for name in real:
        if name not in project.toml.links:
            raise ConfigurationError(f"--real: {path} has no link {name!r}")
    twin = kind(seed=seed, scenario=scenario, project=project)
    with Served(twin, folder / "ports") as served:
        tables = served.tables() | {
            name: project.toml.links[name].model_dump(exclude_defaults=True) for name in real
        }
        (folder / "serve.toml").write_text(serve_toml(tables))
        controller = run_controller(path, folder, seconds)
    server = {
        "lateness_s": served.lateness.summary(),
        "s7_jobs": served.plc.outlet.jobs,
        "counts": twin.plant.counts(),
    }
    comparison = compare(project, folder / "state" / "records", seed, scenario, seconds)
    why = untimely(controller, server)
    verdict = "invalid" if why else "good" if comparison.equal else "failed"
    return BenchRun(verdict, why or list(comparison.differences), controller, server, comparison)


def run_controller(path: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """The controller process, as deployed: `cellwright run … --links serve.toml`."""
    command = [sys.executable, "-m", "cellwright", "run", str(path), "--links", str(folder / "serve.toml")]
    command += ["--seconds", str(seconds), "--json", "--state", str(folder / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise CellwrightError(f"the controller ended with status {done.returncode}: {done.stderr.strip()}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def untimely(controller: dict[str, Any], server: dict[str, Any]) -> list[str]:
    """Why the timing was not good enough for a verdict."""
    scan = controller["scan"]
    late = {
        "the controller's scans": scan["lateness_s"]["p99"],
        "the simulated PLC": server["lateness_s"]["p99"],
    }
    reasons = [
        f"{who} were late by {1e3 * time:.1f} ms (p99); wanted at most {1e3 * LATEST:.0f} ms"
        for who, time in late.items()
        if time > LATEST
    ]
    share = scan["overruns"] / max(scan["lateness_s"]["count"], 1)
    if share > MOST_OVERRUNS:
        reasons.append(f"{100 * share:.2f} % of the scans overran; wanted at most {100 * MOST_OVERRUNS:g} %")
    return reasons
