"""Whoever keeps real time has every entry loaded beforehand: one version of each, and it fits every call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plc_sim.kernel.compilation import ENTRIES, load_entries
from plc_sim.scenario import Disturbance, production
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"
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
