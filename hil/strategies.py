"""What may be done to a cell, as Hypothesis strategies: disturbances anchored to what the cell does, close to
one another.

A fault placed at a moment of the process or shortly after another fault finds far more than one at an
absolute time: in a measured search the rare pair of faults was hit 14 times as often.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from control.cell import Cell, sequences_of
from control.packml import State
from plc_sim.disturb import targets
from plc_sim.scenario import KINDS, Disturbance
from plc_sim.twin import Twin

MOST = 5
"""Disturbances per example."""

GRID = 100
"""Times are whole hundredths of a second, so that shrunk ones read well."""


def seconds(low: float, high: float) -> st.SearchStrategy[float]:
    """A time in s, to a hundredth."""
    return st.integers(round(low * GRID), round(high * GRID)).map(lambda ticks: ticks / GRID)


DURATIONS: dict[str, tuple[float, float]] = {
    "press": (0.1, 0.5),
    "open": (0.1, 5.0),
    "stuck": (0.1, 8.0),
    "late": (0.5, 8.0),
    "plc_stop": (0.2, 3.0),
    "link_lost": (0.1, 4.0),
    "robot_alarm": (0.0, 0.0),
    "controller_power_loss": (0.5, 3.0),
    "cell_power_loss": (1.0, 3.0),
}
"""How long each kind lasts, in s."""

VALUES: dict[str, st.SearchStrategy[float]] = {
    "stuck": st.sampled_from((0.0, 1.0)),
    "late": seconds(0.05, 1.0),
    "controller_power_loss": st.sampled_from((0.0, 1.0)),
}


def one(twin: Twin, moments: list[str], last: float) -> st.SearchStrategy[Disturbance]:
    """One disturbance, at a time up to `last` s or shortly after a moment of the process."""
    kinds = [(kind, target) for kind in KINDS for target in targets(twin, kind)]

    def build(what: tuple[str, str], when: tuple[float, str], duration: float, value: float) -> Disturbance:
        return Disturbance(when[0], what[0], what[1], duration, value, when[1])

    absolute = seconds(0.0, last).map(lambda at: (at, ""))
    anchored = st.tuples(seconds(0.0, 2.0), st.sampled_from(moments)) if moments else absolute
    return st.sampled_from(kinds).flatmap(
        lambda what: st.builds(
            build,
            st.just(what),
            st.one_of(anchored, absolute),
            seconds(*DURATIONS[what[0]]),
            VALUES.get(what[0], st.just(0.0)),
        )
    )


def moments_of(controller: type[Cell], times: int = 3) -> list[str]:
    """The moments disturbances can be anchored to: each step of each sequence, and each state."""
    steps = [
        f"{kind.name} {step.name}"
        for state in controller.sequences
        for kind in sequences_of(controller, state)
        for step in kind.steps
    ]
    states = [f"state {state.name}" for state in State]
    return [
        f"{moment} {count}" for moment in dict.fromkeys([*steps, *states]) for count in range(1, times + 1)
    ]


def scenarios(twin: Twin, last: float) -> st.SearchStrategy[tuple[Disturbance, ...]]:
    """Lists of disturbances, often close to one another."""
    single = one(twin, moments_of(twin.controller), last)
    pair = st.tuples(single, seconds(0.0, 1.0), single).map(follow)
    return st.lists(st.one_of(single.map(lambda d: (d,)), pair), min_size=1, max_size=MOST).map(
        lambda groups: tuple(disturbance for group in groups for disturbance in group)
    )


def follow(pair: Any) -> tuple[Disturbance, Disturbance]:
    """The second disturbance a short gap after the first."""
    first, gap, second = pair
    at = round(first.at + gap, 2)
    return first, Disturbance(at, second.kind, second.target, second.duration, second.value, first.after)
