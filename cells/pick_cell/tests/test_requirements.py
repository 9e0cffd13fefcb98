"""What each requirement of the README rests on, where more than a watched property is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from control import State
from control.project import load_project
from hil import Disturbance, check_scenario
from hil.failure import Watcher
from plc_sim import Scenario, Simulation, Twin
from plc_sim.bounds import bounds
from plc_sim.scenario import Attendance

HERE = Path(__file__).parents[1]
CELL = HERE / "cell.toml"

STARTING = (
    Disturbance(1.0, "press", "panel.reset"),
    Disturbance(0.5, "press", "panel.start", after="state IDLE 1"),
)
"""A person who starts the cell once, and does nothing more."""


def watched(*disturbances: Disturbance, seconds: float) -> tuple[Simulation, Watcher, list[Any]]:
    """A run that a person starts and then leaves alone: with the edges at the plant, and the trace."""
    twin = Twin.load(CELL, Scenario("alone", (*STARTING, *disturbances), Attendance.NONE))
    simulation = Simulation(twin, properties=twin.project.properties())
    watcher, trace = Watcher(simulation), list[Any]()
    simulation.add_sink(lambda now, entries: trace.extend(entries))
    simulation.run(seconds)
    return simulation, watcher, trace


def test_pc_03_asks_for_the_printed_bound() -> None:
    rule = next(rule for rule in load_project(CELL).properties() if rule.requirement == "PC-03")
    printed = bounds(Twin.load(CELL))
    assert rule.within == {
        "link": printed["a plant input changes (guard door)"].rest,
        "no link": printed["the PLC link is lost"].rest,
    }


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("open", "door", "guard door closed"),
        ("plc_stop", "", "the PLC does not run"),
        ("link_lost", "plc", "status lost"),
        ("link_lost", "robot", "robot lost"),
        ("robot_alarm", "robot", "the robot without alarm"),
        ("stuck", "stopper.extended", "the stopper to extend"),
    ],
)
def test_pc_07_each_cause_is_named(kind: str, target: str, words: str) -> None:
    after = "feed LIFTING 1" if kind == "stuck" else "pick LIFTING 1"
    fault = Disturbance(0.1, kind, target, 4.0, after=after)
    simulation, _, _ = watched(fault, seconds=80.0)
    assert any(words in alarm.text for alarm in simulation.cell.alarms), simulation.cell.alarms


FAULTS = [
    ("link_lost", "plc"),
    ("link_lost", "robot"),
    ("plc_stop", ""),
    ("controller_power_loss", ""),
    ("cell_power_loss", ""),
]


@pytest.mark.parametrize(("kind", "target"), FAULTS)
@pytest.mark.parametrize("moment", ["pick APPROACHING 2", "feed CARRYING 2"])
def test_pc_10_nothing_is_energised_after_a_link_is_back_without_a_reset(
    kind: str, target: str, moment: str
) -> None:
    fault = Disturbance(0.1, kind, target, 3.5, after=moment)
    simulation, watcher, trace = watched(fault, seconds=60.0)
    began = simulation.twin.disturber.done[-1][0]
    late = began + round(2.5e9)  # the longest printed bound
    names = ("belt.run", "stopper.extend", "stopper.retract", "inspection.start", "robot.moving")
    energised = [(name, time) for name in names for time, value in watcher.lanes[name] if value]
    assert [name for name, time in energised if time < began]
    assert not [entry for entry in energised if entry[1] > late]
    assert simulation.cell.state in (State.ABORTED, State.STOPPED) and not simulation.violations


@pytest.mark.parametrize(
    "moment",
    ["feed CARRYING 1", "feed INSPECTING 1", "pick DESCENDING 1", "pick RELEASING 2", "pick WAITING 2"],
)
def test_pc_11_a_second_start_does_nothing(moment: str) -> None:
    """With and without it the cell does the same, to the last output and the last order to the robot."""
    runs = []
    for presses in ((), (Disturbance(0.03, "press", "panel.start", after=moment),)):
        _, _, trace = watched(*presses, seconds=30.0)
        runs.append([entry for entry in trace if entry[1] != "refused"])
        assert len(trace) - len(runs[-1]) == len(presses)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("state", ["HELD", "ABORTED", "STOPPED"])
def test_pc_11_start_does_nothing_in_other_states(state: str) -> None:
    button = {"HELD": "hold", "STOPPED": "stop"}.get(state)
    way = Disturbance(0.5, "press", f"panel.{button}") if button else Disturbance(0.5, "open", "door", 2.0)
    way = Disturbance(way.at, way.kind, way.target, way.duration, after="pick DESCENDING 1")
    again = Disturbance(3.0, "press", "panel.start", after=f"state {state} 1")
    simulation, _, trace = watched(way, again, seconds=30.0)
    assert simulation.cell.state is State[state]
    assert [value for _, name, value in trace if name == "refused"] == [
        f"START in {state}: not allowed in this state"
    ]


@pytest.mark.parametrize(
    "fault",
    [
        Disturbance(0.05, "robot_alarm", "robot", after="pick RELEASING 1"),
        Disturbance(0.05, "link_lost", "plc", 4.0, after="pick RELEASING 1"),
        Disturbance(0.05, "link_lost", "robot", 4.0, after="pick RELEASING 1"),
    ],
)
def test_pc_05_an_abort_while_the_hand_opens(fault: Disturbance) -> None:
    """The part lay in its place, the place was thought free, and the next one was put there too."""
    check_scenario("cell.toml", [fault], seed=1)


@pytest.mark.parametrize("moment", ["pick CARRYING 1", "pick DESCENDING 1", "pick LOWERING 1"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_pc_01_the_zone_switch_is_stuck(moment: str, value: float) -> None:
    """The belt ran while the robot was there, as the switch said it was not."""
    check_scenario(
        "cell.toml", [Disturbance(0.05, "stuck", "robot.in_pick_zone", 8.0, value, after=moment)], seed=1
    )


def test_pc_09_a_lost_link_takes_its_own_time() -> None:
    """The cell aborts when its image is too old; the outputs fall when the PLC misses the life word."""
    check_scenario("cell.toml", [Disturbance(5.34, "link_lost", "plc", 0.39)], seed=1)


def test_pc_03_the_guard_opens_while_the_controller_is_off() -> None:
    """Nobody but the PLC can act, and it does when it misses the life word."""
    check_scenario(
        "cell.toml",
        [Disturbance(5.33, "controller_power_loss", duration=0.5), Disturbance(5.33, "open", "door", 0.31)],
        seed=1,
    )


@pytest.mark.parametrize("moment", ["REQUESTED", "RUNNING", "COMPLETED"])
@pytest.mark.parametrize("button", ["stop", "hold"])
def test_pc_08_an_exchange_that_is_stopped_is_finished(moment: str, button: str) -> None:
    """The request stayed up after a Stop, and the next start ended in an alarm."""
    press = Disturbance(0.05, "press", f"panel.{button}", after=f"pallet_exchange {moment} 1")
    check_scenario("cell.toml", [press], seed=1)


def test_pc_15_an_abort_while_a_part_is_let_go() -> None:
    """The part left the belt and nobody counted it."""
    for at in (0.1, 0.4, 0.8):
        door = Disturbance(at, "open", "door", 1.0, after="feed RELEASING 1")
        check_scenario("cell.toml", [door], seed=1)


@pytest.mark.parametrize("moment", ["pick WAITING 1", "feed READY 1", "pick LOWERING 1"])
def test_pc_16_a_stop_while_a_part_is_asked_for(moment: str) -> None:
    """The cell went on asking while it was stopped, and two parts came."""
    stop = Disturbance(0.05, "press", "panel.stop", 0.5, after=moment)
    check_scenario("cell.toml", [stop], seed=1)


def test_pc_18_a_start_with_a_part_at_the_stop() -> None:
    """The belt was switched on for one scan, and the inspection began before the image showed it."""
    check_scenario("cell.toml", [Disturbance(10.68, "open", "door", duration=0.1)], seed=95)


@pytest.mark.parametrize(
    ("moment", "words"),
    [("REQUESTED", "the PLC to acknowledge"), ("COMPLETED", "the PLC to take its answers back")],
)
def test_pc_28_the_plc_may_be_late_with_an_answer_but_not_for_long(moment: str, words: str) -> None:
    for lasts, alarms in ((0.4, []), (3.0, [f"pallet_exchange {moment}: waiting for {words} for 1.0 s"])):
        silence = Disturbance(0.0, "program_silent", "", lasts, after=f"pallet_exchange {moment} 1")
        simulation, _, _ = watched(silence, seconds=130.0)
        assert [alarm.text for alarm in simulation.cell.alarms] == alarms and not simulation.violations
        assert simulation.twin.disturber.done[-1][1] is silence


def test_pc_22_an_alarm_that_returns_is_told_when_its_acknowledging_takes_too_long() -> None:
    simulation, _, trace = watched(Disturbance(0.5, "robot_alarm", "robot", 30.0), seconds=8.0)
    words = "home ACKNOWLEDGING: waiting for the robot's alarm to go for 2.0 s"
    (reset,) = (time for time, name, value in trace if (name, value) == ("state", "RESETTING"))
    (told,) = (time for time, name, value in trace if (name, value) == ("alarm", words))
    assert 2.0e9 <= told - reset < 2.1e9 and not simulation.violations
