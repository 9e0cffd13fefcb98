"""Whoever keeps real time has every entry loaded beforehand: one version of each, and it fits every call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plc_sim import OdeComponent, Plc, UserComponent
from plc_sim.kernel.compilation import DIRECTORY, ENTRIES, load_entries
from plc_sim.kernel.user import say
from plc_sim.plant import Plant
from plc_sim.scenario import Disturbance, production
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin

CELLS = Path(__file__).parents[2] / "cells"
CELL, SORTING = CELLS / "pick_cell" / "cell.toml", CELLS / "sorting_station" / "cell.toml"
DISTURBANCES = (
    Disturbance(6.0, "stuck", "stop_eye.blocked", 0.5, 1.0),
    Disturbance(7.0, "late", "stop_eye.on_delay", 0.5, 0.01),
    Disturbance(8.0, "press", "panel.hold"),
    Disturbance(9.0, "press", "panel.unhold"),
    Disturbance(12.0, "open", "door"),
    Disturbance(14.0, "link_lost", "plc", 1.5),
    Disturbance(17.0, "plc_stop", "", 1.5),
    Disturbance(20.0, "cell_power_loss", "", 1.0),
)


def versions() -> dict[str, Any]:
    return {entry.__name__: list(getattr(entry, "signatures", ())) for entry in ENTRIES}


def test_no_call_needs_a_version_that_was_not_loaded() -> None:
    load_entries()
    before = versions()
    assert len(before) > 15
    Simulation(Twin.load(CELL, production.plus(*DISTURBANCES), seed=7)).run(30.0)
    assert versions() == before
    assert all(len(kept) <= 1 for kept in before.values())


def resting(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """An island in which nothing happens."""
    return 0


def beating(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """A component that says the same every second."""
    say(I, o, 0, 1, t)
    return t + 1_000_000_000


def kept() -> dict[Path, int]:
    """The compiled entries on this machine, with the times at which they were written."""
    return {path: path.stat().st_mtime_ns for path in DIRECTORY.rglob("*") if path.is_file()}


def test_a_cell_and_components_of_ones_own_compile_nothing_of_the_kernel() -> None:
    load_entries()
    before = kept(), versions()
    own = {"beat": UserComponent(beating), "island": OdeComponent(resting, {"x": 1.0})}
    plant = Plant(own, Plc())
    plant.advance(plant.now + 3_000_000_000)
    assert plant.signal_value("beat.out")
    Simulation(Twin.load(SORTING, production, seed=7)).run(30.0)
    assert (kept(), versions()) == before
