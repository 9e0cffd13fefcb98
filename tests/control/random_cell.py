"""Cells at random: step tables, timers, trips, interlocks and the like, as plain data and as classes.

A cell is generated as nested tuples, so that Hypothesis can shrink it and a failure can be read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.device import Device, Handle, Motion, device, field
from control.interlock import Interlock, Trip
from control.link import OrderState
from control.packml import Command, State
from control.property import Property
from control.sequence import Sequence
from control.state import Var
from control.step import DONE, FIRST, KEEP, OUTSIDE, Step
from control.tag import Bool, Int
from control.timer import F_TRIG, R_TRIG, TOF, TON, TP, FunctionBlock
from tests.control.random_logic import (
    ACTION_LISTS,
    EXPRESSIONS,
    FAILING,
    HEALTHY,
    OUTPUTS,
    PUTS,
    SECONDS,
    Expression,
    Fuse,
    act,
    evaluate,
)

S, C = State, Command


class Inputs(DataBlock):
    """What the PLC says."""

    a = Bool("2.0")
    b = Bool("2.1")
    c = Bool("2.2")
    confirm = Bool("2.3")
    hold = Bool("2.4")
    unhold = Bool("2.5")
    level = Int("4")
    high = level.above(50)


class Outputs(DataBlock):
    """What the cell orders."""

    x = Bool("0.0")
    y = Bool("0.1", safe=True)
    lamp = Bool("0.2", stored=True)
    number = Int("2", stored=True)


class BoxImage(NamedTuple):
    """What the device says."""

    good: bool = False
    cause: str = "not connected"
    orders: tuple[OrderState, ...] = ()
    ended: tuple[OrderState, ...] = ()
    ready: bool = False
    level: int = 0


class Box(Device):
    """A device with a verb, a reaction to every command and a little logic of its own."""

    image_type = BoxImage
    every_scan = False
    ready: bool = field("ready")
    level: int = field("level")
    risen = Var(False)

    def work(self) -> Motion:
        """Do something."""
        return self.order("work", kind=Motion)

    def update(self) -> None:
        self.risen = self.ready and self.level > 2

    def halt(self) -> None:
        self.order("halt")

    def interrupt(self) -> None:
        if self.under_way():
            self.order("interrupt")

    def proceed(self) -> None:
        self.order("proceed")


ACTING = (S.RESETTING, S.STARTING, S.HOLDING, S.UNHOLDING, S.SUSPENDING, S.UNSUSPENDING)
ENDINGS = (S.STOPPING, S.ABORTING, S.CLEARING, S.COMPLETING)


class RandomCell(Cell):
    """What all generated cells have."""

    period = 0.01
    grace = 0.15
    inputs = reads("plc", Inputs, db=1)
    outputs = writes("plc", Outputs, db=2)
    box = device("box", Box)
    buttons = {C.HOLD: Inputs.hold, C.UNHOLD: Inputs.unhold}
    confirm = Inputs.confirm
    count = Var(0)
    kept = Var(0, retain=True)
    handle: Var[Handle] = Var(Motion.NONE)


def method(name: str, expression: Expression) -> Callable[[Any], bool]:
    """A condition as a method."""

    def check(self: Any) -> bool:
        Fuse.pass_through(name)
        return bool(evaluate(expression, self))

    check.__name__, check.__doc__ = name, f"{name} to hold"
    return check


def doing(name: str, actions: tuple[Expression, ...]) -> Callable[[Any], None]:
    """Actions as a method."""

    def carry_out(self: Any) -> None:
        act(actions, self)
        Fuse.pass_through(name)

    carry_out.__name__ = name
    return carry_out


BLOCKS: dict[str, Callable[[Any, float], FunctionBlock]] = {
    "TON": lambda condition, pt: TON(condition, pt=pt),
    "TOF": lambda condition, pt: TOF(condition, pt=pt),
    "TP": lambda condition, pt: TP(condition, pt=pt),
    "R_TRIG": lambda condition, pt: R_TRIG(condition),
    "F_TRIG": lambda condition, pt: F_TRIG(condition),
}
TIMERS = st.lists(st.tuples(st.sampled_from(sorted(BLOCKS)), EXPRESSIONS, SECONDS), max_size=2)


def block_members(timers: list[Any]) -> dict[str, Any]:
    """Function blocks with their inputs."""
    members: dict[str, Any] = {}
    for number, (kind, expression, pt) in enumerate(timers):
        members[f"input_{number}"] = method(f"input_{number}", expression)
        members[f"block_{number}"] = BLOCKS[kind](members[f"input_{number}"], pt)
    return members


class StepData(NamedTuple):
    """One generated step; `rows` are (target, guard), `late` and `refused` a step, a command or nothing."""

    enter: tuple[Expression, ...]
    leave: tuple[Expression, ...]
    rows: tuple[tuple[str, Expression], ...]
    limit: float | str
    late: Any
    refused: str | None


class SequenceData(NamedTuple):
    """One generated sequence."""

    steps: tuple[StepData, ...]
    timers: list[Any]
    on: dict[Command, str]


@st.composite
def steps(draw: st.DrawFn, number: int, count: int, late: Any) -> StepData:
    """One step of `count`; the first row leads on, so every step is reached."""
    onward = f"S{number + 1}" if number + 1 < count else draw(st.sampled_from(["S0", DONE]))
    names = st.sampled_from([f"S{other}" for other in range(count)] + [DONE])
    more = draw(st.lists(st.tuples(names, EXPRESSIONS), max_size=1))
    rows = dict([*more, (onward, draw(st.one_of(*[EXPRESSIONS] * 6, FAILING)))])
    return StepData(
        draw(ACTION_LISTS),
        draw(ACTION_LISTS),
        tuple(rows.items()),
        draw(st.sampled_from([OUTSIDE, OUTSIDE, 0.05, 0.2, 0.6])),
        draw(st.one_of(st.sampled_from(late), names)),
        draw(st.none() | names),
    )


REACTIONS = st.dictionaries(
    st.sampled_from([C.HOLD, C.SUSPEND, C.STOP, C.ABORT, C.COMPLETE]),
    st.sampled_from([KEEP, FIRST, "S0"]),
    max_size=2,
)


@st.composite
def sequences(draw: st.DrawFn, state: State) -> SequenceData:
    """A sequence for a state."""
    late = [C.ABORT, C.HOLD, C.SUSPEND, C.STOP] if state is S.EXECUTE else [C.ABORT]
    count = draw(st.integers(1, 3))
    made = tuple(draw(steps(number, count, late)) for number in range(count))
    return SequenceData(made, draw(TIMERS), draw(REACTIONS))


def make_sequence(number: int, data: SequenceData) -> type[Sequence[Any]]:
    """The class of a generated sequence."""
    handle: Var[Handle] = Var(Motion.NONE)
    members: dict[str, Any] = {"count": Var(0), "handle": handle, "on": data.on, **block_members(data.timers)}
    table = []
    for at, step in enumerate(data.steps):
        rows = {}
        for target, guard in step.rows:
            rows[target] = f"guard_{at}_{target}"
            members[rows[target]] = method(rows[target], guard)
        members[f"enter_{at}"] = doing(f"enter_{at}", step.enter)
        members[f"leave_{at}"] = doing(f"leave_{at}", step.leave)
        late, refused = step.late, step.refused
        table.append(
            Step(
                f"S{at}",
                to=rows,
                enter=f"enter_{at}",
                leave=f"leave_{at}",
                limit=step.limit,
                late=late,
                refused=refused,
            )
        )
    return type(f"Seq{number}", (Sequence,), {**members, "steps": tuple(table)})


class CellData(NamedTuple):
    """One generated cell."""

    sequences: dict[State, list[SequenceData]]
    timers: list[Any]
    combinations: list[tuple[Expression, ...]]
    trips: list[tuple[Expression, Command]]
    permissives: dict[Command, Expression]
    interlocks: list[tuple[str, Expression]]
    properties: list[tuple[Expression, Expression, float]]
    disabled: frozenset[State]


@st.composite
def cells(draw: st.DrawFn) -> CellData:
    """A whole cell."""
    table = {S.EXECUTE: draw(st.lists(sequences(S.EXECUTE), min_size=1, max_size=3))}
    for state in draw(st.lists(st.sampled_from([*ACTING, *ENDINGS]), max_size=2, unique=True)):
        table[state] = [draw(sequences(state))]
    disabled = st.sampled_from([*ACTING, *ENDINGS]).filter(lambda state: state not in table)
    return CellData(
        table,
        draw(TIMERS),
        draw(st.lists(PUTS, max_size=2)),
        draw(st.lists(st.tuples(HEALTHY, st.sampled_from([C.ABORT, C.STOP, C.HOLD, C.SUSPEND])), max_size=2)),
        draw(
            st.dictionaries(st.sampled_from([C.START, C.RESET, C.UNHOLD, C.UNSUSPEND]), HEALTHY, max_size=2)
        ),
        draw(st.lists(st.tuples(st.sampled_from(OUTPUTS), EXPRESSIONS), max_size=2)),
        draw(st.lists(st.tuples(EXPRESSIONS, EXPRESSIONS, st.just(0.0) | SECONDS), max_size=2)),
        draw(st.frozensets(disabled, max_size=2)),
    )


def make_cell(data: CellData) -> type[Cell]:
    """The class of a generated cell."""
    numbers = itertools.count()
    members: dict[str, Any] = {"disabled_states": data.disabled, **block_members(data.timers)}
    members["sequences"] = {
        state: tuple(make_sequence(next(numbers), one) for one in some)
        for state, some in data.sequences.items()
    }

    def named(kind: str, expression: Expression) -> Callable[[Any], bool]:
        made = method(f"{kind}_{next(numbers)}", expression)
        members[made.__name__] = made
        return made

    combinations = [doing(f"combine_{next(numbers)}", actions) for actions in data.combinations]
    members |= {made.__name__: made for made in combinations}
    members["combinations"] = tuple(combinations)
    members["trips"] = tuple(Trip(named("trip", e), reaction) for e, reaction in data.trips)
    members["permissives"] = {command: (named("permissive", e),) for command, e in data.permissives.items()}
    members["interlocks"] = tuple(
        Interlock((Outputs.tags[name],), allow=(named("interlock", e),)) for name, e in data.interlocks
    )
    return type("MadeCell", (RandomCell,), members)


def properties_of(data: CellData) -> Iterator[Property]:
    """The properties to be watched on a generated cell."""
    for number, (when, then, within) in enumerate(data.properties):
        yield Property(f"R{number}", "generated", method("when", when), method("then", then), within)
