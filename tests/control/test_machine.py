"""The fast path of transitions against the library's own dispatch: the same firings, the same callbacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transitions import Machine

from control.errors import DefinitionError
from control.machine import StepMachine, build
from control.packml import Command, PackML, State, enabled
from control.packml import machine_of as packml_machine
from control.record import snapshot
from control.scan import Scan
from control.sequence import machine_of
from tests.control.random_cell import CellData, cells, make_cell
from tests.control.random_logic import Fuse
from tests.control.random_rig import HISTORIES, Rig


def use_the_library(rig: Rig) -> None:
    """Fire every sequence of a rig by the library's own dispatch."""
    for kind, sequence in rig.cell.sequences_by_class.items():
        sequence.runner.advance = machine_of(kind, Machine).events["advance"].trigger


def played(data: CellData, kind: Any, history: list[Any], *, library: bool) -> tuple[Rig, list[str]]:
    """A rig after a history, everything evaluated in every scan, and all calls of conditions and actions."""
    rig = Rig(data, kind)
    rig.cell.every_rung = True
    if library:
        use_the_library(rig)
    Fuse.calls.clear()
    rig.live(history)
    return rig, list(Fuse.calls)


@settings(max_examples=60)
@given(cells(), HISTORIES)
def test_step_tables_fire_as_the_library_fires_them(data: CellData, history: list[Any]) -> None:
    kind = make_cell(data)
    ours, our_calls = played(data, kind, history, library=False)
    theirs, their_calls = played(data, kind, history, library=True)
    assert our_calls == their_calls
    assert ours.trace == theirs.trace
    assert snapshot(ours.cell) == snapshot(theirs.cell)


@given(st.frozensets(st.sampled_from(State)), st.lists(st.sampled_from([*Command, None]), max_size=40))
def test_packml_fires_as_the_library_fires_it(
    disabled: frozenset[State], events: list[Command | None]
) -> None:
    states = enabled(disabled)
    ours, theirs = PackML(Scan(), disabled), PackML(Scan(), disabled)
    library = packml_machine(states, Machine)
    for event in events:
        name = "STATE_COMPLETE" if event is None else event.name
        fired = ours.machine.events[name].trigger(ours) if name in ours.machine.events else False
        assert fired == (library.events[name].trigger(theirs) if name in library.events else False)
        assert ours.name == theirs.name


class Model:
    """Something with a state and guards that write down their calls."""

    def __init__(self) -> None:
        self.state = "A"
        self.calls: list[str] = []
        self.answers: dict[str, bool] = {}

    def note(self, name: str) -> bool:
        """Write a call down."""
        self.calls.append(f"{name} in {self.state}")
        return self.answers.get(name, True)

    def g1(self) -> bool:
        return self.note("g1")

    def g2(self) -> bool:
        return self.note("g2")

    def leave_a(self) -> None:
        self.note("leave_a")

    def enter_b(self) -> None:
        self.note("enter_b")

    def begin(self) -> None:
        self.note("begin")


def machine(kind: type[Machine]) -> Machine:
    """Two states and three rows."""
    states = [
        {"name": "A", "on_enter": [], "on_exit": ["begin", "leave_a"]},
        {"name": "B", "on_enter": ["enter_b"], "on_exit": []},
    ]
    rows = [
        {"trigger": "go", "source": "A", "dest": "B", "conditions": ["g1", "g2"]},
        {"trigger": "go", "source": "A", "dest": "A", "conditions": "g2"},
        {"trigger": "go", "source": "B", "dest": "B", "conditions": "g1"},
    ]
    return build(states, rows, attribute="state", kind=kind)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_callbacks_come_in_the_librarys_order(answers: list[tuple[bool, bool]]) -> None:
    models = Model(), Model()
    machines = machine(StepMachine), machine(Machine)
    for g1, g2 in answers:
        results = []
        for model, made in zip(models, machines, strict=True):
            model.answers = {"g1": g1, "g2": g2}
            results.append(made.events["go"].trigger(model))
        assert results[0] == results[1]
    assert models[0].calls == models[1].calls
    assert models[0].state == models[1].state


def test_a_guard_that_raises_leaves_the_state() -> None:
    class Broken(Model):
        def g1(self) -> bool:
            raise ZeroDivisionError

    model = Broken()
    with pytest.raises(ZeroDivisionError):
        machine(StepMachine).events["go"].trigger(model)
    assert model.state == "A"


def test_what_the_fast_path_does_not_know_is_refused() -> None:
    states = [{"name": "A", "on_enter": [], "on_exit": []}, {"name": "B", "on_enter": [], "on_exit": []}]
    rows = [{"trigger": "go", "source": "A", "dest": "B", "unless": "g1"}]
    with pytest.raises(
        DefinitionError, match="Model: `unless`, `prepare` and `final` are not used in step tables"
    ):
        build(states, rows, attribute="state").events["go"].trigger(Model())


def test_there_are_no_triggers_that_pass_the_guards_by() -> None:
    assert set(machine(StepMachine).events) == {"go"}
    assert set(packml_machine(enabled(())).events) == {command.name for command in Command} | {
        "STATE_COMPLETE"
    }
