"""The twin of the sorting station: stack, turning crane with suction cup, stamp, belt with sensors, two ramps
with pushers, panel; a person who refills the stack and empties the ramps.
"""

from __future__ import annotations

import math

from plc_sim import (
    Belt,
    CapacitiveSensor,
    ColourSensor,
    InductiveSensor,
    Infeed,
    Magazine,
    Operator,
    OutputEntry,
    Panel,
    PhotoEye,
    Plc,
    Pusher,
    Ramp,
    Slot,
    SpringCylinder,
    StackLight,
    Stamp,
    TurningCrane,
    Twin,
    VacuumGripper,
    button,
    lamp,
)

from .cell import SortingStation

DARK, METAL, BRIGHT = 0, 1, 2
"""The sorts of parts."""


class OperatorPanel(Panel):
    """Buttons and lamps at the station."""

    start = button("starts")
    stop = button("stops")
    reset = button("acknowledges an abort, then makes ready")
    confirm = button("takes over the values shown")
    start_lamp = lamp("ready to start")
    reset_lamp = lamp("to be reset")
    confirm_lamp = lamp("values to confirm")
    stack_lamp = lamp("the stack is empty")
    first_lamp = lamp("the first ramp is full")
    second_lamp = lamp("the second ramp is full")


inputs, outputs = SortingStation.inputs, SortingStation.outputs


class SortingTwin(Twin):
    """What surrounds the controller of the sorting station."""

    at_stack = Slot()
    at_stamp = Slot()
    separator = SpringCylinder(dead_time=0.06, extend_time=0.35, retract_time=0.45)
    stack = Magazine(separator, at_stack, capacity=10, shares=(0.4, 0.3, 0.3))
    stack_eye = CapacitiveSensor(at_stack)
    stack_metal = InductiveSensor(at_stack, sorts=[METAL])
    stamp_eye = CapacitiveSensor(at_stamp)
    belt = Belt(length=1.6, speed=0.3, acceleration=2.0, part_length=0.06, gap=0.01)
    mouth = Infeed(belt)

    lift = SpringCylinder(dead_time=0.08, extend_time=0.5, retract_time=0.5, cushion=0.1)
    crane = TurningCrane(
        lift,
        stops={"stack": 0.0, "stamp": math.pi / 2, "belt": math.pi},
        places={"stack": at_stack, "stamp": at_stamp, "belt": mouth},
        high=1.1 * math.pi,
    )
    cup = VacuumGripper(crane, bistable=True)
    press = SpringCylinder(dead_time=0.08, extend_time=0.4, retract_time=0.4)
    stamp = Stamp(press, at_stamp, time=0.8)

    metal_sensor = InductiveSensor(belt, at=0.35, sorts=[METAL])
    bright_sensor = ColourSensor(belt, at=0.35, sorts=[METAL, BRIGHT])
    sensor_eye = PhotoEye(belt, at=0.38)
    first_eye = PhotoEye(belt, at=0.8)
    second_eye = PhotoEye(belt, at=1.2)
    end_eye = PhotoEye(belt, at=1.56)
    first_ramp = Ramp(capacity=6, length=0.5, part_length=0.06, sorts=[METAL])
    second_ramp = Ramp(capacity=6, length=0.5, part_length=0.06, sorts=[BRIGHT])
    first_cylinder = SpringCylinder(dead_time=0.06, extend_time=0.3, retract_time=0.35)
    second_cylinder = SpringCylinder(dead_time=0.06, extend_time=0.3, retract_time=0.35)
    first_pusher = Pusher(first_cylinder, belt, at=0.83, outlet=first_ramp)
    second_pusher = Pusher(second_cylinder, belt, at=1.23, outlet=second_ramp)

    panel = OperatorPanel()
    light = StackLight()

    operator = Operator(
        {
            panel.confirm_lamp: panel.confirm,
            panel.reset_lamp: panel.reset,
            panel.start_lamp: panel.start,
            panel.stack_lamp: stack.refill,
            panel.first_lamp: first_ramp.clear,
            panel.second_lamp: second_ramp.clear,
        }
    )
    plc = Plc(
        separator.retracted >> inputs.separator_back,
        separator.extended >> inputs.separator_front,
        stack.empty >> inputs.stack_empty,
        stack_eye.detects >> inputs.part_at_stack,
        stack_metal.detects >> inputs.metal_at_stack,
        crane.at("stack") >> inputs.crane_at_stack,
        crane.at("stamp") >> inputs.crane_at_stamp,
        crane.at("belt") >> inputs.crane_at_belt,
        lift.retracted >> inputs.crane_up,
        lift.extended >> inputs.crane_down,
        cup.vacuum >> inputs.vacuum,
        stamp_eye.detects >> inputs.part_at_stamp,
        press.retracted >> inputs.press_up,
        press.extended >> inputs.press_down,
        metal_sensor.detects >> inputs.metal_on_belt,
        bright_sensor.detects >> inputs.bright_on_belt,
        sensor_eye.blocked >> inputs.at_sensors,
        first_eye.blocked >> inputs.at_first,
        second_eye.blocked >> inputs.at_second,
        end_eye.blocked >> inputs.at_end,
        first_cylinder.retracted >> inputs.first_back,
        first_cylinder.extended >> inputs.first_front,
        second_cylinder.retracted >> inputs.second_back,
        second_cylinder.extended >> inputs.second_front,
        first_ramp.full >> inputs.first_full,
        second_ramp.full >> inputs.second_full,
        panel.start >> inputs.start,
        panel.stop >> inputs.stop,
        panel.reset >> inputs.reset,
        panel.confirm >> inputs.confirm,
        outputs.separate >> separator.extend,
        outputs.clockwise >> crane.clockwise,
        outputs.counterclockwise >> crane.counterclockwise,
        outputs.lower >> lift.extend,
        outputs.vacuum_on >> cup.suck,
        outputs.vacuum_off >> cup.blow,
        outputs.press >> press.extend,
        outputs.belt_run >> belt.run,
        outputs.push_first >> first_cylinder.extend,
        outputs.push_second >> second_cylinder.extend,
        OutputEntry(outputs.start_lamp, panel.start_lamp, failsafe=False),
        OutputEntry(outputs.reset_lamp, panel.reset_lamp, failsafe=False),
        OutputEntry(outputs.confirm_lamp, panel.confirm_lamp, failsafe=False),
        OutputEntry(outputs.stack_lamp, panel.stack_lamp, failsafe=False),
        OutputEntry(outputs.first_lamp, panel.first_lamp, failsafe=False),
        OutputEntry(outputs.second_lamp, panel.second_lamp, failsafe=False),
        OutputEntry(outputs.red, light.red, failsafe=False),
        OutputEntry(outputs.amber, light.amber, failsafe=False),
        OutputEntry(outputs.green, light.green, failsafe=False),
        cycle=0.01,
        life_timeout=0.5,
        reset=panel.reset,
    )
