"""What each kind of disturbance does to a twin when it begins, and what when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from control.packml import State
from plc_sim.components.panel import Guard
from plc_sim.kernel import host
from plc_sim.line import broken
from plc_sim.s7_faults import S7Faults
from plc_sim.scenario import CONNECTION, KINDS, Disturbance, without_frames

if TYPE_CHECKING:
    from plc_sim.twin import Twin

Act = Callable[["Twin", Disturbance, int], None]


def _begin_press(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.set(what.target, True)


def _end_press(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.set(what.target, False)


def _opening(twin: Twin, what: Disturbance) -> str:
    """The signal by which somebody opens a guard or stands in it."""
    guard = twin.components[what.target]
    assert isinstance(guard, Guard)
    return f"{what.target}.{guard.opened}"


def _begin_open(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.set(_opening(twin, what), True)


def _end_open(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.set(_opening(twin, what), False)


def _begin_stuck(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.force(what.target, bool(what.value))


def _end_stuck(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.force(what.target, None)


def _begin_wire_broken(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.force(what.target, False)


def _end_wire_broken(twin: Twin, what: Disturbance, now: int) -> None:
    if not twin.disturber.lasts("cell_power_loss"):
        twin.plant.force(what.target, None)


def _begin_late(twin: Twin, what: Disturbance, now: int) -> None:
    twin.plant.set_parameter(what.target, what.value)


def _end_late(twin: Twin, what: Disturbance, now: int) -> None:
    component, _, name = what.target.rpartition(".")
    usual = twin.parameters.get(what.target, getattr(twin.components[component], name))
    twin.plant.set_parameter(what.target, usual)


def _parameter(name: str, usual: float, given: float | None = None) -> tuple[Act, Act]:
    """A live parameter of the target becomes `given`, or the disturbance's value, and then `usual` again."""

    def begin(twin: Twin, what: Disturbance, now: int) -> None:
        twin.plant.set_parameter(f"{what.target}.{name}", what.value if given is None else given)

    def end(twin: Twin, what: Disturbance, now: int) -> None:
        twin.plant.set_parameter(f"{what.target}.{name}", usual)

    return begin, end


def _begin_air_low(twin: Twin, what: Disturbance, now: int) -> None:
    host.set_air(twin.plant.block, what.value, now)


def _end_air_low(twin: Twin, what: Disturbance, now: int) -> None:
    host.set_air(twin.plant.block, 1.0, now)


def _begin_plc_stop(twin: Twin, what: Disturbance, now: int) -> None:
    host.set_run(twin.plant.block, 0, now)
    twin.plc_link.stop_plc(now)


def _end_plc_stop(twin: Twin, what: Disturbance, now: int) -> None:
    if twin.disturber.lasts("plc_stop", "cell_power_loss"):
        return
    host.set_run(twin.plant.block, 1, now)
    twin.plc_link.start_plc(now)


def _begin_link_lost(twin: Twin, what: Disturbance, now: int) -> None:
    twin.broken.add(what.target)
    if twin.off:
        return
    if what.target == twin.plc_name:
        twin.plc_link.lose(now)
    else:
        twin.lines[what.target].cut(now, broken(what.target))


def _end_link_lost(twin: Twin, what: Disturbance, now: int) -> None:
    twin.broken.discard(what.target)
    if twin.off:
        return
    if what.target == twin.plc_name:
        twin.plc_link.connect(now)
    else:
        twin.lines[what.target].mend(now)


def _begin_program_silent(twin: Twin, what: Disturbance, now: int) -> None:
    if twin.program is not None:
        twin.program.answer(False, now)


def _end_program_silent(twin: Twin, what: Disturbance, now: int) -> None:
    if twin.program is not None:
        twin.program.answer(True, now)


def _begin_robot_alarm(twin: Twin, what: Disturbance, now: int) -> None:
    twin.endpoints[what.target].faulty = True
    twin.endpoints[what.target].disturb(now)


def _end_robot_alarm(twin: Twin, what: Disturbance, now: int) -> None:
    twin.endpoints[what.target].faulty = False


def _begin_robot_silent(twin: Twin, what: Disturbance, now: int) -> None:
    twin.endpoints[what.target].silent = True


def _end_robot_silent(twin: Twin, what: Disturbance, now: int) -> None:
    twin.endpoints[what.target].silent = False


def _begin_robot_slow(twin: Twin, what: Disturbance, now: int) -> None:
    host.set_override(twin.plant.block, twin.plant.number(what.target), what.value, now)


def _end_robot_slow(twin: Twin, what: Disturbance, now: int) -> None:
    percent = getattr(twin.endpoints[what.target], "override", 100)
    host.set_override(twin.plant.block, twin.plant.number(what.target), percent / 100, now)


def _begin_controller_power_loss(twin: Twin, what: Disturbance, now: int) -> None:
    twin.lose_controller(now, commit=bool(what.value))


def _end_controller_power_loss(twin: Twin, what: Disturbance, now: int) -> None:
    if not twin.disturber.lasts("controller_power_loss", "cell_power_loss"):
        twin.boot(now)
        twin.disturber.attend(State.STOPPED, now)


def _begin_cell_power_loss(twin: Twin, what: Disturbance, now: int) -> None:
    """Every output drops out, and the air is vented: on a valve with closed centre a cylinder stops where it
    is and its air stays in it, so nothing moves until its coil has power again. A hand keeps its grip, brakes
    hold the arm.
    """
    for output in twin.plc.outputs:
        twin.plant.force(output.target.path, False)
    _begin_plc_stop(twin, what, now)
    for name, endpoint in twin.endpoints.items():
        endpoint.power_cycle(now)
        twin.lines[name].silence(now)
    twin.lose_controller(now, commit=False)


def _end_cell_power_loss(twin: Twin, what: Disturbance, now: int) -> None:
    broken_wires = {other.target for other in twin.disturber.lasting.values() if other.kind == "wire_broken"}
    for output in twin.plc.outputs:
        if output.target.path not in broken_wires:
            twin.plant.force(output.target.path, None)
    _end_plc_stop(twin, what, now)
    _end_controller_power_loss(twin, what, now)


def _connection(name: str) -> tuple[Act, Act]:
    """Something is wrong with the PLC's connections, and is not any more."""

    def faults_of(twin: Twin, what: Disturbance) -> S7Faults:
        if twin.plc_link.faults is None:
            raise without_frames(what.kind)
        return twin.plc_link.faults

    def begin(twin: Twin, what: Disturbance, now: int) -> None:
        faults_of(twin, what).set(name, what.value if KINDS[what.kind].value else 1)

    def end(twin: Twin, what: Disturbance, now: int) -> None:
        faults_of(twin, what).clear(name)

    return begin, end


ACTS: Mapping[str, tuple[Act, Act]] = {
    **{f"s7_{name}": _connection(name) for name in CONNECTION},
    "press": (_begin_press, _end_press),
    "open": (_begin_open, _end_open),
    "stuck": (_begin_stuck, _end_stuck),
    "wire_broken": (_begin_wire_broken, _end_wire_broken),
    "late": (_begin_late, _end_late),
    "jammed": _parameter("jammed", 0, 1),
    "half_stroke": _parameter("reach", 1.0),
    "leak": _parameter("leak", 0.0),
    "grip_lost": _parameter("drop", 0, 1),
    "air_low": (_begin_air_low, _end_air_low),
    "plc_stop": (_begin_plc_stop, _end_plc_stop),
    "link_lost": (_begin_link_lost, _end_link_lost),
    "program_silent": (_begin_program_silent, _end_program_silent),
    "robot_alarm": (_begin_robot_alarm, _end_robot_alarm),
    "robot_silent": (_begin_robot_silent, _end_robot_silent),
    "robot_slow": (_begin_robot_slow, _end_robot_slow),
    "controller_power_loss": (_begin_controller_power_loss, _end_controller_power_loss),
    "cell_power_loss": (_begin_cell_power_loss, _end_cell_power_loss),
}
"""What each kind of disturbance does at its beginning and at its end."""
