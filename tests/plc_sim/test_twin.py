"""The twin: one seed is one course of events, however it is computed; STOP, lost links and lost power."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.controller import Entry
from control.errors import ConfigurationError, ConnectError, DefinitionError
from control.link import Progress
from control.packml import State
from control.project import load_project
from control.property import Property
from control.scan import ns
from plc_sim.disturb import targets
from plc_sim.scenario import KINDS, Attendance, Disturbance, production
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin, twin_class
from tests.plc_sim.pick import CELL, Run, pick_twin

TEMPLATE = pick_twin()
WHATS = [(kind, target) for kind in KINDS for target in targets(TEMPLATE, kind)]
MOMENTS = (
    "state EXECUTE",
    "state ABORTED",
    "state IDLE 2",
    "pick DESCENDING",
    "pick CARRYING",
    "feed LOWERING",
)


def disturbance(what: tuple[str, str], at: float, duration: float, value: bool, after: str) -> Disturbance:
    kind, target = what
    within = {"s7_split": 7.0, "s7_merge": 2.0, "s7_pdu": 240.0, "s7_latency": 0.02, "s7_jitter": 0.2}
    within |= {"late": 0.05 + 0.5 * value, "robot_slow": 0.05 + 0.5 * value, "s7_lost": 0.1 + 0.4 * value}
    amount = within.get(kind, float(value))
    amount = amount if KINDS[kind].value else 0.0
    return Disturbance(at / 4 if after else at, kind, target, duration, amount, after)


DISTURBANCES = st.builds(
    disturbance,
    st.sampled_from(WHATS),
    st.floats(0.0, 14.0),
    st.floats(0.05, 3.0),
    st.booleans(),
    st.sampled_from(("", *MOMENTS)),
)


def outcome(run: Run) -> dict[str, Any]:
    """What must be the same whatever was left out."""
    for line in run.twin.lines.values():
        line.catch_up(run.twin.now())
    return {
        "trace": run.trace,
        "hash": run.hash.hexdigest(),
        "polls": {n: (line.session.polls, line.session.poll_instants) for n, line in run.twin.lines.items()},
        "violations": run.violations,
        "counts": run.twin.plant.counts(),
        "done": run.twin.disturber.done,
    }


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.lists(DISTURBANCES, max_size=3))
def test_leaving_out_scans_and_polls_changes_nothing(seed: int, happen: list[Disturbance]) -> None:
    outcomes = []
    for every_scan in (False, True):
        run = Run(*happen, seed=seed, every_scan=every_scan)
        run.run_until(18.0)
        outcomes.append(outcome(run))
    assert outcomes[0] == outcomes[1]


AT_ONCE: dict[str, tuple[int, list[Disturbance]]] = {
    "a lost PLC link alone": (2, [Disturbance(8.0, "link_lost", "plc", 3.0)]),
    "a cut line and a silent robot": (
        3,
        [Disturbance(8.0, "link_lost", "robot", 2.0), Disturbance(8.0, "robot_silent", "robot", 2.0)],
    ),
    "a cut line and a robot alarm": (
        3,
        [Disturbance(8.0, "link_lost", "robot", 2.0), Disturbance(8.0, "robot_alarm", "robot", 2.0)],
    ),
    "power lost just after a value was saved": (
        262,
        [Disturbance(0.05, "cell_power_loss", duration=3.0, after="pick CARRYING")],
    ),
}


@pytest.mark.parametrize("case", AT_ONCE)
def test_what_happens_at_one_instant_happens_in_every_run(case: str) -> None:
    """Without properties, whose reads wake the controller for much else."""
    seed, happen = AT_ONCE[case]
    traces = []
    for every_scan in (False, True):
        trace: list[Entry] = []
        twin = pick_twin(*happen, seed=seed)
        run = Simulation(twin, every_scan=every_scan, sinks=[lambda now, entries, t=trace: t.extend(entries)])
        run.run(30.0)
        traces.append(trace)
    assert traces[0] == traces[1]


def order_is_active(cell: Any, plant: Any) -> bool:
    return cell.robot.progress(cell.robot.given[0]).progress is Progress.ACTIVE


def test_an_order_that_begins_at_once_is_seen_so_at_the_next_scan() -> None:
    armed = []
    for every_scan in (False, True):
        always = Property("T-1", "an order may be active", order_is_active, lambda cell, plant: True)
        run = Simulation(pick_twin(seed=3), properties=[always], every_scan=every_scan)
        run.run(20.0)
        run.note_armed()
        armed.append(run.armed)
    assert armed[0] == armed[1] != {"T-1": 0}


def test_on_a_line_too_slow_for_leaving_out_polls_none_is_left_out() -> None:
    outcomes = []
    for every_scan in (False, True):
        project = load_project(CELL)
        table = project.toml.links["robot"]
        slow = table.url.replace("38400", "14400")
        project.toml.links["robot"] = table.model_copy(update={"url": slow})
        twin = twin_class(project)(seed=7, scenario=production, project=project)
        run = Simulation(twin, every_scan=every_scan)
        run.run(20.0)
        line = twin.lines["robot"]
        line.catch_up(twin.now())
        outcomes.append((run.hash.hexdigest(), line.session.polls, line.session.poll_instants))
    assert outcomes[0] == outcomes[1]


def test_three_runs_are_one_and_another_seed_is_another() -> None:
    hashes = []
    for seed in (7, 7, 7, 8):
        run = Run(seed=seed)
        run.run_until(20.0)
        hashes.append(run.hash.hexdigest())
    assert len(set(hashes[:3])) == 1
    assert hashes[3] != hashes[0]


def test_how_a_run_is_divided_does_not_matter() -> None:
    whole, parts = Run(seed=3), Run(seed=3)
    whole.run_until(20.0)
    for part in range(1, 41):
        parts.run_until(part / 2)
    assert (parts.hash.hexdigest(), parts.trace) == (whole.hash.hexdigest(), whole.trace)


def test_two_twins_in_one_process_do_not_touch_one_another() -> None:
    alone = Run(seed=5)
    alone.run_until(12.0)
    first, second = Run(seed=5), Run(Disturbance(4.0, "open", "door", 3.0), seed=6)
    for part in range(1, 25):
        first.run_until(part / 2)
        second.run_until(part / 2)
    assert first.trace == alone.trace
    assert second.trace != first.trace


def test_stop_of_the_plc_stops_the_plant_at_once_and_the_cell_with_its_cause() -> None:
    run = Run(Disturbance(8.0, "plc_stop", "", 3.0), attendance=Attendance.STARTS)
    run.run_until(7.9)
    assert run.cell.state is State.EXECUTE
    run.run_until(8.9)
    assert [name for name in ENERGISED if run.twin.plant.signal_value(name)] == []
    assert run.cell.state is State.ABORTED
    assert [text for text in alarms(run) if "the PLC does not run" in text]
    run.run_until(12.0)
    assert (run.cell.state, run.twin.plc_link.image.good) == (State.ABORTED, True)


ENERGISED = ("belt.run", "stopper.extend", "stopper.retract", "inspection.start", "robot.moving")


def alarms(run: Run) -> list[str]:
    return [alarm.text for alarm in run.cell.alarms]


def test_a_lost_plc_link_trips_the_plc_and_aborts_the_cell_and_nothing_starts_by_itself() -> None:
    run = Run(Disturbance(8.0, "link_lost", "plc", 3.0), attendance=Attendance.STARTS)
    run.run_until(10.0)
    assert run.twin.plant.signal_value("plc.tripped")
    assert [name for name in ENERGISED if run.twin.plant.signal_value(name)] == []
    assert run.cell.state is State.ABORTED
    assert alarms(run)
    assert all(text.startswith(("status", "plc")) or "plc" in text for text in alarms(run))
    run.run_until(20.0)
    assert run.twin.plc_link.image.good
    assert run.cell.state is State.ABORTED
    assert [name for name in ENERGISED if run.twin.plant.signal_value(name)] == []


def test_a_lost_robot_line_aborts_the_cell_and_no_motion_is_repeated() -> None:
    run = Run(
        Disturbance(0.3, "link_lost", "robot", 2.0, after="pick DESCENDING"), attendance=Attendance.STARTS
    )
    log = run.twin.endpoints["robot"].log  # type: ignore[attr-defined]
    run.run_until(20.0)
    at = run.times("pick", "DESCENDING")[0] + 0.3
    assert run.cell.state is State.ABORTED
    assert [text for text in alarms(run) if "robot" in text]
    assert [time for time, _ in log if run.seconds(time) > at] == []


@pytest.mark.parametrize("commit", [0.0, 1.0])
def test_a_power_loss_keeps_the_retained_values_and_nothing_else(commit: float) -> None:
    run = Run(Disturbance(24.5, "controller_power_loss", "", 2.0, commit), attendance=Attendance.STARTS)
    run.run_until(24.4)
    before = run.cell
    kept = (before.parts_good, before.parts_rejected, vars_of(before, "placed"))
    assert kept[0] > 0
    assert before.state is State.EXECUTE
    run.run_until(26.0)
    after = run.cell
    assert after is not before
    assert (after.parts_good, after.parts_rejected, vars_of(after, "placed")) == kept
    assert (after.state, after.unconfirmed, after.alarms) == (State.STOPPED, True, ())
    assert after[type(after).sequences[State.EXECUTE][1]].step == "WAITING"  # type: ignore[index]
    assert [name for name in ENERGISED if run.twin.plant.signal_value(name)] == []


def vars_of(cell: Any, name: str) -> Any:
    return getattr(cell, name)


def test_a_scan_that_power_was_lost_before_leaves_no_trace_and_one_it_was_lost_after_does() -> None:
    undisturbed = Run(attendance=Attendance.STARTS)
    undisturbed.run_until(20.0)
    at = undisturbed.times("pick", "DESCENDING")[0]
    for commit in (0.0, 1.0):
        run = Run(
            Disturbance(at - 0.001, "controller_power_loss", "", 1.0, commit), attendance=Attendance.STARTS
        )
        run.run_until(at + 0.9)
        assert run.times("pick", "DESCENDING") == [at] * bool(commit)
        assert [time for time, _, _ in run.trace if at < time < at + 0.9] == []


def test_power_back_before_the_scan_that_would_lose_it_is_still_a_loss() -> None:
    run = Run(Disturbance(8.0, "controller_power_loss", "", 0.0), attendance=Attendance.STARTS)
    before = run.cell
    run.run_until(10.0)
    assert run.cell is not before


def test_power_loss_of_the_cell_starts_plc_and_robot_cold() -> None:
    run = Run(Disturbance(8.0, "cell_power_loss", "", 2.0), attendance=Attendance.STARTS)
    program = run.twin.program
    assert program is not None
    run.run_until(7.9)
    first = program.program
    assert run.twin.endpoints["robot"].right  # type: ignore[attr-defined]
    run.run_until(10.5)
    assert program.program is not first
    assert not run.twin.endpoints["robot"].right  # type: ignore[attr-defined]
    assert run.twin.plant.signal_value("plc.tripped")


def test_power_loss_of_the_cell_leaves_every_output_off_and_a_cylinder_where_it_is() -> None:
    loss = Disturbance(0.15, "cell_power_loss", "", 2.0, after="feed LOWERING")
    before, run = (Run(loss, seed=2, parameters={"feeder.good": 0.5}) for _ in range(2))
    before.run_until(40.0)
    lowering = before.times("feed", "LOWERING")[0]
    plant, seen = run.twin.plant, list[list[str]]()
    watched = [entry.target.path for entry in run.twin.plc.outputs] + [
        "stopper.extended",
        "stopper.retracted",
    ]
    for after in (0.149, 0.1501, 0.3, 1.0, 2.1):
        at = run.twin.timing.start + ns(lowering + after)
        run.twin.disturber.call(at, lambda now: seen.append([n for n in watched if plant.signal_value(n)]))
    run.run_until(lowering + 3.0)
    assert "stopper.retract" in seen[0]
    assert seen[1:] == [[]] * 4


def test_a_plc_that_does_not_answer_at_the_start_is_an_error_that_names_it() -> None:
    run = Run(Disturbance(0.0, "link_lost", "plc", 60.0))
    with pytest.raises(ConnectError, match="no answer within 5 s: plc: no answer within 1 s"):
        run.run_until(20.0)
    run = Run(Disturbance(0.0, "link_lost", "robot", 60.0))
    with pytest.raises(ConnectError, match="no answer within 5 s: robot: robot: the line is broken"):
        run.run_until(20.0)


def test_what_a_twin_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"Bare: wanted plc = Plc\("):
        type("Bare", (Twin,), {})
    with pytest.raises(ConfigurationError, match="the plant has no 'belt.sped'; did you mean 'belt.speed'"):
        pick_twin(parameters={"belt.sped": 1.0})
    other = type("Other", (type(TEMPLATE),), {})
    with pytest.raises(ConfigurationError, match="cell.twin: wanted a Other, got PickTwin"):
        other.load(CELL)
    assert isinstance(type(TEMPLATE).load(CELL, seed=3), type(TEMPLATE))
    run = Run()
    with pytest.raises(ConfigurationError, match="wired for a period of 10000000 ns, got 20000000 ns"):
        run.twin.begin(20_000_000)


def test_a_cell_without_a_plc_link_has_no_twin(tmp_path: Any) -> None:
    text = CELL.read_text()
    project = load_project(CELL)
    (tmp_path / "cell.toml").write_text(
        text.replace("[links.plc]", "[links.spare]\nurl = 's7://h/0/1'\n[links.plc]")
    )
    two = load_project(tmp_path / "cell.toml")
    moved = type(project)(project.path, two.toml)
    with pytest.raises(
        ConfigurationError, match=r"a twin has one PLC; wanted one PLC link, got \['spare', 'plc'\]"
    ):
        type(TEMPLATE)(project=moved)
