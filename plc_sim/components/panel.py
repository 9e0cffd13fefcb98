"""Signals of the world around: buttons, switches, lamps, doors."""

from __future__ import annotations

from typing import Any

from plc_sim.components.component import Component, Second, Signal, actuator, operated, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.door import DoorRow


def button(doc: str = "") -> Signal:
    """A push button on a panel, worked by the operator; true while pressed."""
    return operated(doc)


def switch(doc: str = "", *, initial: bool = False) -> Signal:
    """A switch on a panel, worked by the operator."""
    return operated(doc, initial=initial)


def lamp(doc: str = "") -> Signal:
    """A lamp on a panel, worked by the PLC."""
    return actuator(doc)


class Panel(Component):
    """A group of buttons, switches and lamps: declare them in a subclass, as `reset = button()`."""


class Button(Component):
    """A single push button."""

    pressed = button("pressed")


class Switch(Component):
    """A single switch."""

    on = switch("on")

    def __init__(self, *, starts_on: bool = False) -> None:
        self.starts_on = starts_on

    def initially(self, site: Site, signal: Signal) -> bool:
        return self.starts_on


class Lamp(Component):
    """A single lamp."""

    lit = lamp("lit")


class Door(Component):
    """A guard door with two channels, true while closed.

    Model: the first switch follows `open` at once, the second within `discrepancy`, drawn anew each time.
    Typical: some 10 ms; evaluation units tolerate 0.5 s.
    """

    row = DoorRow
    open = operated("somebody holds it open")
    channel_1 = sensor("closed, first switch", initial=True)
    channel_2 = sensor("closed, second switch", initial=True)

    def __init__(self, *, discrepancy: Second = 0.05) -> None:
        self.discrepancy = discrepancy

    def fields(self, site: Site) -> dict[str, Any]:
        return {"KEY": site.key(self)}
