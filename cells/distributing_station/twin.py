"""The twin of the distributing station: magazine with pusher, swivel arm with suction cup, panel; a person
who refills the magazine, and the next station, which takes the parts.
"""

from __future__ import annotations

from plc_sim import (
    Magazine,
    Operator,
    OutputEntry,
    Panel,
    Plc,
    Slot,
    SpringCylinder,
    Station,
    SwivelArm,
    Twin,
    VacuumGripper,
    button,
    lamp,
)

from .cell import DistributingStation


class OperatorPanel(Panel):
    """Buttons and lamps at the station."""

    start = button("starts")
    stop = button("stops")
    reset = button("acknowledges an abort, then makes ready")
    confirm = button("takes over the values shown")
    start_lamp = lamp("ready to start")
    reset_lamp = lamp("to be reset")
    confirm_lamp = lamp("values to confirm")
    empty_lamp = lamp("the magazine is empty")


inputs, outputs = DistributingStation.inputs, DistributingStation.outputs


class DistributingTwin(Twin):
    """What surrounds the controller of the distributing station."""

    before_magazine = Slot()
    at_next = Slot()
    pusher = SpringCylinder(dead_time=0.06, extend_time=0.35, retract_time=0.45, cushion=0.1)
    magazine = Magazine(pusher, before_magazine, capacity=8, shares=(0.5, 0.3, 0.2))
    arm = SwivelArm(
        first=before_magazine,
        second=at_next,
        extend_time=0.75,
        retract_time=0.75,
        cushion=0.1,
        starts_extended=True,
    )
    cup = VacuumGripper(arm, bistable=True)
    next_station = Station(source=at_next, time=2.5)
    panel = OperatorPanel()

    operator = Operator(
        {
            panel.confirm_lamp: panel.confirm,
            panel.reset_lamp: panel.reset,
            panel.start_lamp: panel.start,
            panel.empty_lamp: magazine.refill,
        }
    )
    plc = Plc(
        pusher.retracted >> inputs.pusher_back,
        pusher.extended >> inputs.pusher_front,
        cup.vacuum >> inputs.vacuum,
        arm.retracted >> inputs.arm_at_magazine,
        arm.extended >> inputs.arm_at_next,
        magazine.empty >> inputs.magazine_empty,
        at_next.free >> inputs.next_free,
        panel.start >> inputs.start,
        panel.stop >> inputs.stop,
        panel.reset >> inputs.reset,
        panel.confirm >> inputs.confirm,
        outputs.push >> pusher.extend,
        outputs.vacuum_on >> cup.suck,
        outputs.vacuum_off >> cup.blow,
        outputs.to_magazine >> arm.retract,
        outputs.to_next >> arm.extend,
        OutputEntry(outputs.start_lamp, panel.start_lamp, failsafe=False),
        OutputEntry(outputs.reset_lamp, panel.reset_lamp, failsafe=False),
        OutputEntry(outputs.confirm_lamp, panel.confirm_lamp, failsafe=False),
        OutputEntry(outputs.empty_lamp, panel.empty_lamp, failsafe=False),
        cycle=0.01,
        life_timeout=0.5,
        reset=panel.reset,
    )
