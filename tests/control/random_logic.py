"""Logic at random: what conditions and actions of a generated cell may say, as nested tuples.

A test can see every call of theirs, and let one of them fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st

from control.cell import Cell
from control.packml import State
from control.sequence import Sequence
from control.step import DONE

S = State
Expression = tuple[Any, ...]

INPUTS, OUTPUTS = ("a", "b", "c", "high"), ("x", "y", "lamp")


# what an expression means


def evaluate(expression: Expression, me: Any) -> Any:
    """The value of an expression for a sequence or cell."""
    cell = me if isinstance(me, Cell) else me.cell
    verb, *rest = expression
    return MEANINGS[verb](cell, me, *rest)


def sequence(cell: Any, number: int) -> Any:
    """One of the cell's sequences."""
    known = list(cell.sequences_by_class.values())
    return known[number % len(known)]


def timer(holder: Any, number: int) -> Any:
    """One of a holder's function blocks; None if it has none."""
    known = list(holder.blocks.values())
    return known[number % len(known)] if known else None


def output(cell: Any, me: Any, number: int) -> bool:
    """A function block's q."""
    block = timer(me, number)
    return block is not None and block.q


def elapsed(cell: Any, me: Any, number: int, seconds: float) -> bool:
    """A timer's elapsed time, compared."""
    block = timer(me, number)
    return getattr(block, "et", 0.0) > seconds


MEANINGS: dict[str, Callable[..., Any]] = {
    "in": lambda cell, me, name: getattr(cell.inputs, name),
    "out": lambda cell, me, name: getattr(cell.outputs, name),
    "level": lambda cell, me, limit: cell.inputs.level > limit,
    "not": lambda cell, me, e: not evaluate(e, me),
    "and": lambda cell, me, e, f: evaluate(e, me) and evaluate(f, me),
    "or": lambda cell, me, e, f: evaluate(e, me) or evaluate(f, me),
    "var": lambda cell, me, rest: me.count % 3 == rest,
    "total": lambda cell, me, rest: cell.count % 4 == rest,
    "q": output,
    "q of": lambda cell, me, which, number: output(cell, sequence(cell, which), number),
    "q of cell": lambda cell, me, number: output(cell, cell, number),
    "et": elapsed,
    "lasted": lambda cell, me, seconds: not isinstance(me, Sequence) or me.in_step(seconds),
    "has lasted": lambda cell, me, which, seconds: sequence(cell, which).in_step(seconds),
    "step": lambda cell, me, which, name: sequence(cell, which).step == name,
    "done": lambda cell, me, which: sequence(cell, which).done,
    "state": lambda cell, me, state: cell.state is state,
    "good": lambda cell, me: cell.inputs.good and cell.box.good,
    "ready": lambda cell, me: cell.box.ready or cell.box.level > 3,
    "risen": lambda cell, me: cell.box.risen,
    "order": lambda cell, me, how: getattr(me.handle, how),
    "saved": lambda cell, me: cell.durable(type(cell).kept) == cell.kept,
    "raise": lambda cell, me, e: 1 // (not evaluate(e, me)) == 1,
}

NUMBERS = st.integers(0, 3)
SECONDS = st.sampled_from([0.01, 0.03, 0.05, 0.1, 0.25])
STEPS = st.sampled_from(["S0", "S1", "S2", DONE])
LEAVES = st.one_of(
    st.tuples(st.just("in"), st.sampled_from(INPUTS)),
    st.tuples(st.just("in"), st.sampled_from(INPUTS)),
    st.tuples(st.just("out"), st.sampled_from(OUTPUTS)),
    st.tuples(st.just("level"), st.integers(0, 100)),
    st.tuples(st.just("var"), st.integers(0, 2)),
    st.tuples(st.just("total"), st.integers(0, 3)),
    st.tuples(st.just("q"), NUMBERS),
    st.tuples(st.just("q of"), NUMBERS, NUMBERS),
    st.tuples(st.just("q of cell"), NUMBERS),
    st.tuples(st.just("et"), NUMBERS, SECONDS),
    st.tuples(st.just("lasted"), SECONDS),
    st.tuples(st.just("has lasted"), NUMBERS, SECONDS),
    st.tuples(st.just("step"), NUMBERS, STEPS),
    st.tuples(st.just("done"), NUMBERS),
    st.tuples(st.just("state"), st.sampled_from([S.EXECUTE, S.HELD, S.SUSPENDED, S.IDLE, S.ABORTED])),
    st.tuples(st.just("good")),
    st.tuples(st.just("ready")),
    st.tuples(st.just("risen")),
    st.tuples(st.just("order"), st.sampled_from(["done", "active", "unknown", "aborted"])),
    st.tuples(st.just("saved")),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
    ),
    max_leaves=3,
)
FAILING = EXPRESSIONS.map(lambda e: ("raise", ("and", ("in", "c"), e)))
HEALTHY = st.tuples(
    st.just("or"), st.tuples(st.just("not"), st.tuples(st.just("in"), st.just("c"))), EXPRESSIONS
)
"""True for most of the time, as the conditions of trips are."""


# what an action does


def act(actions: tuple[Expression, ...], me: Any) -> None:
    """Carry actions out."""
    cell = me if isinstance(me, Cell) else me.cell
    for verb, *rest in actions:
        ACTIONS[verb](cell, me, *rest)


def put(cell: Any, me: Any, name: str, e: Expression) -> None:
    """Write an output."""
    setattr(cell.outputs, name, bool(evaluate(e, me)))


def count(cell: Any, me: Any) -> None:
    """Count up."""
    me.count += 1


def total(cell: Any, me: Any) -> None:
    """Count up for all, and show it."""
    cell.count += 1
    cell.kept = cell.count
    cell.outputs.number = cell.count % 1000


def order(cell: Any, me: Any) -> None:
    """Order something."""
    me.handle = cell.box.work()


ACTIONS: dict[str, Callable[..., None]] = {"put": put, "count": count, "total": total, "order": order}
ACTION = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(OUTPUTS), EXPRESSIONS),
    st.tuples(st.just("count")),
    st.tuples(st.just("total")),
    st.tuples(st.just("order")),
)
ACTION_LISTS = st.lists(ACTION, max_size=2).map(tuple)
PUTS = st.lists(st.tuples(st.just("put"), st.sampled_from(OUTPUTS), EXPRESSIONS), min_size=1, max_size=2).map(
    tuple
)


# what a test can see and do to the logic


class Fuse:
    """Burns at the so-manieth call of a condition or action from now on."""

    left = -1
    calls: ClassVar[list[str]] = []

    @classmethod
    def pass_through(cls, name: str) -> None:
        """A condition or action is called."""
        cls.calls.append(name)
        cls.left -= 1
        if cls.left == 0:
            raise ZeroDivisionError(name)
