"""PackML 2022: its whole table, written out again from the published one, and the rules beyond the table."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.packml import (
    ALWAYS_ENABLED,
    PRIORITY,
    Command,
    CommandPort,
    Kind,
    PackML,
    State,
    enabled,
    kind_of,
    settled,
    target,
)
from control.scan import Scan

S, C = State, Command

TABLE = """
 1 Clearing     A  2  .  .  .  .  .  .  .  8  .  .
 2 Stopped      W  . 15  .  .  .  .  .  .  8  .  .
 3 Starting     A  6  .  .  7  .  .  .  .  8  .  .
 4 Idle         W  .  .  3  7  .  .  .  .  8  .  .
 5 Suspended    W  .  .  .  7 10  .  . 14  8  . 16
 6 Execute      D  .  .  .  7 10  . 13  .  8  . 16
 7 Stopping     A  2  .  .  .  .  .  .  .  8  .  .
 8 Aborting     A  9  .  .  .  .  .  .  .  .  .  .
 9 Aborted      W  .  .  .  .  .  .  .  .  .  1  .
10 Holding      A 11  .  .  7  .  .  .  .  8  .  .
11 Held         W  .  .  .  7  . 12  .  .  8  . 16
12 Unholding    A  6  .  .  7  .  .  .  .  8  .  .
13 Suspending   A  5  .  .  7  .  .  .  .  8  .  .
14 Unsuspending A  6  .  .  7  .  .  .  .  8  .  .
15 Resetting    A  4  .  .  7  .  .  .  .  8  .  .
16 Completing   A 17  .  .  7  .  .  .  .  8  .  .
17 Completed    W  . 15  .  7  .  .  .  .  8  .  .
"""
"""Number, name, kind, then the next state for state-complete and commands 1 to 10.

ISA-TR88.00.02-2022 as implemented in Siemens' lpmlv2022 with its default masks.
"""

ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = {
    (S(int(row[0])), event): S(int(entry)) if entry != "." else None
    for row in ROWS
    for event, entry in zip((None, *Command), row[3:], strict=True)
}
KINDS = {"A": Kind.ACTING, "W": Kind.WAITING, "D": Kind.DUAL}
EVERY = frozenset(State)


def in_state(state: State, disabled: frozenset[State] = frozenset()) -> PackML:
    """A PackML machine in a state, its changes committed."""
    packml = PackML(Scan(), disabled)
    packml.state = state
    packml._scan.commit()
    return packml


def names(event: Command | None) -> str:
    """An event's name in records."""
    return "STATE_COMPLETE" if event is None else event.name


def test_states_and_commands_have_the_published_numbers_and_kinds() -> None:
    assert [(str(int(s)), s.name.capitalize()) for s in State] == [(row[0], row[1]) for row in ROWS]
    assert [kind_of(s) for s in State] == [KINDS[row[2]] for row in ROWS]
    commands = "RESET START STOP HOLD UNHOLD SUSPEND UNSUSPEND ABORT CLEAR COMPLETE"
    assert [command.name for command in Command] == commands.split()
    assert [int(command) for command in Command] == list(range(1, 11))


def test_forty_nine_of_the_187_cells_are_legal() -> None:
    assert len(CELLS) == 187
    legal = Counter(names(event) for (_, event), goal in CELLS.items() if goal is not None)
    assert sum(legal.values()) == 49
    assert legal == {
        **{"STATE_COMPLETE": 10, "ABORT": 15, "STOP": 12, "COMPLETE": 3, "RESET": 2, "HOLD": 2},
        **{"START": 1, "UNHOLD": 1, "SUSPEND": 1, "UNSUSPEND": 1, "CLEAR": 1},
    }


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", [None, *Command], ids=names)
def test_every_cell_of_the_table(state: State, event: Command | None) -> None:
    packml, goal = in_state(state), CELLS[state, event]
    packml._scan.now = 77
    packml.refused = goal is not None
    acted = packml.step([] if event is None else [event], complete=event is None)
    assert packml.state is (goal or state)
    assert acted is (event if goal else None)
    assert packml.refused is (goal is None)
    recorded = [(r.time, r.state, r.command) for r in packml.refusals]
    assert recorded == ([] if goal else [(77, state.name, names(event))])
    assert target(state, event, EVERY) is goal


COMMAND_SETS = st.lists(st.sampled_from(Command), max_size=5)


@given(st.sampled_from(State), COMMAND_SETS, st.booleans())
def test_in_one_scan_abort_beats_stop_beats_the_rest_beats_state_complete(
    state: State, commands: list[Command], complete: bool
) -> None:
    packml = in_state(state)
    legal = [command for command in PRIORITY if command in commands and CELLS[state, command]]
    acted = packml.step(commands, complete)
    assert acted is (legal[0] if legal else None)
    winner = legal[0] if legal else None if complete else C.RESET
    goal = CELLS[state, winner] if legal or complete else None
    assert packml.state is (goal or state)
    lost = {command.name for command in commands if command is not acted}
    lost |= {"STATE_COMPLETE"} if complete and (acted or not goal) else set()
    assert {refusal.command for refusal in packml.refusals} == lost
    assert PRIORITY[:2] == (C.ABORT, C.STOP)


def test_hold_and_state_complete_in_one_scan_hold_wins_and_the_loss_is_recorded() -> None:
    packml = in_state(S.EXECUTE)
    assert packml.step([C.HOLD], complete=True) is C.HOLD
    assert [(r.command, r.reason) for r in packml.refusals] == [
        ("STATE_COMPLETE", "HOLD came in the same scan")
    ]


def test_the_refusal_flag_falls_with_the_next_success_or_acknowledgement() -> None:
    packml = in_state(S.STOPPED)
    packml.step([C.START])
    assert packml.refused
    packml.step([C.RESET])
    assert not packml.refused
    packml.step([C.START])
    packml.acknowledge()
    assert not packml.refused


def test_refusals_are_kept_in_a_ring() -> None:
    packml = in_state(S.STOPPED)
    for time in range(100):
        packml._scan.now = time
        packml.step([C.START])
    assert [refusal.time for refusal in packml.refusals] == list(range(68, 100))


@given(st.sampled_from(State), COMMAND_SETS)
def test_the_requested_state_is_settled_and_changing_says_whether_it_is_reached(
    state: State, commands: list[Command]
) -> None:
    packml = in_state(state)
    packml.step(commands)
    assert kind_of(packml.requested) is not Kind.ACTING
    assert packml.changing == (packml.state is not packml.requested)
    for _ in range(2):
        packml.step(complete=packml.changing)
    assert packml.state is packml.requested


# disabled states

SWITCHES = sorted(EVERY - ALWAYS_ENABLED)
LOOPS = {
    S.HELD: {S.HOLDING, S.UNHOLDING},
    S.SUSPENDED: {S.SUSPENDING, S.UNSUSPENDING},
    S.COMPLETED: {S.COMPLETING},
}


def masks() -> list[frozenset[State]]:
    """All 2^13 sets of states to be switched off."""
    return [
        frozenset(state for state, off in zip(SWITCHES, bits, strict=True) if off)
        for bits in itertools.product([False, True], repeat=len(SWITCHES))
    ]


def test_four_states_are_always_there_and_a_loop_has_its_waiting_state() -> None:
    assert {S.STOPPED, S.IDLE, S.EXECUTE, S.ABORTED} == ALWAYS_ENABLED
    assert len(masks()) == 2**13
    for disabled in masks():
        states = enabled(disabled)
        assert states >= ALWAYS_ENABLED
        forced = {waiting for waiting, acting in LOOPS.items() if acting - disabled}
        assert states == EVERY - disabled | forced
    assert enabled(EVERY) == ALWAYS_ENABLED


def test_no_mask_leads_into_a_disabled_state_and_all_reach_abort() -> None:
    for disabled in masks():
        states = enabled(disabled)
        for state in states:
            for event in (None, *Command):
                goal = target(state, event, states)
                assert goal is None or goal in states
                expected = CELLS[state, event]
                if expected in states:
                    assert goal is expected
            assert settled(state, states) in states
        assert all(target(state, C.ABORT, states) for state in states - {S.ABORTING, S.ABORTED})


def skipped(state: State, event: Command | None, states: frozenset[State]) -> State | None:
    """Where an event leads by the rules of disabled states, followed by hand through the table."""
    goal = CELLS[state, event]
    while goal is not None and goal not in states:
        goal = CELLS[goal, None]
    return goal


@given(st.frozensets(st.sampled_from(State)), st.sampled_from(State), st.sampled_from([None, *Command]))
def test_a_disabled_acting_state_is_passed_over(
    disabled: frozenset[State], state: State, event: Command | None
) -> None:
    packml = PackML(Scan(), disabled)
    if state not in packml.states:
        return
    packml.state = state
    goal = skipped(state, event, packml.states)
    packml.step([] if event is None else [event], complete=event is None)
    assert packml.state is (goal or state)
    assert packml.refused is (goal is None)


@pytest.mark.parametrize(
    ("loop", "command"),
    [
        ({S.HOLDING, S.HELD, S.UNHOLDING}, C.HOLD),
        ({S.SUSPENDING, S.SUSPENDED, S.UNSUSPENDING}, C.SUSPEND),
        ({S.COMPLETING, S.COMPLETED}, C.COMPLETE),
    ],
)
def test_a_loop_that_is_switched_off_refuses_its_command(loop: set[State], command: Command) -> None:
    packml = in_state(S.EXECUTE, frozenset(loop))
    assert packml.step([command]) is None
    assert (packml.state, packml.refused) == (S.EXECUTE, True)


# CntrlCmd, CmdChangeRequest and the state-complete level

INPUTS = st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), min_size=1, max_size=25)


@given(INPUTS)
def test_commands_and_state_complete_act_once_per_edge(inputs: list[tuple[int, bool, bool]]) -> None:
    scan = Scan()
    packml, port = PackML(scan), CommandPort(scan)
    before: tuple[int, bool, bool] | None = None
    for number, request, level in inputs:
        command, complete = port.command(number, request, packml), port.complete(level)
        asked = request and number != 0
        edge = before is not None and asked and (not before[1] or before[0] != number)
        assert command is (C(number) if edge and number <= 10 else None)
        assert complete == (before is not None and level and not before[2])
        if not asked:
            assert not packml.refused
        elif edge and number > 10:
            assert packml.refused
        before = (number, request, level)


def test_a_number_that_is_no_command_is_refused_once() -> None:
    scan = Scan()
    packml, port = PackML(scan), CommandPort(scan)
    for _ in range(3):
        port.command(0, False, packml)
    for _ in range(3):
        assert port.command(11, True, packml) is None
    assert [(r.command, r.reason) for r in packml.refusals] == [("11", "there are commands 1 to 10")]
