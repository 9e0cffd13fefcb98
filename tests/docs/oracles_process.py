"""Oracles of stamps, ramps, scales, sensors and islands: closed forms."""

from __future__ import annotations

import math
import statistics
from itertools import product
from typing import Any

from plc_sim import (
    AnalogueSensor,
    Belt,
    Button,
    Dispenser,
    Level,
    LightCurtain,
    LimitSwitch,
    OdeComponent,
    Pusher,
    Ramp,
    Scale,
    ServoAxis,
    Slot,
    SpringCylinder,
    StackLight,
    Stamp,
    TwoChamberCylinder,
    UserComponent,
)
from plc_sim.kernel.chamber import REFERENCE
from plc_sim.kernel.ode_row import OdeRow
from plc_sim.kernel.user import UserRow, heard, say
from plc_sim.plant import Plant
from tests.docs.oracles import SECOND, Errors, built, edge, off, run


def stamp() -> Errors:
    """The operation is done when the press has been extended for its time."""
    for time, stroke in product((0.0, 0.8), (0.2, 0.5)):
        slot, press = Slot(sort=0), SpringCylinder(dead_time=0.05, extend_time=stroke, tolerance=0.01)
        plant = built(slot=slot, press=press, stamp=Stamp(press, slot, time=time))
        plant.set("press.extend", True)
        yield off(plant, "stamp.stamped", 0.05 + 0.99 * stroke + time)


def ramp() -> Errors:
    """Parts slide evenly accelerated: when the mouth is free again."""
    for tilt, friction, length in product((20.0, 35.0), (0.1, 0.3), (0.4, 0.9)):
        moving = Belt(length=1.0, parts=(0.5,))
        pusher = SpringCylinder(dead_time=0.0, extend_time=0.2)
        down = Ramp(length=length, tilt=tilt, friction=friction, capacity=3)
        plant = built(
            belt=moving,
            cylinder=pusher,
            ramp=down,
            pusher=Pusher(pusher, moving, at=0.5, outlet=down),
        )
        plant.set("cylinder.extend", True)
        yield off(plant, "ramp.mouth", 0.1)
        yield off(plant, "ramp.mouth", 0.1 + math.sqrt(2.0 * 0.1 / down.slope()))


def pusher() -> Errors:
    """Parts on the belt + parts in the ramp + parts that left = parts that were there."""
    for stroke, pushes in product((0.1, 0.4), (2, 5)):
        moving = Belt(length=3.0, parts=(2.0, 1.5, 1.0, 0.5), speed=0.3)
        cylinder, down = SpringCylinder(extend_time=stroke), Ramp(capacity=3)
        plant = built(
            belt=moving, cylinder=cylinder, ramp=down, pusher=Pusher(cylinder, moving, at=2.5, outlet=down)
        )
        plant.set("belt.run", True)
        for number in range(2 * pushes):
            run(plant, 1.7 + 0.83 * number)
            plant.set("cylinder.extend", number % 2 == 0)
        counts = run(plant, 20.0)
        yield abs(counts["belt.parts_on"] + counts["ramp.parts_on"] + counts["belt.left"] - 4)


def dispensed(plant: Plant) -> float:
    """What has come onto the scale in all and what is there, kg."""
    row = plant.row["scale"]
    fields = plant.components["scale"].row.fields  # type: ignore[union-attr]
    come, mass, taken = (plant.reals[row + fields[name]] for name in ("CAME", "MASS", "TAKEN"))
    return come - mass - taken


def scale() -> Errors:
    """When a dose has settled: the lag of a first-order scale under an even flow."""
    for flow, time, dose, band in product((0.005, 0.02), (0.1, 0.4), (0.7, 2.0), (1e-4, 4e-4)):
        below = Scale(time=time, band=band)
        valve = Dispenser(below, flow=flow, open_time=0.05, close_time=0.08)
        plant = built(scale=below, valve=valve)
        plant.set("valve.open", True)
        yield off(plant, "scale.stable", 0.05 - time * math.log(1.0 - band / (flow * time)))
        run(plant, dose)
        plant.set("valve.open", False)
        lag = flow * time * (1.0 - math.exp(-(dose + 0.03) / time))
        yield off(plant, "scale.stable", dose + 0.08 + time * math.log(lag / band))


def weighed() -> Errors:
    """Dose = rate x time of flow, and what came = what lies there + what was taken (ng)."""
    for flow, dose in product((0.003, 0.02), (0.3, 1.1)):
        below = Scale()
        plant = built(scale=below, valve=Dispenser(below, flow=flow))
        for number in range(3):
            run(plant, 10.0 * number + 1.0)
            plant.set("valve.open", True)
            run(plant, 10.0 * number + 1.0 + dose)
            plant.set("valve.open", False)
            run(plant, 10.0 * number + 9.5)
            yield abs(plant.analogue("scale.weight") - flow * (dose + 0.03)) * 1e12
            plant.set("scale.empty", True)
            run(plant, 10.0 * number + 9.9)
            plant.set("scale.empty", False)
            yield abs(dispensed(plant)) * 1e12


def limit_switch() -> Errors:
    """After the time to settle the contact is as what actuates it."""
    for settle, seed in product((0.002, 0.01), range(1, 30)):
        button = Button()
        plant = built(seed=seed, button=button, switch=LimitSwitch(button.pressed, settle=settle))
        for number in range(4):
            plant.set("button.pressed", number % 2 == 0)
            run(plant, (number + 1) * settle + 1e-9)
            yield abs(plant.signal_value("switch.contact") - (number % 2 == 0))


def noise() -> Errors:
    """Mean and standard deviation of 20,000 readings of a value that stands still."""
    readings = list[float]()
    for seed in range(1, 21):
        axis = ServoAxis(high=1.0, starts_at=0.5)
        plant = built(seed=seed, axis=axis, meter=AnalogueSensor(axis.position, noise=0.01, offset=0.1))
        readings += [plant.analogue("meter.value", plant.now + 10_000_000 * k) for k in range(1000)]
    yield abs(statistics.fmean(readings) - 0.6) / (2.576 * 0.01 / math.sqrt(20_000))
    yield abs(statistics.pstdev(readings) - 0.01) / (2.576 * 0.01 / math.sqrt(40_000))


def drift() -> Errors:
    """Offset and drift (1e-9 of the unit): what was added while it lasted stays."""
    for rate, resolution in product((-0.02, 0.3), (0.0, 0.01)):
        axis = ServoAxis(high=1.0, starts_at=0.5)
        plant = built(axis=axis, meter=AnalogueSensor(axis.position, gain=2.0, resolution=resolution))
        run(plant, 3.0)
        plant.set_parameter("meter.drift", rate)
        run(plant, 8.0)
        plant.set_parameter("meter.drift", 0.0)
        run(plant, 20.0)
        wanted = 1.0 + rate * 5.0
        if resolution:
            wanted = math.floor(wanted / resolution + 0.5) * resolution
        yield math.floor(abs(plant.analogue("meter.value") - wanted) * 1e9)


def curtain() -> Errors:
    """The first output follows after its time, off and on."""
    for off_time, on_time in product((0.014, 0.04), (0.08, 0.2)):
        plant = built(curtain=LightCurtain(off_time=off_time, on_time=on_time))
        plant.set("curtain.interrupted", True)
        yield off(plant, "curtain.channel_1", off_time)
        run(plant, 1.0)
        plant.set("curtain.interrupted", False)
        yield off(plant, "curtain.channel_1", 1.0 + on_time)


def stack_light() -> Errors:
    """Every colour follows its signal."""
    plant = built(light=StackLight())
    for name in ("red", "amber", "blue", "green", "horn"):
        plant.set(f"light.{name}", True)
        run(plant, (plant.now - plant.timing.start) / SECOND + 1e-6)
        yield 1.0 - plant.signal_value(f"light.{name}")


def falling(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """A body that falls: height and speed."""
    F[o + OdeRow.SLOPE] = F[o + OdeRow.STAGE + 1]
    F[o + OdeRow.SLOPE + 1] = -9.81
    return 0


def island() -> Errors:
    """A body falls to a level: t = sqrt(2 (h - level) / g)."""
    for height, step in product((1.0, 7.3), (1e-4, 3e-3)):
        body = OdeComponent(
            falling,
            {"height": height, "speed": 0.0},
            step=step,
            levels=[Level("height", 0.25, shows="low", below=True)],
        )
        yield off(built(body=body), "body.low", math.sqrt(2.0 * (height - 0.25) / 9.81))


def beating(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """Toggles both of its signals, one against the other, while its second input is high."""
    w = I[o + UserRow.WORDS]
    I[w + 1] += heard(I, o, 1)
    say(I, o, 0, I[w + 1] % 2, t)
    say(I, o, 1, 1 - I[w + 1] % 2, t)
    return t + I[w]


def users() -> Errors:
    """A component of two inputs and two outputs that toggles while its second input is high."""
    for period in (0.01, 0.25):
        plant = built(
            beat=UserComponent(
                beating, (round(period * SECOND), 0), listens=("reset", "run"), drives=("tick", "tock")
            )
        )
        plant.set("beat.run", True)
        edge(plant, "beat.tick")
        start = (plant.now - plant.timing.start) / SECOND
        for number in range(1, 5):
            yield off(plant, "beat.tock", start + number * period)


def filling() -> Errors:
    """A chamber of constant volume, choked inlet: p rises evenly to the critical pressure."""
    for bore, conductance in product((0.02, 0.05), (1e-6, 4e-6)):
        supply, critical, dead = 700.0, 0.3, 0.02
        drive = TwoChamberCylinder(
            bore=bore,
            rod=0.01,
            conductance=conductance,
            supply=supply,
            critical=critical,
            mass=1e9,
            dead_length=dead,
            step=2e-5,
        )
        plant = built(drive=drive)
        plant.set("drive.extend", True)
        volume = math.pi / 4 * bore**2 * dead
        reached = (critical * supply - 101.3) * volume / (conductance * supply * REFERENCE)
        run(plant, reached)
        yield abs(plant.analogue("drive.behind") / (critical * supply) - 1.0) * 100.0


def balance() -> Errors:
    """A piston that has come to its end: supply behind it, ambient before it (% of the supply)."""
    for bore, mass in product((0.032, 0.05), (0.5, 5.0)):
        plant = built(drive=TwoChamberCylinder(bore=bore, mass=mass))
        plant.set("drive.extend", True)
        run(plant, 30.0)
        assert plant.signal_value("drive.extended") and not plant.signal_value("drive.retracted")
        yield abs(plant.analogue("drive.behind") - 700.0) / 7.0
        yield abs(plant.analogue("drive.before") - 101.3) / 7.0
