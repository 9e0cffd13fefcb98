"""Mutants of a cell: one guard dropped or negated, one limit changed, one output clear removed, and whether a
property notices.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from hypothesis import Phase, settings
from hypothesis import strategies as st

from control.cell import Cell, sequences_of
from control.errors import ConfigurationError, DefinitionError, nearest
from control.project import Project
from control.sequence import Sequence
from control.step import Step, method_name
from control.tag import Tag
from hil.rig import Example, Rig
from hil.search import UNDISTURBED, Search, alone
from plc_sim.scenario import Disturbance


class Mutant(NamedTuple):
    """A wrong controller: what is wrong with it, what makes it, and the step it is in, as "pick CARRYING".
    DefinitionError if it cannot be made.
    """

    name: str
    make: Callable[[], type[Cell]]
    step: str = ""


class Verdict(NamedTuple):
    """What became of a mutant: `killed_by` a requirement, by "definition" if it cannot even be made, or by
    nothing; after how many runs, and by which disturbances once shrunk.
    """

    mutant: str
    killed_by: str = ""
    runs: int = 0
    disturbances: tuple[str, ...] = ()
    tour: bool = False


def judge(
    mutant: Mutant, project: Project, *, most: int, disturbances: Iterable[Disturbance] = ()
) -> Verdict:
    """Search for what kills a mutant: undisturbed, on the tour, by `most` disturbances alone, those at its
    own step and sequence first, by a quarter as many lists of them.
    """
    try:
        rig = Rig(project, controller=mutant.make(), disturbances=disturbances)
        rig.twin(Example(1))
    except DefinitionError:
        return Verdict(mutant.name, "definition")
    search = Search(rig)
    found = search.first(Example(seed, seconds=UNDISTURBED) for seed in (1, 2))
    tour = None if found else search.first([Example(1, tour=True)])
    if found is None:
        ordered = sorted(alone(rig), key=partial(distance, mutant.step))
        found = search.first(islice(ordered, most if tour is None else most // 4)) or tour
    if found is None:
        options = settings(
            max_examples=max(most // 4, 1),
            phases=(Phase.generate, Phase.shrink),
            derandomize=True,
            database=None,
        )
        found = search.random(options, st.integers(1, 1_000))
    if found is None:
        return Verdict(mutant.name, runs=search.runs)
    example = found.example
    runs = tour.runs if tour is not None else found.runs
    texts = tuple(str(disturbance) for disturbance in example.disturbances)
    return Verdict(mutant.name, found.requirement, runs, texts, example.tour)


def distance(step: str, example: Example) -> int:
    """How far from a step, as "pick CARRYING", the first disturbance of an example comes: there, elsewhere in
    its sequence, elsewhere.
    """
    after = example.disturbances[0].after
    return (not after.startswith(f"{step} ")) + (not after.startswith(f"{step.partition(' ')[0]} "))


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
            for text, changed in (("dropped", always(guard)), ("negated", negated(sequence, guard))):
                make = partial(replaced, controller, sequence, step, target, changed)
                yield Mutant(f"{where} {text}", make, f"{sequence.name} {step.name}")


def limit_mutants(controller: type[Cell], sequence: type[Sequence[Any]]) -> Iterator[Mutant]:
    """Each time limit ten times as long, and a tenth."""
    for step in sequence.steps:
        if isinstance(step.limit, int | float):
            for factor, text in ((10.0, "x 10"), (0.1, "/ 10")):
                changed = replace(step, limit=step.limit * factor)
                make = partial(with_step, controller, sequence, step, changed)
                name = f"{sequence.__name__}.{step.name}: limit {text}"
                yield Mutant(name, make, f"{sequence.name} {step.name}")


def clear_mutants(controller: type[Cell], sequence: type[Sequence[Any]]) -> Iterator[Mutant]:
    """Each clearing of an output left out."""
    for name in dict.fromkeys(
        method_name(m) for step in sequence.steps for m in (step.enter, step.leave) if m
    ):
        for path in cleared_by(getattr(sequence, name)):
            members = {name: without_clear(getattr(sequence, name), path)}
            where = f"{sequence.__name__}.{name}: without clearing {'.'.join(path)}"
            yield Mutant(where, partial(exchanged, controller, sequence, members))


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
    return exchanged(controller, sequence, {**(members or {}), "steps": steps})


def exchanged(controller: type[Cell], old: type[Sequence[Any]], members: dict[str, Any]) -> type[Cell]:
    """The cell with one sequence that differs in some members; `cell[Old]` still finds it."""
    new: type[Sequence[Any]] = type(old.__name__, (old,), {**members, "__module__": old.__module__})
    table = {
        state: tuple(new if kind is old else kind for kind in sequences_of(controller, state))
        for state in controller.sequences
    }
    changed: type[Cell] = type(
        controller.__name__, (controller,), {"sequences": table, "__module__": controller.__module__}
    )
    return changed


def named(controller: type[Cell], name: str) -> type[Cell]:
    """The mutant of a name. ConfigurationError if there is none."""
    made = {mutant.name: mutant.make for mutant in mutants(controller)}
    if name not in made:
        raise ConfigurationError(f"no mutant {name!r}; {nearest(name, made)}")
    return made[name]()


def cleared_by(method: Any) -> list[tuple[str, ...]]:
    """What a method sets to False: the attributes that lead to the output, as self.cell.orders.belt_run, or
    to the tag that it assigns, as self.request_tag.
    """
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method)))))
    assigned = [
        attributes(target)
        for node in nodes
        if isinstance(node, ast.Assign) and is_false(node.value)
        for target in node.targets
    ]
    outputs = [path for path in assigned if len(path) == 4 and path[:2] == ("self", "cell")]
    calls = [node for node in nodes if isinstance(node, ast.Call) and len(node.args) == 2]
    tags = [
        attributes(call.args[0])
        for call in calls
        if attributes(call.func) == ("self", "cell", "assign") and is_false(call.args[1])
    ]
    return outputs + tags


def is_false(node: ast.expr) -> bool:
    """Whether an expression is the word False."""
    return isinstance(node, ast.Constant) and node.value is False


def attributes(node: ast.expr) -> tuple[str, ...]:
    """The names of an attribute chain; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = attributes(node.value)
        return (*before, node.attr) if before else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def without_clear(method: Any, path: tuple[str, ...]) -> Callable[[Any], None]:
    """A method that leaves one output as it was."""

    @functools.wraps(method)
    def changed(self: Any) -> None:
        owner = functools.reduce(getattr, path[1:-1], self)
        before = getattr(owner, path[-1])
        if isinstance(before, Tag):
            tag, before = before, self.cell.value(before)
            method(self)
            self.cell.assign(tag, before)
        else:
            method(self)
            setattr(owner, path[-1], before)

    return changed
