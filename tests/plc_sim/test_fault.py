"""Faults in the kernel: on time, in any combination, and gone without a trace when they end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim import Batch, Button, Component, Cylinder, Fault, Plc, Station
from plc_sim.kernel.header import Header
from plc_sim.plant import Cause, Plant

SECOND = 1_000_000_000
EXACT = 2


def plant_of(*faults: Fault, seed: int = 1, **components: Component) -> Plant:
    return Plant(components, Plc(), seed=seed, faults=faults)


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


def edges(plant: Plant, name: str, end: float, presses: tuple[float, ...] = ()) -> list[tuple[int, bool]]:
    """When (ns from the start) a signal is seen to change up to `end` s; a button turns over at `presses`."""
    found, seen, start = list[tuple[int, bool]](), plant.signal_value(name), plant.timing.start
    plant.stop_at_edges([name])
    value = False
    for time in (*presses, end):
        limit = start + round(time * SECOND)
        while plant.now < limit:
            plant.advance(limit)
            plant.words[Header.EDGES] = 0
            if plant.signal_value(name) != seen:
                seen = not seen
                found.append((plant.now - start, seen))
        if time != end or time in presses:
            value = not value
            plant.set(name, value)
            if plant.signal_value(name) != seen:
                seen = not seen
                found.append((plant.now - start, seen))
    return found


# ---- numbers ----

number_faults = st.lists(
    st.builds(
        Fault,
        st.sampled_from(["set", "scale", "add"]),
        st.just("lift.wear"),
        st.floats(0.0, 2.0),
        duration=st.floats(0.0, 5.0),
        delay=st.floats(0.0, 5.0),
    ),
    max_size=5,
)


@given(number_faults, st.floats(0.0, 0.5), st.lists(st.floats(0.0, 12.0), min_size=1, max_size=8))
@settings(max_examples=60)
def test_numbers_are_reckoned_by_the_faults_that_last(
    faults: list[Fault], wear: float, times: list[float]
) -> None:
    plant = plant_of(*faults, lift=Cylinder(wear=wear))
    word = plant.field("lift.wear")[1]
    for time in sorted(times):
        until(plant, time)
        now = plant.now - plant.timing.start
        expected = wear
        for fault in faults:
            begin = int(fault.delay * 1e9 + 0.5)
            if begin <= now < begin + int(fault.duration * 1e9 + 0.5):
                expected = {
                    "set": fault.value,
                    "scale": expected * fault.value,
                    "add": expected + fault.value,
                }[fault.kind]
        assert plant.reals[word] == expected
    until(plant, 20.0)
    assert plant.reals[word] == wear


def test_a_running_stroke_follows_its_faults() -> None:
    plant = plant_of(
        Fault("set", "lift.jammed", 1, duration=2.0, delay=0.5),
        Fault("scale", "lift.extend_time", 3.0, duration=100.0, delay=2.7),
        lift=Cylinder(dead_time=0.0, extend_time=1.0, tolerance=0.0),
    )
    plant.set("lift.extend", True)
    # 0.5 s of the stroke, 2 s at a stand, 0.2 s more, and the rest three times as slow.
    assert edges(plant, "lift.extended", 20.0) == [(pytest.approx(3.6 * SECOND, abs=2 * EXACT), True)]
    assert plant.reals[Header.AIR] == 1.0


def test_low_air_slows_every_cylinder() -> None:
    plant = plant_of(
        Fault("set", "air", 0.5, duration=10.0),
        Fault("scale", "air", 0.5, duration=1.0, delay=0.5),
        lift=Cylinder(dead_time=0.0, extend_time=1.0, tolerance=0.0),
    )
    plant.set("lift.extend", True)
    # A quarter of the stroke by 0.5 s, as much again in the second after it, then half of it at half speed.
    assert edges(plant, "lift.extended", 20.0) == [(pytest.approx(2.5 * SECOND, abs=2 * EXACT), True)]


# ---- signals ----

presses = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=7).map(
    lambda gaps: tuple(sum(gaps[: k + 1]) for k in range(len(gaps)))
)


@given(presses, st.floats(0.001, 0.5))
@settings(max_examples=30)
def test_a_late_signal_is_the_same_signal_later(times: tuple[float, ...], delay: float) -> None:
    fault = Fault("late", "button.pressed", delay, duration=100.0)
    found = edges(plant_of(fault, button=Button()), "button.pressed", 20.0, times)
    expected = [(round((time + delay) * SECOND), k % 2 == 0) for k, time in enumerate(times)]
    assert [value for _, value in found] == [value for _, value in expected]
    assert all(abs(a - b) <= EXACT for (a, _), (b, _) in zip(found, expected, strict=True))


@given(st.floats(0.001, 0.04), st.integers(1, 500))
@settings(max_examples=40)
def test_a_bouncing_contact_settles_in_its_time_where_it_was_put(settle: float, seed: int) -> None:
    fault = Fault("bounce", "button.pressed", settle, duration=100.0)
    plant = plant_of(fault, seed=seed, button=Button())
    found = edges(plant, "button.pressed", 5.0, (1.0, 2.0))
    for pressed, begin in ((True, SECOND), (False, 2 * SECOND)):
        burst = [(time, value) for time, value in found if begin <= time < begin + SECOND // 2]
        assert burst[0] == (begin, pressed) and burst[-1][1] is pressed
        assert len(burst) in (1, 3, 5, 7) and burst[-1][0] <= begin + settle * SECOND
    assert plant.words[plant.field("fault_0.begun")[1]] == 1


def test_an_intermittent_contact_is_open_half_of_the_time() -> None:
    plant = plant_of(Fault("intermittent", "button.pressed", 0.05, duration=1000.0), button=Button())
    plant.set("button.pressed", True)
    found = edges(plant, "button.pressed", 500.0)
    opened = sum(
        later - time for (time, value), (later, _) in zip(found, found[1:], strict=False) if not value
    )
    assert 0.47 < opened / (500 * SECOND) < 0.53


@pytest.mark.parametrize("kinds", [("stuck", "late"), ("late", "stuck"), ("bounce", "late", "stuck")])
def test_a_signal_passes_through_all_its_faults_and_comes_out_unharmed(kinds: tuple[str, ...]) -> None:
    values = {"stuck": 1.0, "late": 0.1, "bounce": 0.02}
    faults = [Fault(kind, "button.pressed", values[kind], delay=1.0, duration=3.0) for kind in kinds]
    plant = plant_of(*faults, button=Button())
    until(plant, 2.0)
    assert plant.signal_value("button.pressed") and not plant.words[plant.signal("button.pressed")]
    until(plant, 4.5)
    assert not plant.signal_value("button.pressed")
    plant.set("button.pressed", True)
    assert plant.signal_value("button.pressed")


def test_a_forced_signal_shows_what_is_forced_and_then_what_comes_through() -> None:
    plant = plant_of(Fault("stuck", "button.pressed", 1, duration=5.0, delay=1.0), button=Button())
    plant.force("button.pressed", False)
    until(plant, 2.0)
    assert not plant.signal_value("button.pressed")
    plant.force("button.pressed", None)
    assert plant.signal_value("button.pressed")
    until(plant, 7.0)
    assert not plant.signal_value("button.pressed")


# ---- triggers ----


@given(st.integers(1, 6), st.floats(0.0, 0.5), st.booleans())
@settings(max_examples=20)
def test_a_fault_begins_after_the_nth_edge_of_its_trigger(nth: int, delay: float, rising: bool) -> None:
    fault = Fault("stuck", "button.pressed", 1, 0.25, delay, when="pace.parity", nth=nth, rising=rising)
    plant = plant_of(fault, pace=Station(time=1.0), button=Button())
    found = edges(plant, "button.pressed", 20.0)
    begin = (2 * nth - 1 if rising else 2 * nth) * SECOND + round(delay * SECOND)
    assert [value for _, value in found] == [True, False]
    assert abs(found[0][0] - begin) <= EXACT and abs(found[1][0] - begin - SECOND // 4) <= EXACT


def test_a_snapshot_in_the_middle_of_faults_goes_on_as_they_would() -> None:
    faults = (
        Fault("intermittent", "button.pressed", 0.05, duration=5.0, delay=1.0),
        Fault("late", "button.pressed", 0.3, duration=5.0, delay=2.0),
        Fault("scale", "lift.extend_time", 2.0, duration=3.0, delay=2.5),
    )
    plant = plant_of(*faults, lift=Cylinder(), button=Button())
    plant.set("button.pressed", True)
    until(plant, 3.1)
    middle = plant.snapshot()
    until(plant, 9.0)
    whole = plant.snapshot()
    plant.restore(middle)
    for k in range(60):
        until(plant, 3.1 + k * 0.1)
    until(plant, 9.0)
    assert (plant.snapshot() == whole).all()


def test_each_scenario_of_a_batch_has_its_own_faults() -> None:
    down = Fault("set", "station.time", 10.0, duration=1000.0, delay=20.0)
    batch = Batch({"station": Station(time=1.0)}, seeds=[1, 1], faults=[[down], []])
    batch.advance(60.0)
    assert batch.counts()["station.done"].tolist() == [24, 60]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "stuk", "target": "button.pressed"}, "no kind 'stuk'.*stuck"),
    ({"kind": "stuck", "target": "button.pressed", "value": 0.5}, "value: wanted 0 or 1, got 0.5"),
    (
        {"kind": "late", "target": "button.pressed", "value": 0.0},
        "value: wanted the delay, above 0 s, got 0.0",
    ),
    ({"kind": "stuck", "target": "button.presed"}, "no signal 'button.presed'.*button.pressed"),
    ({"kind": "stuck", "target": "button.pressed", "when": "lift.extnded"}, "no signal.*lift.extended"),
    ({"kind": "set", "target": "lift.extendtime"}, "no live parameter 'lift.extendtime'.*extend_time"),
    ({"kind": "set", "target": "lift.tolerance"}, "no live parameter 'lift.tolerance'"),
    ({"kind": "set", "target": "lift.reach", "value": 2.0}, "lift.reach: value: wanted 0 to 1.*got 2.0"),
    (
        {"kind": "set", "target": "lift.jammed", "value": float("nan")},
        "value: wanted what the number becomes",
    ),
    ({"kind": "set", "target": "lift.jammed", "duration": -1.0}, "duration: wanted 0 s or more, got -1.0"),
    ({"kind": "set", "target": "lift.jammed", "nth": 0}, "nth: wanted a whole number from 1, got 0"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_a_fault_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        plant_of(Fault(**given), lift=Cylinder(), button=Button())


def test_a_plant_without_faults_has_no_event_more() -> None:
    parts = {"lift": Cylinder(), "pace": Station(time=0.5), "button": Button()}
    bare, faulty = Plant(parts, Plc()), plant_of(Fault("stuck", "button.pressed", 1, delay=50.0), **parts)
    for plant in (bare, faulty):
        until(plant, 40.0)
    assert bare.events == faulty.events
    assert faulty.cause == Cause.UNTIL
