"""The scripted tour: a cell led through every enabled PackML state, so that no search starts blind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from control.packml import Command, State
from plc_sim.simulation import Simulation

S, C = State, Command


class Leg(NamedTuple):
    """Once the cell is in `state`, and `after` s more, ask for `command`."""

    state: State
    command: Command
    after: float = 1.0


LEGS = (
    Leg(S.STOPPED, C.RESET),
    Leg(S.IDLE, C.START),
    Leg(S.EXECUTE, C.HOLD, 12.0),
    Leg(S.HELD, C.UNHOLD),
    Leg(S.EXECUTE, C.SUSPEND, 6.0),
    Leg(S.SUSPENDED, C.UNSUSPEND),
    Leg(S.EXECUTE, C.COMPLETE, 6.0),
    Leg(S.COMPLETED, C.RESET),
    Leg(S.IDLE, C.START),
    Leg(S.EXECUTE, C.STOP, 6.0),
    Leg(S.STOPPED, C.RESET),
    Leg(S.IDLE, C.START),
    Leg(S.EXECUTE, C.ABORT, 6.0),
    Leg(S.ABORTED, C.CLEAR),
    Leg(S.STOPPED, C.RESET),
    Leg(S.IDLE, C.START),
)
"""Through all seventeen states; the legs into disabled states are left out."""

PATIENCE, STEP = 60.0, 0.25
"""How long the cell may take to reach the state a leg starts from, in s, and how often to look."""


def legs(enabled: frozenset[State]) -> Iterable[Leg]:
    """The legs of a cell with these states."""
    loops = {
        C.HOLD: S.HELD,
        C.UNHOLD: S.HELD,
        C.SUSPEND: S.SUSPENDED,
        C.UNSUSPEND: S.SUSPENDED,
        C.COMPLETE: S.COMPLETED,
    }
    for leg in LEGS:
        if leg.state in enabled and loops.get(leg.command, S.EXECUTE) in enabled:
            yield leg


def tour(simulation: Simulation) -> str:
    """Lead the cell through its states; what kept it from going on, or empty. A state that ends by itself
    needs no command once it has been passed.
    """
    visits = simulation.states.visits
    for leg in legs(simulation.cell.packml.states):
        waited, before = 0.0, visits.get(leg.state.name, 0)
        while simulation.cell.state is not leg.state and visits.get(leg.state.name, 0) == before:
            if waited >= PATIENCE or simulation.violations:
                return f"wanted {leg.state.name} within {PATIENCE:g} s, got {simulation.cell.waiting_for()}"
            simulation.run(STEP, until_violation=True)
            waited += STEP
        simulation.run(leg.after, until_violation=True)
        if simulation.cell.state is leg.state:
            give(simulation, leg.command)
    simulation.run(10.0, until_violation=True)
    return ""


def give(simulation: Simulation, command: Command) -> None:
    """Give a command as a person would: by its button, if there is one."""
    disturber = simulation.twin.disturber
    button = disturber.buttons.get(command.name.lower())
    if button is None:
        simulation.cell.ask(command, "the tour")
    else:
        disturber.press(button, 0.0)
