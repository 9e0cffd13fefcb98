"""The validation table: every component, its model, what it is held to, and the largest error found.

Errors of event times and lengths are given in whole ns and nm, rounded up.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import plc_sim
from plc_sim import (
    MAGICIAN_LITE,
    UR5E,
    CapacitiveSensor,
    ColourSensor,
    Component,
    Cylinder,
    EndStop,
    InductiveSensor,
    SpringCylinder,
    Stopper,
)
from tests.docs.markdown import table
from tests.docs.oracles import (
    Errors,
    arm,
    belt,
    door,
    driven,
    exchanger,
    exponential_feeder,
    eye,
    feeder,
    fixed_station,
    hand,
    handled,
    infeed,
    inspection,
    kinematics,
    line,
    magazine,
    proximity,
    seen_by,
    slots,
    stopped,
    stroke,
    swivel,
    vacuum,
)
from tests.docs.oracles_motion import (
    crane,
    poses,
    round_trip,
    servo_axis,
    servo_stop,
    servo_windows,
    straight_gantry,
)
from tests.docs.oracles_process import (
    balance,
    curtain,
    drift,
    filling,
    island,
    limit_switch,
    noise,
    pusher,
    ramp,
    scale,
    stack_light,
    stamp,
    users,
    weighed,
)

TIME, LENGTH, COUNT, SIGNALS = "ns", "nm", "parts", "signals"
NOISE, MASS, PERCENT = "of the 99 % interval", "ng", "%"


class Check(NamedTuple):
    """One row: what is validated, how it is modelled, what it is held to, and the errors found."""

    component: str
    model: str
    oracle: str
    unit: str
    errors: Callable[[], Errors]


RAMP = "constant acceleration to a constant speed"
DELAYED = "a window on the belt, then a delay"
QUEUE = "parts queue without overlap"
STROKE = "dead time, constant speed, cushion"
CHECKS = (
    Check("Belt", RAMP, "t = sqrt(2 x / a), then v/a + (x - v^2/2a)/v", TIME, belt),
    Check("PhotoEye", DELAYED, "crossing of front and rear + delay", TIME, seen_by(eye, "blocked")),
    *(
        Check(
            kind.__name__,
            f"{DELAYED}, for its sorts",
            "crossing of front and rear + delay",
            TIME,
            seen_by(proximity(kind), "detects"),
        )
        for kind in (InductiveSensor, CapacitiveSensor, ColourSensor)
    ),
    Check("Feeder", "periodic arrivals", "first + n period", TIME, feeder),
    Check("Feeder", "exponential intervals", "mean of 40 runs of 200 parts", NOISE, exponential_feeder),
    *(
        Check(kind.__name__, QUEUE, "stop - n (length + gap)", LENGTH, stopped(kind))
        for kind in (EndStop, Stopper)
    ),
    *(
        Check(kind.__name__, STROKE, "dead + T (1 - c + (c - tol)/s)", TIME, stroke(kind))
        for kind in (Cylinder, SpringCylinder)
    ),
    Check(
        "SwivelArm", "as a cylinder; the part at its end", "dead + T, and the vacuum's decay", TIME, swivel
    ),
    Check("VacuumGripper", "first order, 1.3 V/S", "tau ln((p0 - pf)/(p - pf)), down and up", TIME, vacuum),
    Check("Magazine", "a part per stroke", "min(strokes, parts)", COUNT, magazine),
    Check("Arm", "synchronised trapezoid", "max of d/v + v/a or 2 sqrt(d/a)", TIME, arm),
    Check("Arm", "closed-form inverse kinematics", "forward kinematics gives the pose", LENGTH, kinematics),
    Check("Arm", "UR5e and Magician Lite, forward kinematics", "published poses", LENGTH, poses),
    *(
        Check(
            "Arm",
            f"{model.name}, inverse kinematics",
            "forward kinematics gives the pose",
            LENGTH,
            round_trip(model),
        )
        for model in (UR5E, MAGICIAN_LITE)
    ),
    Check("Arm", "gantry, straight moves", "d/v + v/a or 2 sqrt(d/a)", TIME, straight_gantry),
    Check("ServoAxis", "seven pieces of constant jerk", "ruckig, random moves", TIME, servo_axis),
    Check("ServoAxis", "three pieces of constant jerk to rest", "ruckig, random stops", TIME, servo_stop),
    Check("ServoAxis", "trapezoid, windows", "roots of its parabolas", TIME, servo_windows),
    Check("TurningCrane", RAMP, "v/a + (x - v^2/2a)/v, then v/a", TIME, crane),
    Check("Stamp", "a time under the extended press", "dead + T (1 - tol) + time", TIME, stamp),
    Check("Ramp", "Coulomb's friction on an inclined plane", "sqrt(2 l / g (sin a - m cos a))", TIME, ramp),
    Check("Pusher", "a part goes over or stays", "belt + ramp + left = parts", COUNT, pusher),
    Check("Scale", "first order under an even flow", "time for the lag to come to the band", TIME, scale),
    Check("Dispenser", "an even flow after a dead time", "rate x time; came = there + taken", MASS, weighed),
    Check("LimitSwitch", "bounces within its time", "as actuated after it", SIGNALS, limit_switch),
    Check("AnalogueSensor", "normal noise", "mean and deviation of 20,000 readings", NOISE, noise),
    Check("AnalogueSensor", "drift, resolution", "offset + rate x time, in steps", "1e-9 of its unit", drift),
    Check("LightCurtain", "outputs follow after a time", "off and on time", TIME, curtain),
    Check("StackLight", "driven from outside", "seen at once", SIGNALS, stack_light),
    Check("OdeComponent", "Runge-Kutta, located crossing", "free fall: sqrt(2 h / g)", TIME, island),
    Check("TwoChamberCylinder", "choked inlet, piston held", "p = p0 + C ps 100 kPa t / V", PERCENT, filling),
    Check("TwoChamberCylinder", "piston at its end", "supply and ambient pressure", PERCENT, balance),
    Check("UserComponent", "a function of one's own", "n T", TIME, users),
    Check("Hand", "fingers follow after a time", "close and open time", TIME, hand),
    *(
        Check(name, "a part is in one place", "1 = belt + hand + pallet", COUNT, handled)
        for name in ("PickPoint", "Pallet", "Chute")
    ),
    Check("PalletExchanger", "a time of RUN being high", "time + pause", TIME, exchanger),
    Check("Inspection", "a fixed time", "start + time", TIME, inspection),
    Check("Door", "second channel evenly spread", "mean of 400 moves: half the discrepancy", NOISE, door),
    Check("Station", "fixed times", "n T", TIME, fixed_station),
    Check("Station", "exponential, no buffer", "Markov chain: 2/3", NOISE, line(0, 2 / 3)),
    Check("Buffer", "first in, first out, two places", "Markov chain: 4/5", NOISE, line(2, 0.8)),
    Check("Slot", "holds one part", "start + time of the station", TIME, slots),
    Check("Infeed", "takes a part when it is clear", "handed on = on the belt + left", COUNT, infeed),
    *(
        Check(name, "driven from outside", "seen at once", SIGNALS, driven)
        for name in ("Button", "Switch", "Lamp")
    ),
)


def exported() -> set[str]:
    """Every component that `plc_sim` exports."""
    kinds: Mapping[str, Any] = {name: getattr(plc_sim, name) for name in plc_sim.__all__}
    components = {
        name for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, Component)
    }
    return components - {"Component", "Panel"}


def largest(check: Check) -> tuple[int, float]:
    """Cases and the largest error of a check; times and lengths rounded up to a whole."""
    errors = list(check.errors())
    worst = max(errors)
    return len(errors), math.ceil(worst - 1e-6) if check.unit in (TIME, LENGTH) else round(worst, 2)


def validation() -> str:
    """The table of the page."""
    rows = []
    for check in sorted(CHECKS, key=lambda check: check.component):
        cases, error = largest(check)
        rows.append((check.component, check.model, check.oracle, str(cases), f"{error:g} {check.unit}"))
    return table(("component", "model", "held to", "cases", "largest error"), rows)
