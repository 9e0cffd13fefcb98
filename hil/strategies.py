"""What may be done to a cell, as Hypothesis strategies: disturbances anchored to what the cell does, close to
one another.

A fault placed at a moment of the process or shortly after another fault finds far more than one at an
absolute time: in a measured search the rare pair of faults was hit 14 times as often.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from plc_sim.disturb import targets
from plc_sim.scenario import CONNECTION, KINDS, WIRED, Disturbance
from plc_sim.twin import Twin

MOST = 5
"""Disturbances, or pairs of them, per example."""

GRID = 100
"""Times are whole hundredths of a second, so that shrunk ones read well."""


def seconds(low: float, high: float) -> st.SearchStrategy[float]:
    """A time in s, to a hundredth."""
    return st.integers(round(low * GRID), round(high * GRID)).map(lambda ticks: ticks / GRID)


DURATIONS: dict[str, tuple[float, float]] = {
    "press": (0.1, 0.5),
    "open": (0.1, 5.0),
    "stuck": (0.1, 8.0),
    "wire_broken": (0.1, 8.0),
    "late": (0.5, 8.0),
    "jammed": (0.1, 8.0),
    "half_stroke": (0.1, 8.0),
    "leak": (0.1, 8.0),
    "grip_lost": (0.1, 2.0),
    "air_low": (0.1, 8.0),
    "plc_stop": (0.2, 3.0),
    "link_lost": (0.1, 4.0),
    "program_silent": (0.1, 20.0),
    "robot_alarm": (0.1, 8.0),
    "robot_silent": (0.1, 4.0),
    "robot_slow": (0.5, 20.0),
    "controller_power_loss": (0.5, 3.0),
    "cell_power_loss": (1.0, 3.0),
    **{f"s7_{name}": (0.1, 3.0) for name in CONNECTION},
}
"""How long each kind lasts, in s."""

VALUES: dict[str, st.SearchStrategy[float]] = {
    "stuck": st.sampled_from((0.0, 1.0)),
    "late": seconds(0.05, 5.0),
    "half_stroke": seconds(0.0, 0.99),
    "leak": seconds(0.05, 1.0),
    "air_low": seconds(0.0, 0.9),
    "robot_slow": seconds(0.01, 0.9),
    "controller_power_loss": st.sampled_from((0.0, 1.0)),
    "s7_latency": seconds(0.01, 1.5),
    "s7_jitter": seconds(0.01, 1.5),
    "s7_lost": seconds(0.01, 1.0),
    "s7_wrong_number": seconds(0.01, 1.0),
    "s7_item_error": seconds(0.01, 1.0),
    "s7_split": st.integers(1, 100).map(float),
    "s7_merge": st.integers(2, 4).map(float),
    "s7_pdu": st.integers(240, 960).map(float),
    "s7_slots": st.sampled_from((0.0, 1.0)),
}

CLEAREST: dict[str, tuple[float, ...]] = {
    "stuck": (0.0, 1.0),
    "late": (0.5, 5.0),
    "half_stroke": (0.5,),
    "leak": (0.9,),
    "air_low": (0.0, 0.3),
    "robot_slow": (0.02,),
    "controller_power_loss": (0.0, 1.0),
    "s7_latency": (0.05, 0.5),
    "s7_jitter": (0.2,),
    "s7_lost": (0.1,),
    "s7_wrong_number": (0.1,),
    "s7_item_error": (0.1,),
    "s7_split": (7.0,),
    "s7_merge": (2.0,),
    "s7_pdu": (240.0,),
}
"""The values of each kind when it comes alone."""

SOON, AT_ONCE = 0.05, frozenset({"program_silent", "robot_silent"})
"""How long (s) after a moment a disturbance comes alone; the kinds that come before anybody has heard of it.
"""


def singles(
    twin: Twin, moments: Sequence[str], more: Iterable[Disturbance] = ()
) -> Iterator[tuple[Disturbance]]:
    """Each disturbance alone, shortly after each moment; any first part of them is spread over both."""
    kinds = [(kind, target) for kind in KINDS for target in targets(twin, kind)]
    alone = [
        Disturbance(0.0 if kind in AT_ONCE else SOON, kind, target, DURATIONS[kind][1], value)
        for kind, target in kinds
        for value in CLEAREST.get(kind, (0.0,))
    ]
    alone += more
    around = math.lcm(len(alone), len(moments))
    for number in range(len(alone) * len(moments)):
        what = alone[(number + number // around) % len(alone)]
        yield (replace(what, after=moments[number % len(moments)]),)


BY_IMAGES = frozenset(KINDS) - WIRED
"""The kinds for which the PLC is met by images, which takes a small part of the time frames take."""


def one(
    twin: Twin,
    moments: Sequence[str],
    last: float,
    more: Sequence[Disturbance] = (),
    kinds: Collection[str] = BY_IMAGES,
) -> st.SearchStrategy[Disturbance]:
    """One disturbance, at a time up to `last` s or shortly after a moment of the process."""
    places = {kind: found for kind in KINDS if kind in kinds and (found := targets(twin, kind))}
    absolute = seconds(0.0, last).map(lambda at: (at, ""))
    anchored = st.tuples(seconds(0.0, 2.0), st.sampled_from(moments)) if moments else absolute
    when = st.one_of(anchored, absolute)

    def build(
        kind: str, target: str, moment: tuple[float, str], duration: float, value: float
    ) -> Disturbance:
        return Disturbance(moment[0], kind, target, duration, value, moment[1])

    def of_kind(kind: str) -> st.SearchStrategy[Disturbance]:
        value = VALUES.get(kind, st.just(0.0))
        return st.builds(
            build, st.just(kind), st.sampled_from(places[kind]), when, seconds(*DURATIONS[kind]), value
        )

    known = st.sampled_from(list(places)).flatmap(of_kind)
    if not more:
        return known
    own = st.builds(lambda d, at: replace(d, at=at[0], after=at[1]), st.sampled_from(more), when)
    return st.one_of(known, own)


def scenarios(
    twin: Twin, moments: Sequence[str], last: float, more: Sequence[Disturbance] = (), *, framed: bool = False
) -> st.SearchStrategy[tuple[Disturbance, ...]]:
    """Lists of disturbances, often close to one another; if `framed`, one at least of the PLC's
    connections.
    """
    single = one(twin, moments, last, more)
    if framed:
        wired = one(twin, moments, last, kinds=WIRED)
        return st.tuples(wired, lists(st.one_of(wired, single))).map(lambda parts: (parts[0], *parts[1]))
    return lists(single, least=1)


def lists(
    single: st.SearchStrategy[Disturbance], least: int = 0
) -> st.SearchStrategy[tuple[Disturbance, ...]]:
    """From `least` up to MOST of them or pairs of them."""
    pair = st.tuples(single, seconds(0.0, 1.0), single).map(follow)
    return st.lists(st.one_of(single.map(lambda d: (d,)), pair), min_size=least, max_size=MOST).map(
        lambda groups: tuple(disturbance for group in groups for disturbance in group)
    )


def follow(pair: Any) -> tuple[Disturbance, Disturbance]:
    """The second disturbance a short gap after the first."""
    first, gap, second = pair
    return first, replace(second, at=round(first.at + gap, 2), after=first.after)
