"""The simulated PLC: scan grid, fail-safe latch, RUN and STOP, program, analogue words."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from control.block import DataBlock, Slot, reads, writes
from control.tag import Bool, DInt, Int, Real
from plc_sim.components.belt import Belt
from plc_sim.components.component import OutputEntry
from plc_sim.components.panel import Lamp, Panel, button, lamp
from plc_sim.kernel import host
from plc_sim.kernel.header import Header
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plant import NEVER, Cause, Plant, Timing
from plc_sim.plc import Plc

MS = 1_000_000
CYCLE = 10 * MS
PHASE = 3 * MS


class Inputs(DataBlock):
    button = Bool("0.0")
    tripped = Bool("0.1")
    number = DInt("2")
    speed = Int("6", raw=(0, 1000), low=0.0, high=1.0)
    exact = Real("8")


class Outputs(DataBlock):
    run = Bool("0.0")
    light = Bool("0.1")
    brake = Bool("0.2")


class Controller:
    inputs = reads("plc", Inputs, db=1)
    outputs = writes("plc", Outputs, db=2)


class Logic(DataBlock):
    """What the PLC's program writes, in the controller's input block."""

    number = DInt("2")


class Ordered(DataBlock):
    """What the PLC's program reads of the controller's orders."""

    run = Bool("0.0")


class Program:
    logic = writes("plc", Logic, db=1)
    ordered = reads("plc", Ordered, db=2)


def bind(owner: type) -> None:
    bit = 0
    for slot in vars(owner).values():
        if isinstance(slot, Slot):
            bit += slot.bind(bit)


bind(Controller)
bind(Program)


class Desk(Panel):
    reset = button()
    button = button()
    light = lamp()


def make_plant(**options: Any) -> Plant:
    belt, desk, brake = Belt(length=1.0, speed=0.5, acceleration=0.5), Desk(), Lamp()
    inputs, outputs = Controller.inputs, Controller.outputs
    plc = Plc(
        desk.button >> inputs.button,
        Plc.tripped >> inputs.tripped,
        belt.speed_actual >> inputs.speed,
        belt.speed_actual >> inputs.exact,
        outputs.run >> belt.run,
        OutputEntry(outputs.light, desk.light, failsafe=False),
        OutputEntry(outputs.brake, brake.lit, safe=True),
        cycle=CYCLE / 1e9,
        life_timeout=0.5,
        **{"reset": desk.reset, "program": Program, **options},
    )
    return Plant({"belt": belt, "desk": desk, "brake": brake}, plc, timing=Timing(plc_phase=PHASE))


def grid(plant: Plant, after: int) -> int:
    """The first scan instant after `after`, in ns from the start."""
    elapsed = after - plant.timing.start - PHASE
    return PHASE + (elapsed // CYCLE + 1) * CYCLE


def run(plant: Plant, until: int, program: Any = None) -> None:
    """Advance to `until` ns from the start, running the program where the PLC asks for it."""
    while (
        plant.advance(plant.timing.start + until) < plant.timing.start + until or plant.cause & Cause.PROGRAM
    ):
        if plant.cause & Cause.PROGRAM and program is not None:
            program(plant)


def write(plant: Plant, octet: int) -> None:
    plant.memory[plant.io.memory.span(plant.io.writes[0]).start] = octet
    host.memory_written(plant.block, plant.now)


def healthy(**options: Any) -> Plant:
    """A plant whose PLC is in RUN, hears the controller and has been reset, at 100 ms."""
    plant = make_plant(**options)
    run(plant, 10 * MS)
    host.set_life(plant.block, 1, plant.now, plant.now)
    run(plant, 40 * MS)
    if options.get("reset", True) is not None:
        plant.set("desk.reset", True)
        run(plant, 60 * MS)
        plant.set("desk.reset", False)
    run(plant, 100 * MS)
    return plant


def signals(plant: Plant) -> tuple[bool, ...]:
    return tuple(plant.signal_value(name) for name in ("belt.run", "desk.light", "brake.lit"))


def edge(plant: Plant, name: str, until: int) -> int:
    """The next edge of a signal, in ns from the start."""
    plant.stop_at_edges([name])
    while not plant.cause & Cause.PREDICATE:
        run_one(plant, until)
    plant.stop_at_edges([])
    return plant.now - plant.timing.start


def run_one(plant: Plant, until: int) -> None:
    plant.advance(plant.timing.start + until)
    assert plant.cause & (Cause.PREDICATE | Cause.PROGRAM), "no edge"


def test_an_input_is_seen_at_the_next_scan_and_an_output_at_the_next() -> None:
    plant = healthy()
    span = plant.io.memory.span(plant.io.reads[0])
    run(plant, 105 * MS)
    plant.set("desk.button", True)
    run(plant, 112 * MS)
    assert plant.memory[span.start] & 1 == 0
    run(plant, 113 * MS)
    assert plant.memory[span.start] & 1 == 1
    write(plant, 1)
    assert edge(plant, "belt.run", 200 * MS) == 123 * MS


def test_a_write_at_a_scan_instant_is_seen_at_the_next_scan() -> None:
    plant = healthy()
    run(plant, 113 * MS)
    write(plant, 1)
    assert edge(plant, "belt.run", 200 * MS) == 123 * MS


def test_an_event_of_the_scan_instant_is_seen_by_that_scan() -> None:
    plant = healthy()
    write(plant, 1)
    run(plant, 113 * MS)
    run(plant, 1113 * MS)
    host.refresh_memory(plant.block, plant.now)
    assert Controller.inputs.speed.decode(plant.cut(plant.io.reads[0])) == pytest.approx(0.5)
    run(plant, 1118 * MS)
    assert plant.signal_value("belt.moving")


def test_outputs_are_held_until_life_and_then_a_reset() -> None:
    plant = make_plant()
    run(plant, 10 * MS)
    write(plant, 7)
    run(plant, 50 * MS)
    assert signals(plant) == (False, True, True)
    plant.set("desk.reset", True)
    run(plant, 100 * MS)
    assert plant.signal_value("plc.tripped")
    host.set_life(plant.block, 1, plant.now, plant.now)
    run(plant, 200 * MS)
    assert plant.signal_value("plc.tripped"), "a button held down is no reset"
    plant.set("desk.reset", False)
    run(plant, 215 * MS)
    plant.set("desk.reset", True)
    assert edge(plant, "plc.tripped", 300 * MS) == 223 * MS
    assert signals(plant) == (True, True, True)
    write(plant, 0)
    run(plant, 300 * MS)
    assert signals(plant) == (False, False, False)


def test_without_a_reset_signal_life_alone_frees_the_outputs() -> None:
    plant = healthy(reset=None)
    assert not plant.signal_value("plc.tripped")


def test_silence_trips_at_the_first_scan_after_the_timeout() -> None:
    plant = healthy()
    write(plant, 3)
    run(plant, 1000 * MS)
    assert signals(plant) == (True, True, False)
    beat = plant.now - 4 * MS
    host.set_life(plant.block, 0, beat, plant.now)
    due = grid(plant, beat + 500 * MS)
    assert edge(plant, "plc.tripped", 2000 * MS) == due
    assert signals(plant) == (False, True, True)


def test_silence_exactly_as_long_as_the_timeout_does_not_trip() -> None:
    plant = healthy()
    run(plant, 1000 * MS)
    host.set_life(plant.block, 0, plant.timing.start + 993 * MS, plant.now)
    assert edge(plant, "plc.tripped", 2000 * MS) == 1503 * MS


def test_life_that_returns_in_time_does_not_trip() -> None:
    plant = healthy()
    host.set_life(plant.block, 0, plant.now, plant.now)
    run(plant, 500 * MS)
    host.set_life(plant.block, 1, plant.now, plant.now)
    run(plant, 3000 * MS)
    assert not plant.signal_value("plc.tripped")


def test_after_a_trip_life_alone_does_not_free_the_outputs() -> None:
    plant = healthy()
    write(plant, 1)
    host.set_life(plant.block, 0, plant.now, plant.now)
    run(plant, 1000 * MS)
    host.set_life(plant.block, 1, plant.now, plant.now)
    run(plant, 2000 * MS)
    assert signals(plant)[0] is False
    plant.set("desk.reset", True)
    run(plant, 2100 * MS)
    assert signals(plant)[0] is True


def test_the_latch_is_shown_in_the_memory_at_the_same_scan() -> None:
    plant = healthy()
    host.set_life(plant.block, 0, plant.now - 480 * MS, plant.now)
    edge(plant, "plc.tripped", 2000 * MS)
    assert Controller.inputs.tripped.decode(plant.cut(plant.io.reads[0]))


def test_stop_sets_every_output_safe_and_freezes_the_memory() -> None:
    plant = healthy()
    write(plant, 3)
    run(plant, 500 * MS)
    host.set_run(plant.block, 0, plant.now)
    assert edge(plant, "plc.running", 600 * MS) == 503 * MS
    assert signals(plant) == (False, False, True)
    before = bytes(plant.memory)
    plant.set("desk.button", True)
    run(plant, 3000 * MS)
    assert bytes(plant.memory) == before
    assert plant.words[plant.row["plc"] + PlcRow.STOPPED] == plant.timing.start + 503 * MS


def test_run_again_is_a_cold_start() -> None:
    plant = healthy()
    write(plant, 3)
    plant.set("desk.button", True)
    run(plant, 500 * MS)
    host.set_run(plant.block, 0, plant.now)
    run(plant, 1000 * MS)
    host.set_run(plant.block, 1, plant.now)
    run(plant, 1500 * MS)
    assert plant.signal_value("plc.running") and plant.signal_value("plc.tripped")
    assert plant.cut(plant.io.writes[0]) == b"\0"
    assert plant.cut(plant.io.reads[0])[0] == 0b11
    assert plant.words[plant.row["plc"] + PlcRow.STARTS] == 2
    write(plant, 3)
    run(plant, 2000 * MS)
    assert signals(plant)[0] is False
    plant.set("desk.reset", True)
    run(plant, 2100 * MS)
    assert signals(plant)[0] is True


def test_analogue_words_show_the_value_of_the_last_scan() -> None:
    plant = healthy()
    write(plant, 1)
    run(plant, 103 * MS)
    for time in (110, 113, 118, 350, 777, 1103, 1104, 2000):
        run(plant, time * MS)
        host.refresh_memory(plant.block, plant.now)
        speed = min(0.5 * ((time - 3) // 10 * 10 + 3 - 103) / 1000, 0.5)
        raw = plant.cut(plant.io.reads[0])
        assert struct.unpack_from(">h", raw, 6)[0] == round(1000 * speed)
        assert struct.unpack_from(">f", raw, 8)[0] == pytest.approx(speed)


def test_a_ramp_nobody_reads_costs_no_scans() -> None:
    plant = healthy()
    before = plant.words[Header.EVENTS]
    write(plant, 1)
    run(plant, 5000 * MS)
    assert plant.words[Header.EVENTS] - before <= 6


def test_a_mode_switch_turned_while_the_program_runs_is_obeyed_at_the_next_scan() -> None:
    plant = make_plant(program=Program)
    plant.advance(plant.timing.start + 100 * MS)
    assert (plant.now - plant.timing.start, plant.cause) == (3 * MS, Cause.PROGRAM)
    host.set_run(plant.block, 0, plant.now)
    assert edge(plant, "plc.running", 100 * MS) == 13 * MS


class Counting:
    """A program that counts its scans into the controller's input block and asks to run again."""

    def __init__(self, due: int = NEVER, watch: int = 0) -> None:
        self.due, self.watch, self.times = due, watch, list[int]()

    def __call__(self, plant: Plant) -> None:
        self.times.append(plant.now - plant.timing.start)
        span = plant.io.memory.span(plant.io.reads[0])
        plant.memory[span.start + 2 : span.start + 6] = len(self.times).to_bytes(4, "big")
        due = self.due if self.due == NEVER else plant.now + self.due
        plant.call_program(due, self.watch)


def test_the_program_runs_at_the_cold_start_and_when_it_asked_to() -> None:
    plant, program = make_plant(program=Program), Counting(due=25 * MS)
    run(plant, 100 * MS, program)
    assert program.times == [3 * MS, 33 * MS, 63 * MS, 93 * MS]
    assert Controller.inputs.number.decode(plant.cut(plant.io.reads[0])) == 4


def test_the_program_runs_when_a_bit_it_waits_for_changed() -> None:
    plant, program = make_plant(program=Program), Counting(watch=Program.ordered.run.bit)
    run(plant, 105 * MS, program)
    write(plant, 2)
    run(plant, 125 * MS, program)
    write(plant, 3)
    run(plant, 145 * MS, program)
    assert program.times == [3 * MS, 133 * MS]


def test_what_the_program_writes_wakes_the_controller() -> None:
    plant, program = make_plant(program=Program), Counting(due=200 * MS)
    run(plant, 100 * MS, program)
    host.set_link(plant.block, 1, plant.now)
    plant.wait(NEVER, Controller.inputs.number.bit)
    plant.advance(plant.timing.start + 1000 * MS)
    assert (plant.now - plant.timing.start, plant.cause) == (110 * MS, Cause.SCAN)
    plant.wait(NEVER, Controller.inputs.number.bit)
    plant.advance(plant.timing.start + 1000 * MS)
    assert (plant.now - plant.timing.start, plant.cause) == (203 * MS, Cause.PROGRAM)
    program(plant)
    plant.advance(plant.timing.start + 1000 * MS)
    assert plant.now - plant.timing.start == 210 * MS
    assert Controller.inputs.number.decode(plant.image()[0]) == 2


def test_a_program_that_is_called_sees_this_scans_inputs_and_its_outputs_go_out_with_it() -> None:
    plant, seen = make_plant(program=Program), []

    def program(plant: Plant) -> None:
        seen.append((plant.now - plant.timing.start, plant.signal_value("belt.run")))
        plant.call_program(NEVER, Program.ordered.run.bit)

    run(plant, 10 * MS, program)
    host.set_life(plant.block, 1, plant.now, plant.now)
    run(plant, 30 * MS, program)
    plant.set("desk.reset", True)
    run(plant, 50 * MS, program)
    write(plant, 1)
    run(plant, 70 * MS, program)
    assert seen == [(3 * MS, False), (53 * MS, False)]
    assert plant.signal_value("belt.run")


def test_the_first_image_after_a_gap_wakes_the_controller() -> None:
    plant = healthy()
    host.set_link(plant.block, 1, plant.now)
    plant.wait(NEVER, 0)
    plant.advance(plant.timing.start + 1000 * MS)
    assert plant.cause & Cause.SCAN and plant.now - plant.timing.start == 110 * MS
    host.set_link(plant.block, 0, plant.now)
    plant.wait(NEVER, 0)
    assert plant.advance(plant.timing.start + 500 * MS) == plant.timing.start + 500 * MS
    host.set_link(plant.block, 1, plant.now)
    plant.advance(plant.now + 3 * MS)
    plant.wait(NEVER, 0)
    plant.advance(NEVER - 1)
    assert plant.now - plant.timing.start == 510 * MS
    assert plant.words[Header.IMAGE_TIME] == plant.timing.start + 505 * MS
