"""The line under test: its tour, its search, its production, and the line on real S7."""

from __future__ import annotations

import pytest
from hypothesis import settings

from control import run
from hil import Bench, cell_test
from plc_sim import Simulation, Twin

TestLine = cell_test("cell.toml", search=settings(max_examples=30))


def test_production(twin: Twin) -> None:
    """As many parts as its slowest station and its failures let through."""
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(3600.0)
    count = twin.plant.counts()
    assert not simulation.violations and not simulation.cell.alarms
    assert simulation.summary()["execute_share"] > 0.8
    assert count["belt.left"] <= simulation.cell.parts_good <= count["belt.left"] + count["belt.parts_on"]
    assert 450 < simulation.cell.parts_good < 3600 / 5.5 + 60


@pytest.mark.wire
def test_on_real_protocols(bench: Bench) -> None:
    """The same controller over S7 in real time: the first part is sawn."""
    cell = bench.twin.controller(bench.wiring)
    run(cell, seconds=14.0)
    assert not cell.alarms
    assert bench.twin.plant.counts()["saw.done"] >= 1
