"""A controller run on a twin: what is counted, judged and summed up on the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from control.codec import TraceHash
from control.packml import Command, State
from control.property import Property
from plc_sim.scenario import Attendance, Disturbance
from plc_sim.simulation import Simulation
from tests.plc_sim.pick import Run, pick_twin

OPENED = 6.25


def judged(*properties: Property, **options: Any) -> Simulation:
    """A simulation with properties of its own, whose door is opened at `OPENED` s."""
    twin = pick_twin(Disturbance(OPENED, "open", "door", 1.0), attendance=Attendance.STARTS)
    return Simulation(twin, properties=properties, **options)


SHUT = Property(
    "T-1", "the door stays shut", lambda cell, plant: True, lambda cell, plant: not plant.door.open
)
PACKS_NOTHING = Property(
    "T-2",
    "nothing is laid on the belt",
    lambda cell, plant: True,
    lambda cell, plant: not plant.count("feeder.fed"),
)


@pytest.mark.parametrize("every_scan", [False, True])
def test_a_property_of_the_plant_is_judged_at_the_instant(every_scan: bool) -> None:
    run = judged(SHUT, every_scan=every_scan)
    run.run_until(8.0)
    assert [violation.requirement for violation in run.violations] == ["T-1"]
    assert run.violations[0].time == run.twin.timing.start + int(OPENED * 1e9)
    assert run.violations[0].text == "the door stays shut"


def told_at(properties: Iterable[Property]) -> set[tuple[int, str]]:
    """When (ns) each property was violated in 40 s of production, the same whatever is skipped."""
    told: list[set[tuple[int, str]]] = []
    watched = list(properties)
    for every_scan in (False, True):
        twin = pick_twin(attendance=Attendance.STARTS, parameters={"feeder.good": 0.5})
        run = Simulation(twin, properties=watched, every_scan=every_scan)
        run.run_until(40.0)
        told.append({(violation.time, violation.requirement) for violation in run.violations})
    assert told[0] == told[1]
    return told[0]


def counting(name: str) -> Property:
    """A property that is violated whenever a count changes."""
    return Property(
        name, "counts nothing", lambda cell, plant: f"{plant.count(name)}", lambda cell, plant: False
    )


def test_a_change_of_a_count_is_judged_at_its_instant_whatever_is_skipped() -> None:
    names = [name for name in pick_twin().plant.counts() if not name.startswith("robot")]
    changes = told_at(map(counting, names))
    left = {time for time, name in changes if name == "belt.left"}
    assert len(left) > 1, "wanted a part to leave, which is no edge of any signal"


def changing(name: str) -> Property:
    """A property that looks at a signal while the belt moves, and is violated whenever it changes then."""
    return Property(
        name,
        "stays as it is",
        lambda cell, plant: f"{plant.value(name)}" if plant.belt.moving else "",
        lambda cell, plant: False,
    )


def test_a_signal_that_is_read_now_and_then_is_judged_at_its_instant_while_it_is() -> None:
    names = [name for name in pick_twin().plant.layout.signal_offsets if name.startswith("st")]
    changes = told_at(map(changing, names))
    assert len([time for time, name in changes if name == "stop_eye.blocked"]) > 6


def test_a_run_ends_at_the_first_violation_if_it_shall() -> None:
    run = judged(SHUT)
    run.run(20.0, until_violation=True)
    assert OPENED <= (run.twin.now() - run.twin.timing.start) / 1e9 < OPENED + 0.05
    assert len(run.violations) == 1


def test_how_often_a_property_was_armed_survives_a_restart_of_the_controller() -> None:
    twin = pick_twin(Disturbance(5.0, "controller_power_loss", "", 1.0), attendance=Attendance.NONE)
    run = Simulation(twin, properties=[PACKS_NOTHING])
    run.run_until(8.0)
    assert run.summary()["armed"] == {"T-2": 2}


def test_the_times_in_the_states_add_up_to_the_time_that_passed() -> None:
    run = Run(
        Disturbance(9.0, "press", "panel.hold"),
        Disturbance(14.0, "open", "door", 1.0),
        Disturbance(20.0, "controller_power_loss", "", 2.0),
    )
    run.run_until(30.0)
    summary = run.summary()
    first = run.trace[0][0]
    assert sum(summary["state_time_s"].values()) == pytest.approx(summary["seconds"], abs=max(first, 0.1))
    assert {"STOPPED", "EXECUTE", "HELD", "ABORTED"} <= set(summary["state_time_s"])
    assert summary["state_time_s"][summary["state"]] > 0


def test_the_summary_says_what_the_command_promises() -> None:
    run = Run(seed=7)
    run.run_until(60.0)
    summary = run.summary()
    promised = {
        *("parts_good", "parts_rejected", "parts_per_hour", "cycle_time_s", "state_time_s"),
        *("scans_executed", "trace_hash", "simulated"),
    }
    assert promised <= set(summary)
    assert summary["simulated"] is True
    assert summary["parts_good"] == run.cell.parts_good > 3
    assert summary["parts_per_hour"] == pytest.approx(
        3600 * (run.cell.parts_good + run.cell.parts_rejected) / summary["seconds"]
    )
    assert summary["execute_share"] == pytest.approx(summary["state_time_s"]["EXECUTE"] / summary["seconds"])


def test_the_hash_is_that_of_the_trace_whoever_listens() -> None:
    run, copy = Run(seed=2), TraceHash()
    run.add_sink(copy)
    run.run_until(10.0)
    assert (copy.hexdigest(), copy.entries) == (run.hash.hexdigest(), len(run.trace))


def test_before_the_controller_starts_the_plant_is_alone() -> None:
    run = Run(Disturbance(1.0, "open", "door", 1.0), attendance=Attendance.STARTS)
    run.wait_before_start(3.0)
    assert run.at == pytest.approx(3.0, abs=1e-6)
    assert (run.trace, run.scans) == ([], 0)
    assert run.twin.disturber.happened == {"open": 1}
    run.run_until(12.0)
    assert run.cell.state is State.EXECUTE


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda cell, plant: plant.dor.open, "the plant has no 'dor'; did you mean 'door'?"),
        (lambda cell, plant: plant.door.opne, "no signal 'door.opne'; did you mean 'door.open'?"),
        (lambda cell, plant: plant.count("feeder.fet"), "feeder has no 'fet'; did you mean 'fed'?"),
        (
            lambda cell, plant: plant.count("hand.part"),
            "hand.part is no count; there are: hand.dropped, hand.holds",
        ),
    ],
)
def test_a_property_that_cannot_be_judged_has_failed_and_the_cell_runs_on(wrong: Any, message: str) -> None:
    run = judged(Property("T-3", "as it should be", lambda cell, plant: True, wrong))
    run.run_until(6.0)
    (failed,) = run.violations
    assert failed.requirement == "T-3"
    assert failed.text.startswith("as it should be; cannot be judged: UnknownName: ")
    assert failed.text.endswith(f"{message} (test_simulation.py:{line_of(wrong)} in <lambda>)")
    assert (run.cell.alarms, run.cell.state) == ((), State.EXECUTE)


def line_of(function: Any) -> int:
    """The line a function begins at."""
    return function.__code__.co_firstlineno


@pytest.mark.parametrize("every_scan", [False, True])
def test_a_property_that_cannot_be_judged_at_an_edge_between_scans_has_failed_there(every_scan: bool) -> None:
    wrong = Property("T-4", "sound", lambda cell, plant: plant.door.open, lambda cell, plant: 1 / 0 > 0)
    run = judged(wrong, every_scan=every_scan)
    run.run_until(8.0)
    (failed,) = run.violations
    assert (failed.time - run.twin.timing.start, failed.requirement) == (int(OPENED * 1e9), "T-4")
    assert "sound; cannot be judged: ZeroDivisionError: division by zero (test_simulation.py:" in failed.text


def test_a_table_of_times_that_lacks_a_step_is_an_error_of_the_property() -> None:
    wrong = Property("T-5", "in time", lambda cell: cell.state.name, lambda cell: False, {"EXECUTE": 1e6})
    run = judged(wrong)
    run.run_until(0.1)
    (failed,) = run.violations
    assert failed.text.startswith(
        "in time; cannot be judged: DefinitionError: within has no time for 'STOPPED'; there are: EXECUTE"
    )


def test_a_violation_is_told_even_where_the_cell_cannot_say_what_it_waits_for() -> None:
    def broken(cell: Any) -> bool:
        "a sound condition"
        return 1 / 0 > 0

    twin = pick_twin(Disturbance(OPENED, "open", "door", 1.0), attendance=Attendance.NONE)
    members = {"broken": broken, "permissives": {Command.RESET: (broken,)}}
    run = Simulation(twin, properties=[SHUT], controller=type("Broken", (twin.controller,), members))
    run.run_until(8.0)
    (failed,) = run.violations
    assert failed.requirement == "T-1"
    assert failed.situation.startswith(
        "STOPPED; what it waits for raised ZeroDivisionError: division by zero ("
    )
