"""Signals of the world around: buttons, switches, lamps, doors."""

from __future__ import annotations

from typing import Any, ClassVar

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


class StackLight(Component):
    """A stack light, worked by the PLC."""

    red = lamp("red")
    amber = lamp("amber")
    blue = lamp("blue")
    green = lamp("green")
    horn = lamp("horn")


class Guard(Component):
    """What guards with two channels have in common."""

    row = DoorRow
    opened: ClassVar[str]
    """The signal by which somebody opens it or stands in it."""

    off_time: Second
    on_time: Second
    discrepancy: Second

    def fields(self, site: Site) -> dict[str, Any]:
        return {"KEY": site.key(self), "OPEN": f"{self.name}.{self.opened}"}


class Door(Guard):
    """A guard door with two channels, true while closed.

    Model: the first switch follows `open` at once, the second within `discrepancy`, drawn anew each time.
    Typical: some 10 ms; evaluation units tolerate 0.5 s.
    """

    opened = "open"
    open = operated("somebody holds it open")
    channel_1 = sensor("closed, first switch", initial=True)
    channel_2 = sensor("closed, second switch", initial=True)
    off_time, on_time = 0.0, 0.0

    def __init__(self, *, discrepancy: Second = 0.05) -> None:
        self.discrepancy = discrepancy


class LightCurtain(Guard):
    """A light curtain with two outputs, true while nobody interrupts it.

    Model: the first output follows `interrupted` after `off_time`, and back after `on_time`, the second
    within `discrepancy` of it, drawn anew each time; what is shorter is not seen. Source: response times of
    type 4 curtains in data sheets. Typical: 10 to 40 ms off, 80 to 200 ms on.
    """

    opened = "interrupted"
    interrupted = operated("somebody stands in it")
    channel_1 = sensor("free, first output", initial=True)
    channel_2 = sensor("free, second output", initial=True)

    def __init__(
        self, *, off_time: Second = 0.014, on_time: Second = 0.1, discrepancy: Second = 0.001
    ) -> None:
        self.off_time, self.on_time, self.discrepancy = off_time, on_time, discrepancy
