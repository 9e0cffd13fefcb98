"""The twin: every shipped cell in production, closed loop and kernel alone; and where the pick cell's time
goes.

Times are CPU time of the one thread that does everything, so that a busy machine does not count.
"""

from __future__ import annotations

import gc
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from control.project import Project, load_project
from plc_sim.scenario import production
from plc_sim.simulation import Simulation
from plc_sim.twin import twin_class
from tests.perf import kernel, simulators
from tests.perf.table import Row, build, compared, one_core, optimised

ROOT = Path(__file__).parents[2]
CELL = ROOT / "cells" / "pick_cell" / "cell.toml"
WARM_UP = 20.0
"""Virtual time (s) that is not counted: the cell is in EXECUTE by then and every function has been called."""

SAMPLE = 0.0005
"""Time (s) between two looks at what runs."""

SECTIONS = {
    "control/property.py": "properties",
    "plc_sim/view.py": "properties",
    "plc_sim/twin.py _turn": "kernel calls",
    "plc_sim/plc_link.py": "image",
    "control/port.py": "image",
    "plc_sim/line.py": "drivers and line",
    "plc_sim/endpoint.py": "drivers and line",
    "plc_sim/melfa.py": "drivers and line",
    "plc_sim/manipulator.py": "drivers and line",
    "control/session.py": "drivers and line",
    "control/line.py": "drivers and line",
    "control/melfa.py": "drivers and line",
    "control/robot.py": "drivers and line",
    "control/device.py": "drivers and line",
    "control/sequence.py": "machines",
    "control/machine.py": "machines",
    "control/handshake.py": "machines",
    "control/packml.py": "machines",
    "control/reactions.py": "machines",
    "control/interlock.py": "machines",
    "control/scan.py": "machines",
    "plc_sim/program.py": "machines",
    "control/codec.py": "trace",
    "plc_sim/disturb.py": "trace",
    "plc_sim/twin.py": "the twin's turns",
    "plc_sim/plant.py": "the twin's turns",
    "plc_sim/clock.py": "the twin's turns",
    "control/cell.py": "the scan around them",
    "control/controller.py": "the scan around them",
    "plc_sim/simulation.py": "the scan around them",
}
"""Whose time it is while the innermost of these files, or functions, runs; but all that a property calls is
its own.
"""


def simulation(project: Project, seed: int = 7, **options: Any) -> Simulation:
    """A cell in production, warmed up."""
    twin = twin_class(project)(None, seed=seed, scenario=production, project=project)
    made = Simulation(twin, **options)
    made.run_until(WARM_UP)
    gc.collect()
    return made


def spent(run: Simulation, seconds: float) -> float:
    """CPU time (s) of `seconds` more of virtual time."""
    began = time.process_time()
    run.run(seconds)
    return time.process_time() - began


def section(frame: FrameType | None) -> str:
    """Whose time it is while this frame runs."""
    found = ""
    while frame is not None:
        file = "/".join(frame.f_code.co_filename.rsplit("/", 2)[-2:])
        name = SECTIONS.get(f"{file} {frame.f_code.co_name}") or SECTIONS.get(file, "")
        found = name if name == "properties" else found or name
        frame = frame.f_back
    return found or "the scan around them"


@contextmanager
def sampled(samples: Counter[str]) -> Iterator[None]:
    """Look every now and then at what runs. A call of compiled code counts for its caller."""

    looking = True

    def look(number: int, frame: FrameType | None) -> None:
        samples[section(frame)] += 1
        # Only now, or a slow machine would do nothing but look; not after the end: a late signal would go on.
        if looking:
            signal.setitimer(signal.ITIMER_REAL, SAMPLE)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, SAMPLE)
    try:
        yield
    finally:
        looking = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def profile(project: Project, seconds: float) -> list[Row]:
    """The share of time of each section."""
    run = simulation(project, properties=project.properties())
    samples = Counter(dict.fromkeys(SECTIONS.values(), 0))
    with sampled(samples):
        run.run(seconds)
    total = max(samples.total(), 1)
    return [
        Row(f"pick_cell: closed loop, time in {name}", 100 * count / total, "%")
        for name, count in samples.most_common()
    ]


def loop(project: Project, seconds: float, repeats: int) -> list[Row]:
    """The closed loop with all properties on, its figures, and the same without properties and skipping."""
    best, scans, data = float("inf"), 0, {}
    for _ in range(repeats):
        run = simulation(project, properties=project.properties())
        before = run.scans
        best = min(best, spent(run, seconds))
        scans, data = run.scans - before, run.summary()
    parts = data["parts_good"] + data["parts_rejected"]
    bare = min(spent(simulation(project), seconds) for _ in range(repeats))
    every = simulation(project, properties=project.properties(), every_scan=True)
    slow = spent(every, seconds / 10)
    name = project.path.parent.name
    return [
        Row(
            f"{name}: closed loop, all properties",
            seconds / best,
            "x real",
            target=">= 10,000; first step 2,000",
        ),
        Row(f"{name}: closed loop, per executed scan", 1e6 * best / scans, "us"),
        Row(f"{name}: closed loop, executed scans per part", scans / max(parts, 1), ""),
        Row(f"{name}: closed loop, parts per hour", data["parts_per_hour"], "1/h"),
        Row(f"{name}: closed loop, share of EXECUTE", 100 * data["execute_share"], "%", target=">= 80"),
        compared(f"{name}: closed loop, no properties", seconds / bare, "x real", seconds / best),
        compared(f"{name}: closed loop, every scan", seconds / 10 / slow, "x real", seconds / best),
    ]


def branching(project: Project) -> Row:
    """What it costs to branch a cell in production, twin and controller."""
    run, times = simulation(project, properties=project.properties()), []
    for _ in range(50):
        began = time.process_time()
        run.branch()
        times.append(time.process_time() - began)
    return Row(f"{project.path.parent.name}: a branch of twin and controller", 1e3 * min(times), "ms")


def alone(project: Project, seconds: float, repeats: int) -> list[Row]:
    """The kernel alone, on the same plant driven by the recorded controller."""
    name, figures = project.path.parent.name, kernel.measure(project, seconds, repeats)
    return [
        Row(f"{name}: kernel alone, {figures.components} components", figures.speed, "x real",
            target=">= 500,000"),
        Row(f"{name}: kernel alone, per event", figures.ns_per_event, "ns", target="<= 60"),
        Row(f"{name}: kernel alone, events per cell-second", figures.events_per_second, "1/s"),
        Row(f"{name}: kernel alone, call with nothing to do", figures.call_us, "us"),
    ]  # fmt: skip


def measure(seconds: float = 3600.0, repeats: int = 3) -> list[Row]:
    """All rows of the twin; `seconds` of virtual time each."""
    projects = [load_project(path) for path in sorted(ROOT.glob("cells/*/cell.toml"))]
    with one_core():
        rows = [Row(build(), float(optimised()), "yes")]
        for project in projects:
            rows += [*loop(project, seconds, repeats), branching(project)]
            rows += alone(project, seconds / 2, repeats)
        rows += profile(load_project(CELL), seconds)
        rows += simulators.measure(seconds / 3600)
    return [*rows, *simulators.cores(share=seconds / 3600)]
