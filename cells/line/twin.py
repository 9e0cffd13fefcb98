"""The twin of the line: supplier, saw, drill, washer with buffers between, a belt to the customer, panel."""

from __future__ import annotations

from plc_sim import (
    Belt,
    Buffer,
    Infeed,
    Operator,
    OutputEntry,
    Panel,
    PhotoEye,
    Plc,
    Station,
    Twin,
    button,
    lamp,
)

from .cell import Line


class OperatorPanel(Panel):
    """Buttons and lamps at the line."""

    confirm = button("takes over the values shown")
    clear = button("acknowledges an abort")
    reset = button("makes ready")
    start = button("starts")
    hold = button("holds")
    unhold = button("goes on")
    stop = button("stops")
    red = lamp("stopped")
    red_flash = lamp("aborted")
    amber = lamp("starved")
    blue = lamp("values to confirm")
    green = lamp("running")
    green_flash = lamp("ready to start")
    horn = lamp("about to start")


status, orders = Line.status, Line.orders


class LineTwin(Twin):
    """What surrounds the controller of the line."""

    infeed = Buffer(capacity=6)
    supplier = Station(time=5.5, destination=infeed, exponential=True)
    sawn = Buffer(capacity=4)
    saw = Station(time=5.0, source=infeed, destination=sawn, mean_up=600.0, mean_down=40.0, operation=0)
    drilled = Buffer(capacity=4)
    drill = Station(time=4.5, source=sawn, destination=drilled, mean_up=300.0, mean_down=30.0, operation=1)
    belt = Belt(length=2.0, speed=0.25, part_length=0.2, gap=0.05)
    outlet = Infeed(belt)
    washer = Station(time=4.8, source=drilled, destination=outlet, operation=2)
    outlet_eye = PhotoEye(belt, at=1.5)
    panel = OperatorPanel()

    operator = Operator({panel.blue: panel.confirm, panel.red: panel.reset, panel.green_flash: panel.start})
    plc = Plc(
        saw.working >> status.saw_working,
        saw.down >> status.saw_down,
        drill.working >> status.drill_working,
        drill.down >> status.drill_down,
        washer.working >> status.washer_working,
        washer.down >> status.washer_down,
        saw.parity >> status.saw_parity,
        drill.parity >> status.drill_parity,
        washer.parity >> status.washer_parity,
        infeed.empty >> status.infeed_empty,
        outlet_eye.blocked >> status.outlet_eye,
        panel.confirm >> status.confirm,
        panel.clear >> status.clear,
        panel.reset >> status.reset,
        panel.start >> status.start,
        panel.hold >> status.hold,
        panel.unhold >> status.unhold,
        panel.stop >> status.stop,
        orders.saw_enable >> saw.enable,
        orders.drill_enable >> drill.enable,
        orders.washer_enable >> washer.enable,
        orders.belt_run >> belt.run,
        OutputEntry(orders.red, panel.red, failsafe=False),
        OutputEntry(orders.red_flash, panel.red_flash, failsafe=False),
        OutputEntry(orders.amber, panel.amber, failsafe=False),
        OutputEntry(orders.blue, panel.blue, failsafe=False),
        OutputEntry(orders.green, panel.green, failsafe=False),
        OutputEntry(orders.green_flash, panel.green_flash, failsafe=False),
        OutputEntry(orders.horn, panel.horn, failsafe=False),
        cycle=0.01,
        life_timeout=0.5,
        reset=panel.reset,
    )
