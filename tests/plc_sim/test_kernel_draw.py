"""Draws: the same on every machine, for ever, in the kernel and beside it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc_sim.kernel import host
from plc_sim.kernel.draw import ln, ns, stream_key, u01
from plc_sim.kernel.header import name_hash
from plc_sim.plant import Plant, Timing
from plc_sim.plc import Plc

MS = 1_000_000


def test_draws_are_what_they_were_when_this_was_written() -> None:
    key = stream_key(7, 3, name_hash("feeder"))
    assert (name_hash("feeder"), key) == (0x458577E6BEA94FB6, 8610349408702361379)
    assert [u01(key, number) for number in range(3)] == [
        0.6436924637912143,
        0.08743711854160757,
        0.20402668190047918,
    ]


def test_the_kernel_draws_what_the_host_draws() -> None:
    timing = Timing(link_jitter=3 * MS, link_delay=(MS, 4 * MS), scan_lateness=2 * MS)
    plant = Plant({}, Plc(), seed=5, scenario=2, timing=timing)
    link, scan = (stream_key(5, 2, name_hash(name)) for name in ("plc", "controller"))
    for k in range(100):
        start = timing.start + timing.link_phase + k * timing.link_cycle + int(u01(link, 2 * k) * 3 * MS)
        delay = MS + int(u01(link, 2 * k + 1) * (3 * MS + 1))
        assert host.exchange(plant.block, k) == (start, start + delay // 2, start + delay)
        late = int(u01(scan, k) * 2 * MS)
        instant = timing.start + timing.scan_phase + k * timing.scan_period + late
        assert host.scan_instant(plant.block, k) == instant


def test_draws_are_spread_evenly() -> None:
    draws = [u01(stream_key(1, 0, name_hash("spread")), number) for number in range(20_000)]
    assert all(0.0 < draw < 1.0 for draw in draws)
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=0.01)
    tenths = [sum(k <= 10 * draw < k + 1 for draw in draws) for k in range(10)]
    assert max(tenths) - min(tenths) < 300


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_the_logarithm(x: float) -> None:
    assert ln(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-16)


@given(st.integers(0, 10**18))
def test_seconds_become_the_nearest_ns(number: int) -> None:
    assert abs(ns(number * 1e-9) - number) <= number * 2.3e-16 + 0.5
