"""A production line: saw, drill and washer with buffers between them, and a belt at the end."""

from __future__ import annotations

from typing import ClassVar

from control import (
    OUTSIDE,
    Cell,
    Command,
    Light,
    Sequence,
    State,
    Step,
    Var,
    reads,
    stack_light,
    writes,
)

from .blocks import Orders, Status

PRODUCING = frozenset({State.EXECUTE, State.SUSPENDING, State.SUSPENDED, State.UNSUSPENDING})


class Station(Sequence["Line"]):
    """Watch what one station does."""

    part: ClassVar[str]
    """How its tags begin."""

    parity = Var(False)
    """Of the parts handed on, when the present one was begun."""

    def working(self) -> bool:
        "the station to begin a part"
        return getattr(self.cell.status, f"{self.part}_working")

    def down(self) -> bool:
        "whether the station fails"
        return getattr(self.cell.status, f"{self.part}_down")

    def idle(self) -> bool:
        "the station to finish its part"
        return not self.working() and not self.down()

    def next_part(self) -> bool:
        "the part to be handed on"
        return getattr(self.cell.status, f"{self.part}_parity") != self.parity

    def noted(self) -> bool:
        "the next part"
        return True

    def repaired(self) -> bool:
        "the station to be repaired"
        return not self.down()

    def note_parity(self) -> None:
        self.parity = getattr(self.cell.status, f"{self.part}_parity")

    def note_failure(self) -> None:
        self.cell.failures += 1

    steps = (
        Step("WAITING", to={"DOWN": down, "WORKING": working}, limit=OUTSIDE),
        Step("WORKING", enter=note_parity, limit=60.0,
             to={"DOWN": down, "WAITING": idle, "NEXT": next_part}),
        Step("NEXT", to={"WORKING": noted}, limit=1.0),
        Step("DOWN", enter=note_failure, to={"WAITING": repaired}, limit=300.0),
    )  # fmt: skip


class Saw(Station):
    """Cuts the parts to length."""

    part = "saw"


class Drill(Station):
    """Drills them."""

    part = "drill"


class Washer(Station):
    """Washes them."""

    part = "washer"


class Outlet(Sequence["Line"]):
    """Count what leaves on the belt."""

    def part_there(self) -> bool:
        "a finished part at the outlet"
        return self.cell.status.outlet_eye

    def part_gone(self) -> bool:
        "the part to pass the outlet"
        return not self.cell.status.outlet_eye

    def count(self) -> None:
        self.cell.parts_good += 1

    steps = (
        Step("WAITING", to={"PASSING": part_there}, limit=OUTSIDE),
        Step("PASSING", leave=count, to={"WAITING": part_gone}, limit=5.0),
    )


class Line(Cell):
    """Three stations in a row."""

    period = 0.01

    status = reads("plc", Status, db=20, max_age=0.1)
    orders = writes("plc", Orders, db=21)

    parts_good = Var(0, retain=True)
    failures = Var(0, retain=True)

    sequences = {State.EXECUTE: (Saw, Drill, Washer, Outlet)}
    buttons = {
        Command.CLEAR: Status.clear,
        Command.RESET: Status.reset,
        Command.START: Status.start,
        Command.HOLD: Status.hold,
        Command.UNHOLD: Status.unhold,
        Command.STOP: Status.stop,
    }
    confirm = Status.confirm

    def enable(self) -> None:
        """The stations may begin parts, and the belt runs, also while the line is starved."""
        orders, producing = self.orders, self.state in PRODUCING
        orders.saw_enable = orders.drill_enable = orders.washer_enable = producing
        orders.belt_run = producing

    def show(self) -> None:
        """The stack light and the count, for the panel."""
        suspended, orders = self.state is State.SUSPENDED, self.orders
        light = stack_light(self.state, starved=suspended, blocked=False)
        orders.red, orders.red_flash = light.red is Light.SOLID, light.red is Light.FLASHING
        orders.amber = light.amber is not Light.OFF
        orders.blue = self.unconfirmed
        orders.green, orders.green_flash = light.green is Light.SOLID, light.green is Light.FLASHING
        orders.horn = light.horn
        orders.finished = self.durable(Line.parts_good) % 32768

    combinations = (enable, show)
