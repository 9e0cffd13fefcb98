"""What a cell class declares, checked when the class is defined: tables, names, conditions, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from control.conduct import BEGINNING
from control.controller import check_writers, resolve
from control.errors import DefinitionError
from control.interlock import wanted
from control.packml import STATE_COMPLETE, Command, State, enabled, target
from control.sequence import Sequence
from control.step import DONE, Step

if TYPE_CHECKING:
    from control.cell import Cell

S, C = State, Command

TRACED = ("cell", "state", "command", "alarm", "refused", "note", "latched")
"""Names in the trace and the retained store that are the cell's own."""


def sequences_of(cell: Cell | type[Cell], state: State) -> tuple[type[Sequence[Any]], ...]:
    """The sequence classes of a state."""
    found = cell.sequences.get(state, ())
    return found if isinstance(found, tuple) else (found,)


def check_declarations(cell: type[Cell]) -> None:
    """Refuse a cell whose tables cannot be right."""
    check_writers(cell)
    for state in cell.sequences:
        check_state(cell, state)
    check_names(cell)
    confirm = [cell.confirm] if cell.confirm is not None else []
    for tag in (*cell.buttons.values(), *confirm, *(tag for i in cell.interlocks for tag in i.tags)):
        resolve(cell, tag)
    for condition in (
        *(t.condition for t in cell.trips),
        *(c for needed in cell.permissives.values() for c in needed),
        *(c for interlock in cell.interlocks for c in interlock.allow),
    ):
        wanted(condition, cell)
    if refused := [command.name for command in cell.permissives if command not in BEGINNING]:
        raise DefinitionError(f"{cell.__name__}.permissives: {', '.join(refused)} needs no permission")


def check_state(cell: type[Cell], state: State) -> None:
    """Refuse a state that runs nothing, and sequences that cannot run in it."""
    where = f"{cell.__name__}.sequences: {state.name}"
    if state is not S.EXECUTE and state not in STATE_COMPLETE:
        raise DefinitionError(f"{where} waits for a command and runs nothing")
    if state not in enabled(cell.disabled_states):
        raise DefinitionError(f"{where} is disabled")
    for kind in sequences_of(cell, state):
        if not (isinstance(kind, type) and issubclass(kind, Sequence)):
            raise DefinitionError(f"{where}: wanted Sequence classes, got {kind!r}")
        for step in kind.steps:
            check_late(cell, state, step, f"{where}: {kind.__name__}.{step.name}")


def check_late(cell: type[Cell], state: State, step: Step, where: str) -> None:
    """Refuse a reaction that the state refuses: the step would never end. An abort ends ABORTING too."""
    late = step.late
    if isinstance(late, Command) and not (late is C.ABORT and state is S.ABORTING):
        if target(state, late, enabled(cell.disabled_states)) is None:
            raise DefinitionError(
                f"{where}: late={late.name} is refused in {state.name}; name a step or ABORT"
            )
    if state is S.EXECUTE and DONE in step.targets():
        if target(state, C.COMPLETE, enabled(cell.disabled_states)) is None:
            raise DefinitionError(f"{where} leads to DONE, but COMPLETING and COMPLETED are disabled")


def check_names(cell: type[Cell]) -> None:
    """Refuse names that would be one in the trace, and retained values that nobody could confirm."""
    taken: dict[str, Any] = dict.fromkeys((*cell.slots, *cell.devices_declared, *TRACED))
    kinds = list(dict.fromkeys(kind for state in cell.sequences for kind in sequences_of(cell, state)))
    for kind in kinds:
        if taken.setdefault(kind.name, kind) is not kind:
            raise DefinitionError(f"{cell.__name__}: the name {kind.name!r} is used twice")
    retained = [
        f"{kind.__name__}.{n}" for kind in (cell, *kinds) for n, var in kind._vars.items() if var.retain
    ]
    if retained and cell.confirm is None:
        raise DefinitionError(
            f"{cell.__name__}: {', '.join(retained)} is retained; give the button that confirms it: confirm ="
        )
