"""Programs in the simulated PLC: called at its scan instants alone, only when something may change, begun
anew with the PLC.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.controller import Program
from control.errors import DefinitionError
from control.scan import ns
from control.sequence import Sequence
from control.step import OUTSIDE, Step
from control.tag import Bool
from plc_sim.components.component import OutputEntry
from plc_sim.components.panel import Panel, lamp, switch
from plc_sim.kernel import host
from plc_sim.kernel.header import Cause
from plc_sim.plant import Plant
from plc_sim.plc import Plc
from plc_sim.program import ProgramRunner

CYCLE = 0.02


class Inputs(DataBlock):
    go = Bool("0.0")
    fast = Bool("0.1")


class Outputs(DataBlock):
    lit = Bool("0.0")


class Flash(Sequence["Flasher"]):
    """A lamp that flashes while it may."""

    def go(self) -> bool:
        "the switch"
        return self.cell.inputs.go

    def rest(self) -> bool:
        "the switch to go off"
        return not self.cell.inputs.go

    def over(self) -> bool:
        "half a period"
        return self.in_step(0.1 if self.cell.inputs.fast else 0.5)

    def light(self) -> None:
        self.cell.outputs.lit = True

    def darken(self) -> None:
        self.cell.outputs.lit = False

    steps = (
        Step("OFF", enter=darken, to={"LIT": go}, limit=OUTSIDE),
        Step("LIT", enter=light, to={"OFF": rest, "DARK": over}, limit=OUTSIDE),
        Step("DARK", enter=darken, to={"OFF": rest, "LIT": over}, limit=OUTSIDE),
    )


class Flasher(Program):
    inputs = reads("plc", Inputs, area="I", start=10, lost=None)
    outputs = writes("plc", Outputs, area="Q", start=10)
    sequences = (Flash,)


class Desk(Panel):
    go = switch()
    fast = switch()
    lamp = lamp()


class Bench:
    """A plant with nothing but a panel and the program; `always` calls it at every scan instant."""

    def __init__(self, *, always: bool = False) -> None:
        desk = Desk()
        plc = Plc(
            desk.go >> Flasher.inputs.go,
            desk.fast >> Flasher.inputs.fast,
            OutputEntry(Flasher.outputs.lit, desk.lamp, failsafe=False),
            cycle=CYCLE,
            program=Flasher,
        )
        self.plant = Plant({"desk": desk}, plc)
        self.plant.stop_at_edges(["desk.lamp"])
        self.runner, self.always = ProgramRunner(Flasher, self.plant), always
        self.edges: list[tuple[int, bool]] = []
        self.calls: list[int] = []

    def run(self, seconds: float) -> None:
        end = self.plant.now + ns(seconds)
        while self.plant.now < end:
            now = self.plant.advance(end)
            if self.plant.cause & Cause.PREDICATE:
                self.edges.append((now, self.plant.signal_value("desk.lamp")))
            if self.plant.cause & Cause.PROGRAM:
                self.calls.append(now)
                self.runner.scan(now)
                if self.always:
                    self.plant.call_program(now + 1, self.runner.program.reads)

    def run_mode(self, on: bool) -> None:
        host.set_run(self.plant.block, int(on), self.plant.now)


SCRIPTS = st.lists(
    st.tuples(st.floats(0.0, 1.5), st.sampled_from(("go", "fast", "mode")), st.booleans()), max_size=15
)


def play(script: list[tuple[float, str, bool]], *, always: bool) -> Bench:
    bench = Bench(always=always)
    for pause, what, on in script:
        bench.run(pause)
        if what == "mode":
            bench.run_mode(on)
        else:
            bench.plant.set(f"desk.{what}", on)
    bench.run(2.0)
    return bench


@settings(max_examples=50, deadline=None)
@given(SCRIPTS)
def test_leaving_out_calls_changes_nothing(script: list[tuple[float, str, bool]]) -> None:
    bench, oracle = play(script, always=False), play(script, always=True)
    assert bench.edges == oracle.edges
    assert set(bench.calls) <= set(oracle.calls)
    grid = {
        (time - bench.plant.timing.start - bench.plant.timing.plc_phase) % ns(CYCLE) for time in oracle.calls
    }
    assert grid <= {0}


def test_a_program_with_nothing_to_do_is_not_called() -> None:
    bench = Bench()
    bench.run(1.0)
    calls = len(bench.calls)
    bench.run(3600.0)
    assert len(bench.calls) == calls
    bench.plant.set("desk.go", True)
    bench.run(10.0)
    assert [value for _, value in bench.edges] == [True, False] * 10
    assert len(bench.calls) - calls < 60


def test_in_stop_it_does_nothing_and_then_begins_anew() -> None:
    bench = Bench()
    bench.plant.set("desk.go", True)
    bench.run(0.3)
    first = bench.runner.program
    assert bench.plant.signal_value("desk.lamp")
    bench.run_mode(False)
    bench.run(5.0)
    calls = len(bench.calls)
    assert not bench.plant.signal_value("desk.lamp")
    bench.run(5.0)
    assert len(bench.calls) == calls
    bench.run_mode(True)
    bench.run(0.3)
    assert bench.runner.program is not first
    assert bench.plant.signal_value("desk.lamp")


@pytest.mark.parametrize("kind", [int, 3, Sequence])
def test_what_is_no_program_is_refused(kind: object) -> None:
    with pytest.raises(DefinitionError, match="Plc: program: wanted a Program class, got"):
        ProgramRunner(kind, Bench().plant)  # type: ignore[arg-type]
