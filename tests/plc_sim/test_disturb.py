"""Disturbances: each kind does at the plant what it says and undoes it, alone and overlapping others."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from control.errors import ConfigurationError
from control.packml import State
from control.scan import ns
from plc_sim.disturb import targets
from plc_sim.effects import ACTS
from plc_sim.kernel.header import Header, SignalRow
from plc_sim.kernel.row import Kind
from plc_sim.plc_link import TwinPlcLink
from plc_sim.scenario import CONNECTION, KINDS, Attendance, Disturbance, Scenario
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin
from tests.plc_sim.pick import Run, pick_twin


class Effect(NamedTuple):
    """A disturbance's target and value, and whether it acts on a twin at this moment."""

    target: str
    acts: Callable[[Twin], bool]
    value: float = 0.0


def signal(name: str, value: bool = True) -> Callable[[Twin], bool]:
    return lambda twin: twin.plant.signal_value(name) is value


def delay(twin: Twin) -> bool:
    _, word, _ = twin.plant.field("stop_eye.on_delay")
    return twin.plant.words[word] == 700_000_000


def without_signal(twin: Twin) -> bool:
    return twin.plant.words[twin.plant.signal("robot.stop_input") + SignalRow.FORCED] == 0


def link_lost(twin: Twin) -> bool:
    return isinstance(twin.plc_link, TwinPlcLink) and twin.plc_link.lost_at <= twin.now()


def controller_off(twin: Twin) -> bool:
    return twin.state_of_cell() is None


def slowed(twin: Twin) -> bool:
    _, word, _ = twin.plant.field("robot.override")
    return struct.unpack("d", struct.pack("q", twin.plant.words[word])) == (0.25,)


def number(name: str, value: float) -> Callable[[Twin], bool]:
    def acts(twin: Twin) -> bool:
        _, word, where = twin.plant.field(name)
        words = twin.plant.reals if where.declaration.kind is Kind.REAL else twin.plant.words
        return words[word] == value

    return acts


def connection(name: str, value: float) -> Callable[[Twin], bool]:
    return lambda twin: twin.plc_link.faults is not None and getattr(twin.plc_link.faults, name) == value


WIRES = {"latency": 0.02, "jitter": 0.02, "lost": 0.5, "wrong_number": 0.5, "item_error": 0.5, "half_open": 1}
WIRES |= {"split": 7, "merge": 64, "pdu": 240, "slots": 0}
"""A value of each fault of a connection; some take none."""

EFFECTS: dict[str, tuple[Effect, ...]] = {
    **{
        f"s7_{name}": (Effect("plc", connection(name, value), value if CONNECTION[name].value else 0.0),)
        for name, value in WIRES.items()
    },
    "press": (Effect("panel.stop", signal("panel.stop")),),
    "open": (Effect("door", signal("door.open")),),
    "stuck": (
        Effect("stop_eye.blocked", signal("stop_eye.blocked"), 1.0),
        Effect("door.channel_1", signal("door.channel_1", value=False), 0.0),
    ),
    "wire_broken": (Effect("robot.stop_input", without_signal),),
    "late": (Effect("stop_eye.on_delay", delay, 0.7),),
    "jammed": (Effect("stopper", number("stopper.jammed", 1.0)),),
    "half_stroke": (Effect("stopper", number("stopper.reach", 0.5), 0.5),),
    "air_low": (Effect("", lambda twin: twin.plant.reals[Header.AIR] == 0.25, 0.25),),
    "plc_stop": (Effect("", signal("plc.running", value=False)),),
    "link_lost": (
        Effect("plc", link_lost),
        Effect("robot", lambda twin: not twin.lines["robot"].connected),
    ),
    "program_silent": (Effect("", lambda twin: twin.program is not None and twin.program.silent),),
    "robot_alarm": (Effect("robot", lambda twin: twin.endpoints["robot"].faulty),),
    "robot_silent": (Effect("robot", lambda twin: twin.endpoints["robot"].silent),),
    "robot_slow": (Effect("robot", slowed, 0.25),),
    "controller_power_loss": (
        Effect("", controller_off, 0.0),
        Effect("", controller_off, 1.0),
    ),
    "cell_power_loss": (
        Effect("", lambda twin: controller_off(twin) and twin.plant.signal_value("plc.running") is False),
    ),
}
AT_A_CUP = {
    "leak": Effect("cup", number("cup.leak", 0.9), 0.9),
    "grip_lost": Effect("cup", number("cup.drop", 1.0)),
}
"""The kinds that need a vacuum gripper, on the twin of the distributing station."""

HARMLESS = (
    *("press", "stuck", "wire_broken", "late", "program_silent", "robot_slow"),
    *("jammed", "half_stroke", "air_low"),
    *("s7_latency", "s7_jitter", "s7_split", "s7_pdu", "s7_slots"),
)
"""What need not stop the cell."""
EVERY = [(kind, effect) for kind, effects in EFFECTS.items() for effect in effects]


def test_every_kind_is_known_here() -> None:
    assert EFFECTS.keys() | AT_A_CUP.keys() == set(ACTS) == set(KINDS)


@pytest.mark.parametrize("kind", AT_A_CUP)
def test_it_acts_on_a_cup_while_it_lasts_and_no_longer(kind: str) -> None:
    effect, found = AT_A_CUP[kind], list[bool]()
    happens = Disturbance(1.0, kind, effect.target, 1.5, effect.value)
    station = Path(__file__).parents[2] / "cells" / "distributing_station" / "cell.toml"
    twin = Twin.load(station, Scenario("cup", (happens,)))
    for time in (0.9, 1.1, 2.4, 2.7):
        twin.disturber.call(twin.timing.start + ns(time), lambda now: found.append(effect.acts(twin)))
    Simulation(twin).run(3.0)
    assert found == [False, True, True, False]


def seen(effect: Effect, times: list[float], *disturbances: Disturbance, **options: Any) -> list[bool]:
    """Whether an effect is there at these times (s), while disturbances happen."""
    run = Run(*disturbances, **options)
    found: list[bool] = []
    for time in times:
        at = run.twin.timing.start + ns(time)
        run.twin.disturber.call(at, lambda now: found.append(effect.acts(run.twin)))
    run.run_until(times[-1] + 0.5)
    return found


@pytest.mark.parametrize(("kind", "effect"), EVERY)
def test_it_acts_while_it_lasts_and_no_longer(kind: str, effect: Effect) -> None:
    happens = Disturbance(1.0, kind, effect.target, 1.5, effect.value)
    times = [0.9, 1.1, 2.4, 2.7]
    assert seen(effect, times, happens, attendance=Attendance.NONE) == [False, True, True, False]


@pytest.mark.parametrize(("kind", "effect"), EVERY)
@pytest.mark.parametrize("second", [(1.5, 0.5), (1.5, 1.5), (2.5, 1.5)])
def test_overlapping_ones_last_until_the_last_ends(
    kind: str, effect: Effect, second: tuple[float, float]
) -> None:
    begin, duration = second
    happen = [Disturbance(at, kind, effect.target, lasts, effect.value) for at, lasts in ((1.0, 1.5), second)]
    end = max(2.5, begin + duration)
    found = seen(effect, [0.9, 1.6, 2.4, end - 0.1, end + 0.2], *happen, attendance=Attendance.NONE)
    assert found == [False, True, True, True, False]


MIXED: dict[str, tuple[str, Disturbance, Disturbance]] = {
    "cell power back while the PLC is in STOP": (
        "plc_stop", Disturbance(1.0, "cell_power_loss", "", 1.0), Disturbance(1.5, "plc_stop", "", 2.0)
    ),
    "RUN asked for while the cell is without power": (
        "plc_stop", Disturbance(1.0, "plc_stop", "", 1.0), Disturbance(1.5, "cell_power_loss", "", 2.0)
    ),
    "the controller's power back while the cell has none": (
        "cell_power_loss",
        Disturbance(1.0, "controller_power_loss", "", 1.0), Disturbance(1.5, "cell_power_loss", "", 2.0),
    ),
    "the cell's power back while the controller has none": (
        "controller_power_loss",
        Disturbance(1.0, "cell_power_loss", "", 1.0), Disturbance(1.5, "controller_power_loss", "", 2.0),
    ),
    "the controller back while the PLC's cable is cut": (
        "link_lost",
        Disturbance(1.0, "controller_power_loss", "", 1.0), Disturbance(1.5, "link_lost", "plc", 2.0),
    ),
    "a cable cut before the controller lost power": (
        "link_lost",
        Disturbance(1.5, "controller_power_loss", "", 1.0), Disturbance(1.0, "link_lost", "plc", 2.5),
    ),
    "the cell's power back while a wire is broken": (
        "wire_broken",
        Disturbance(1.0, "cell_power_loss", "", 1.0),
        Disturbance(1.5, "wire_broken", "robot.stop_input", 2.0),
    ),
    "a wire mended while the cell has no power": (
        "wire_broken",
        Disturbance(1.0, "wire_broken", "robot.stop_input", 1.0),
        Disturbance(1.5, "cell_power_loss", "", 2.0),
    ),
}  # fmt: skip
"""What acts until 3.5 s though something else ends before."""


@pytest.mark.parametrize("name", MIXED)
def test_what_ends_leaves_what_still_lasts(name: str) -> None:
    kind, *happen = MIXED[name]
    found = seen(EFFECTS[kind][0], [0.9, 1.9, 2.3, 2.9, 3.4, 4.0], *happen, attendance=Attendance.NONE)
    assert found == [False, True, True, True, True, False]


def test_a_robot_line_stays_cut_while_the_controller_starts_anew() -> None:
    effect = EFFECTS["link_lost"][1]
    happen = Disturbance(1.0, "link_lost", "robot", 2.5), Disturbance(1.5, "controller_power_loss", "", 1.0)
    assert seen(effect, [0.9, 1.4, 2.7, 3.4, 4.0], *happen) == [False, True, True, True, False]


def test_a_cable_mended_while_the_controller_is_off_brings_no_life_word() -> None:
    """The PLC must not hear a controller that has no power."""
    happen = Disturbance(1.0, "link_lost", "plc", 1.0), Disturbance(1.5, "controller_power_loss", "", 3.0)
    tripped = Effect("", signal("plc.tripped"))
    assert seen(tripped, [2.1, 3.0, 4.0, 4.4], *happen, attendance=Attendance.NONE) == [True] * 4
    polled = Effect("", lambda twin: twin.lines["robot"].session.connected)
    happen = Disturbance(1.0, "link_lost", "robot", 1.0), happen[1]
    assert seen(polled, [0.9, 2.1, 4.4, 5.0], *happen) == [True, False, False, True]


def test_a_controller_that_starts_beside_a_stopped_plc_waits_for_it() -> None:
    happen = Disturbance(1.0, "plc_stop", "", 4.0), Disturbance(1.5, "controller_power_loss", "", 1.0)
    alive = Effect("", lambda twin: twin.plc_link.image.good)
    assert seen(alive, [0.9, 3.0, 4.9, 5.5], *happen) == [True, False, False, True]


def test_a_robot_alarm_stays_until_it_is_acknowledged() -> None:
    alarm = Effect("robot", lambda twin: vars(twin.endpoints["robot"])["alarm"] != 0)
    happens = Disturbance(1.0, "robot_alarm", "robot")
    assert seen(alarm, [0.9, 1.1, 30.0], happens, attendance=Attendance.NONE) == [False, True, True]
    assert seen(alarm, [0.9, 1.1, 30.0], happens) == [False, True, False]


def test_a_robot_alarm_returns_until_its_cause_is_gone() -> None:
    run = Run(Disturbance(1.0, "robot_alarm", "robot", 6.0))
    run.run_until(20.0)
    text = "home ACKNOWLEDGING: waiting for the robot's alarm to go for 2.0 s"
    assert 0 < len(run.times("alarm", text)) < 4
    assert run.cell.state is State.EXECUTE and run.times("state", "EXECUTE")[-1] > 7.0


def test_a_silent_robot_is_given_up_as_soon_as_it_has_missed_its_requests() -> None:
    run = Run(Disturbance(8.0, "robot_silent", "robot", 60.0), attendance=Attendance.STARTS)
    run.run_until(20.0)
    (lost,) = (time for time, name, text in run.trace if name == "alarm" and "3 times in a row" in text)
    assert 8.0 < lost <= 8.0 + run.twin.lines["robot"].session.silence_time + 0.02
    assert not run.violations


def test_a_silent_program_goes_on_and_shows_its_answers_when_it_is_asked_no_more() -> None:
    """The exchange itself takes place; the cell learns of it once the answers are shown again."""
    silence = Disturbance(0.0, "program_silent", "", 20.0, after="pallet_exchange RUNNING")
    run = Run(silence, attendance=Attendance.STARTS)
    run.run_until(140.0)
    (running,) = run.times("pallet_exchange", "RUNNING")
    (completed,) = run.times("pallet_exchange", "COMPLETED")
    assert completed == pytest.approx(running + 20.0, abs=0.1)
    assert run.times("state", "SUSPENDED") and not run.cell.alarms and not run.violations


def test_a_delay_goes_back_to_the_parameter_of_this_twin() -> None:
    run = Run(Disturbance(1.0, "late", "stop_eye.on_delay", 1.0, 0.7), parameters={"stop_eye.on_delay": 0.3})
    _, word, _ = run.twin.plant.field("stop_eye.on_delay")
    before = int(run.twin.plant.words[word])
    run.run_until(3.0)
    assert before == run.twin.plant.words[word] == 300_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_target_is_refused_with_the_nearest(kind: str) -> None:
    known, value = targets(pick_twin(), kind), next(filter(KINDS[kind].fits, (1.0, 0.0, 2.0, 240.0)))
    with pytest.raises(ConfigurationError, match=f"disturbance {kind}: no {KINDS[kind].target} 'nothing'; "):
        pick_twin(Disturbance(1.0, kind, "nothing", value=value))
    for target in known:
        assert pick_twin(Disturbance(1.0, kind, target, value=value)).disturber.next > 0


def test_a_delay_that_its_component_cannot_have_is_refused_before_the_run() -> None:
    message = r"^stopper.extend_time: wanted at least 1e-06 s \(.*\), got 0.0$"
    with pytest.raises(ConfigurationError, match=message):
        pick_twin(Disturbance(1.0, "late", "stopper.extend_time"))


def test_the_anchor_is_the_entry_of_the_trace_counted_from_the_first() -> None:
    run = Run(
        Disturbance(0.3, "press", "panel.hold", after="pick DESCENDING"),
        Disturbance(0.5, "open", "door", after="pick CARRYING 2"),
        Disturbance(0.0, "press", "panel.stop", after="pick CARRYING 99"),
    )
    run.run_until(60.0)
    begun = {what.kind: run.seconds(time) for time, what in run.twin.disturber.done if what.after}
    assert begun == {
        "press": pytest.approx(run.times("pick", "DESCENDING")[0] + 0.3),
        "open": pytest.approx(run.times("pick", "CARRYING")[1] + 0.5),
    }
    assert {"HELD", "ABORTED"} <= {value for _, name, value in run.trace if name == "state"}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("pik DESCENDING", "nothing is called 'pik'; did you mean 'pick'"),
        ("pick DESENDING", "pick has no 'DESENDING'; did you mean 'DESCENDING'"),
        ("state EXECUTING 2", "state has no 'EXECUTING'; did you mean 'EXECUTE'"),
        ("pick DESCENDING 0", "wanted the first time"),
        ("orders.belt_rum True", "nothing is called 'orders.belt_rum'; did you mean 'orders.belt_run'"),
    ],
)
def test_an_anchor_that_can_never_come_is_refused(after: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        pick_twin(Disturbance(0.0, "press", "panel.stop", after=after))


def test_any_entry_of_a_trace_is_an_anchor() -> None:
    run = Run(Disturbance(15.0, "open", "door", 1.0), Disturbance(20.0, "robot_alarm", "robot"))
    run.run_until(30.0)
    entries = {f"{name} {value}" for _, name, value in run.trace}
    assert len(entries) > 60
    for entry in entries:
        pick_twin(Disturbance(0.0, "press", "panel.stop", after=f"{entry} 1"))


def test_what_has_happened_is_counted_by_kind_and_told_while_it_lasts() -> None:
    run = Run(
        Disturbance(1.0, "open", "door", 2.0),
        Disturbance(1.5, "open", "door", 0.1),
        Disturbance(2.0, "stuck", "stop_eye.blocked", 3.0, 1.0),
        Disturbance(2.0, "press", "panel.stop", 9.0),
        attendance=Attendance.NONE,
    )
    run.run_until(2.5)
    assert run.twin.disturber.active_faults() == ["open door", "stuck stop_eye.blocked"]
    run.run_until(6.0)
    assert run.twin.disturber.active_faults() == []
    assert run.twin.disturber.happened == {"open": 2, "stuck": 1, "press": 1}


def test_the_operator_brings_the_cell_back_from_any_one_fault() -> None:
    for kind, effects in EFFECTS.items():
        for effect in effects if kind not in HARMLESS else ():
            run = Run(Disturbance(8.0, kind, effect.target, 2.0, effect.value))
            run.run_until(40.0)
            assert run.cell.state is State.EXECUTE, (kind, run.cell.waiting_for())
            assert run.times("state", "EXECUTE")[-1] > 10.0, kind


def test_a_disturbance_waits_for_an_order_by_its_verb() -> None:
    run = Run(Disturbance(0.1, "robot_alarm", "robot", after="robot open_gripper 2"))
    run.run_until(30.0)
    opened = [time for time, name, value in run.trace if name == "robot" and value[1] == "open_gripper"]
    (begun,) = (time for time, what in run.twin.disturber.done if what.kind == "robot_alarm")
    assert run.seconds(begun) == pytest.approx(opened[1] + 0.1)
