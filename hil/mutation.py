"""Mutants of a cell: one guard dropped or negated, one limit changed, one output clear removed, and whether a
property notices.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from control.cell import Cell, sequences_of
from control.sequence import Sequence, Step, method_name


class Mutant(NamedTuple):
    """One wrong controller, and what is wrong with it."""

    name: str
    controller: type[Cell]


def mutants(controller: type[Cell]) -> Iterator[Mutant]:
    """Every mutant of a cell class."""
    for sequence in sequences(controller):
        yield from guard_mutants(controller, sequence)
        yield from limit_mutants(controller, sequence)
        yield from clear_mutants(controller, sequence)


def sequences(controller: type[Cell]) -> list[type[Sequence[Any]]]:
    """The sequence classes of a cell, once each."""
    return list(
        dict.fromkeys(kind for state in controller.sequences for kind in sequences_of(controller, state))
    )


def guard_mutants(controller: type[Cell], sequence: type[Sequence[Any]]) -> Iterator[Mutant]:
    """Each guard of each row always true, and each negated."""
    for step in sequence.steps:
        for target, guard in step.to.items():
            where = f"{sequence.__name__}.{step.name} -> {target}: {method_name(guard)}"
            yield Mutant(f"{where} dropped", replaced(controller, sequence, step, target, always(guard)))
            yield Mutant(
                f"{where} negated", replaced(controller, sequence, step, target, negated(sequence, guard))
            )


def limit_mutants(controller: type[Cell], sequence: type[Sequence[Any]]) -> Iterator[Mutant]:
    """Each time limit ten times as long, and a tenth."""
    for step in sequence.steps:
        if isinstance(step.limit, int | float):
            for factor, text in ((10.0, "x 10"), (0.1, "/ 10")):
                changed = replace(step, limit=step.limit * factor)
                yield Mutant(
                    f"{sequence.__name__}.{step.name}: limit {text}",
                    with_step(controller, sequence, step, changed),
                )


def clear_mutants(controller: type[Cell], sequence: type[Sequence[Any]]) -> Iterator[Mutant]:
    """Each clearing of an output left out."""
    for name in dict.fromkeys(
        method_name(m) for step in sequence.steps for m in (step.enter, step.leave) if m
    ):
        for path in cleared_by(getattr(sequence, name)):
            changed = subclass(sequence, {name: without_clear(getattr(sequence, name), path)})
            where = f"{sequence.__name__}.{name}: without {'.'.join(path)} = False"
            yield Mutant(where, exchanged(controller, sequence, changed))


def always(guard: Any) -> Callable[[Any], bool]:
    """A guard that always holds."""

    def dropped(self: Any) -> bool:
        return True

    dropped.__doc__, dropped.__name__ = "nothing", f"{method_name(guard)}_dropped"
    return dropped


def negated(sequence: type[Sequence[Any]], guard: Any) -> Callable[[Any], bool]:
    """The opposite of a guard."""
    method = getattr(sequence, method_name(guard))

    def opposite(self: Any) -> bool:
        return not method(self)

    opposite.__doc__, opposite.__name__ = f"not {method.__doc__}", f"{method_name(guard)}_negated"
    return opposite


def replaced(
    controller: type[Cell],
    sequence: type[Sequence[Any]],
    step: Step,
    target: str,
    guard: Callable[[Any], bool],
) -> type[Cell]:
    """The cell with one row's guard replaced."""
    changed = replace(step, to={**step.to, target: guard})
    return with_step(controller, sequence, step, changed, {guard.__name__: guard})


def with_step(
    controller: type[Cell],
    sequence: type[Sequence[Any]],
    old: Step,
    new: Step,
    members: dict[str, Any] | None = None,
) -> type[Cell]:
    """The cell with one step of one sequence replaced."""
    steps = tuple(new if step is old else step for step in sequence.steps)
    return exchanged(controller, sequence, subclass(sequence, {**(members or {}), "steps": steps}))


def subclass(sequence: type[Sequence[Any]], members: dict[str, Any]) -> type[Sequence[Any]]:
    """A sequence that differs in some members and answers to the same name."""
    changed: type[Sequence[Any]] = type(
        sequence.__name__, (sequence,), {**members, "__module__": sequence.__module__}
    )
    return changed


def exchanged(controller: type[Cell], old: type[Sequence[Any]], new: type[Sequence[Any]]) -> type[Cell]:
    """The cell with one sequence class exchanged; `cell[Old]` still finds it."""
    table = {
        state: tuple(new if kind is old else kind for kind in sequences_of(controller, state))
        for state in controller.sequences
    }
    changed: type[Cell] = type(
        controller.__name__, (controller,), {"sequences": table, "__module__": controller.__module__}
    )
    return changed


def without_guard(controller: type[Cell], sequence: str, step: str, target: str, guard: str) -> type[Cell]:
    """The cell with one named guard dropped."""
    kind = next(kind for kind in sequences(controller) if kind.__name__ == sequence)
    found = next(entry for entry in kind.steps if entry.name == step)
    assert method_name(found.to[target]) == guard
    return replaced(controller, kind, found, target, always(found.to[target]))


def cleared_by(method: Any) -> list[tuple[str, ...]]:
    """What a method sets to False, each as the attributes that lead to it: self, cell, orders, belt_run."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    return [
        path
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is False
        for path in map(attributes, node.targets)
        if len(path) == 4 and path[:2] == ("self", "cell")
    ]


def attributes(node: ast.expr) -> tuple[str, ...]:
    """The names of an attribute chain; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = attributes(node.value)
        return (*before, node.attr) if before else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def without_clear(method: Any, path: tuple[str, ...]) -> Callable[[Any], None]:
    """A method that leaves one output as it was."""
    _, _, block, tag = path

    @functools.wraps(method)
    def changed(self: Any) -> None:
        before = getattr(getattr(self.cell, block), tag)
        method(self)
        setattr(getattr(self.cell, block), tag, before)

    return changed
