"""PackML (ISA-TR88.00.02-2022): states, commands, the transition table and the rules of one scan.

The table is data; the machine, the documentation and the tests are made from it. Source: the 2022 report as
implemented in Siemens' `simatic-ax/lpmlv2022`, compared with the OPC UA nodeset for PackML 1.01 and five open
implementations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from functools import cache
from typing import NamedTuple

from transitions import Machine

from control.errors import DefinitionError
from control.machine import StepMachine, build
from control.scan import Scan
from control.state import Declared, Var


class State(IntEnum):
    """The 17 states, numbered as in StateCurrent."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETED = 17


class Command(IntEnum):
    """The ten commands, numbered as in CntrlCmd."""

    RESET = 1
    START = 2
    STOP = 3
    HOLD = 4
    UNHOLD = 5
    SUSPEND = 6
    UNSUSPEND = 7
    ABORT = 8
    CLEAR = 9
    COMPLETE = 10


class Kind(Enum):
    """What ends a state."""

    ACTING = "state complete"
    WAITING = "a command"
    DUAL = "a command, while producing"


S, C = State, Command
STATE_COMPLETE: Mapping[State, State] = {
    S.CLEARING: S.STOPPED,
    S.STARTING: S.EXECUTE,
    S.STOPPING: S.STOPPED,
    S.ABORTING: S.ABORTED,
    S.HOLDING: S.HELD,
    S.UNHOLDING: S.EXECUTE,
    S.SUSPENDING: S.SUSPENDED,
    S.UNSUSPENDING: S.EXECUTE,
    S.RESETTING: S.IDLE,
    S.COMPLETING: S.COMPLETED,
}
"""The state that follows each acting state. STARTING leads to EXECUTE (state 6)."""

_ABORT = {C.ABORT: S.ABORTING}
_ENDS = {C.STOP: S.STOPPING, C.ABORT: S.ABORTING}
COMMANDS: Mapping[State, Mapping[Command, State]] = {
    S.CLEARING: _ABORT,
    S.STOPPED: {C.RESET: S.RESETTING, **_ABORT},
    S.STARTING: _ENDS,
    S.IDLE: {C.START: S.STARTING, **_ENDS},
    S.SUSPENDED: {C.HOLD: S.HOLDING, C.UNSUSPEND: S.UNSUSPENDING, C.COMPLETE: S.COMPLETING, **_ENDS},
    S.EXECUTE: {C.HOLD: S.HOLDING, C.SUSPEND: S.SUSPENDING, C.COMPLETE: S.COMPLETING, **_ENDS},
    S.STOPPING: _ABORT,
    S.ABORTING: {},
    S.ABORTED: {C.CLEAR: S.CLEARING},
    S.HOLDING: _ENDS,
    S.HELD: {C.UNHOLD: S.UNHOLDING, C.COMPLETE: S.COMPLETING, **_ENDS},
    S.UNHOLDING: _ENDS,
    S.SUSPENDING: _ENDS,
    S.UNSUSPENDING: _ENDS,
    S.RESETTING: _ENDS,
    S.COMPLETING: _ENDS,
    S.COMPLETED: {C.RESET: S.RESETTING, **_ENDS},
}
"""Which commands each state takes and where they lead; every other pair is refused."""

ALWAYS_ENABLED = frozenset({S.STOPPED, S.IDLE, S.EXECUTE, S.ABORTED})
LOOPS: Mapping[State, frozenset[State]] = {
    S.HELD: frozenset({S.HOLDING, S.UNHOLDING}),
    S.SUSPENDED: frozenset({S.SUSPENDING, S.UNSUSPENDING}),
    S.COMPLETED: frozenset({S.COMPLETING}),
}
"""Waiting states that are needed as soon as one of their acting states is enabled."""

PRIORITY = (C.ABORT, C.STOP, C.COMPLETE, C.HOLD, C.SUSPEND, C.UNHOLD, C.UNSUSPEND, C.CLEAR, C.RESET, C.START)
"""Of several commands in one scan the first of these acts."""


def kind_of(state: State) -> Kind:
    """Acting, waiting or dual."""
    if state in STATE_COMPLETE:
        return Kind.ACTING
    return Kind.DUAL if state is S.EXECUTE else Kind.WAITING


def enabled(disabled: Iterable[State]) -> frozenset[State]:
    """The states that remain when `disabled` are switched off, with those that cannot be."""
    states = frozenset(State) - frozenset(disabled) | ALWAYS_ENABLED
    return states | {waiting for waiting, acting in LOOPS.items() if acting & states}


def target(state: State, command: Command | None, states: frozenset[State]) -> State | None:
    """Where `command` (None: state complete) leads from `state`; None if it is refused.

    A disabled acting state is passed over; a command into a loop whose waiting state is disabled is refused.
    """
    goal = STATE_COMPLETE.get(state) if command is None else COMMANDS[state].get(command)
    while goal is not None and goal not in states:
        goal = STATE_COMPLETE.get(goal)
    return goal


def settled(state: State, states: frozenset[State]) -> State:
    """The waiting state or EXECUTE that `state` ends in by itself: StateRequested."""
    following = target(state, None, states)
    return state if following is None else settled(following, states)


@cache
def machine_of(states: frozenset[State], kind: type[Machine] = StepMachine) -> Machine:
    """The machine of a set of enabled states; its events are the commands' names and STATE_COMPLETE."""
    rows = [
        {
            "trigger": "STATE_COMPLETE" if command is None else command.name,
            "source": state.name,
            "dest": goal.name,
        }
        for state in State
        if state in states
        for command in (None, *Command)
        if (goal := target(state, command, states)) is not None
    ]
    names = [{"name": state.name} for state in State if state in states]
    return build(names, rows, attribute="name", kind=kind)


class Refusal(NamedTuple):
    """A command or state-complete that had no effect, and why. `time` in ns."""

    time: int
    state: str
    command: str
    reason: str


class PackML(Declared):
    """The state of one cell. `step` is one scan; a refusal is data, never an exception."""

    state = Var(State.STOPPED)
    refused = Var(False)
    refusals: Var[tuple[Refusal, ...]] = Var(())
    kept = 32
    _settable = frozenset({"name"})

    def __init__(self, scan: Scan, disabled: Iterable[State] = ()) -> None:
        self._declare(scan)
        self.states = enabled(disabled)
        self.machine = machine_of(self.states)
        self._seal()

    @property
    def name(self) -> str:
        """The state's name, as the machine reads and sets it."""
        return self._state["state"][0].name

    @name.setter
    def name(self, name: str) -> None:
        self.state = State[name]
        self._scan.trace.append((self._scan.now, "state", name))

    @property
    def requested(self) -> State:
        """StateRequested: the waiting state or EXECUTE that the current state ends in."""
        return settled(self.state, self.states)

    @property
    def changing(self) -> bool:
        """StateChangeInProcess."""
        return self.requested is not self.state

    def step(self, commands: Iterable[Command] = (), complete: bool = False) -> Command | None:
        """One scan: the commands that arrived in it and whether the state completed in it.

        Abort beats Stop beats the state's own commands beats state-complete; what loses is recorded. Returns
        the command that acted.
        """
        acted = None
        ordered = sorted(set(commands), key=PRIORITY.index)
        for command in ordered:
            if acted is not None:
                self.refuse(command.name, f"{acted.name} came in the same scan")
            elif self._fire(command.name):
                acted = command
            else:
                self.refuse(command.name, "not allowed in this state")
        if complete and acted is not None:
            self.refuse("STATE_COMPLETE", f"{acted.name} came in the same scan")
        elif complete and not self._fire("STATE_COMPLETE"):
            self.refuse("STATE_COMPLETE", "the state does not end by itself")
        return acted

    def _fire(self, event: str) -> bool:
        fired = event in self.machine.events and self.machine.events[event].trigger(self)
        if fired:
            self.refused = False
        return fired

    def refuse(self, command: str, reason: str) -> None:
        """Record that a command had no effect."""
        refusal = Refusal(self._scan.now, self.name, command, reason)
        self.refused = True
        self.refusals = (*self.refusals, refusal)[-self.kept :]
        self._scan.trace.append((refusal.time, "refused", f"{command} in {refusal.state}: {reason}"))

    def acknowledge(self) -> None:
        """The request fell or the command became 0: the refusal flag clears."""
        self.refused = False


class CommandPort(Declared):
    """CntrlCmd with CmdChangeRequest, and a state-complete level, turned into what happened in this scan.

    A command acts once per edge: the same number is ignored until the request falls or the number changes,
    and a number without request is ignored. A level already true when a state is entered does not leave it.
    """

    taken = Var(0)
    level: Var[bool | None] = Var(None)
    first = Var(True)

    def __init__(self, scan: Scan) -> None:
        self._declare(scan)
        self._seal()

    def command(self, number: int, request: bool, packml: PackML) -> Command | None:
        """The command that this scan's CntrlCmd and CmdChangeRequest bring, if any."""
        if not request or number == 0:
            self.taken = 0
            packml.acknowledge()
        first, self.first = self.first, False
        if first or not request or number == self.taken:
            self.taken = number if request else 0
            return None
        self.taken = number
        if number in set(Command):
            return Command(number)
        packml.refuse(str(number), "there are commands 1 to 10")
        return None

    def complete(self, level: bool) -> bool:
        """Whether the state-complete level rose in this scan; the first one only initialises."""
        before, self.level = self.level, level
        return level and before is False


if set(COMMANDS) != set(State):
    raise DefinitionError("the PackML table has a row per state")
