"""The faults of an S7 connection: what reaches the client, and when."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.errors import ConfigurationError
from control.scan import NEVER
from plc_sim.s7_faults import BOUNDS, S7Faults, S7Wire, frames_of

MS = 1_000_000


def frame(number: int, size: int) -> bytes:
    body = bytes((2, 0xF0, 0x80, 0x32, 3, 0, 0)) + number.to_bytes(2, "big") + bytes(8 + size)
    return bytes((3, 0)) + (4 + len(body)).to_bytes(2, "big") + body


frames = st.lists(st.builds(frame, st.integers(1, 0xFFFF), st.integers(0, 300)), min_size=1, max_size=8)


def faulty(**faults: float) -> S7Faults:
    made = S7Faults()
    for name, value in faults.items():
        made.set(name, value)
    return made


def arrivals(wire: S7Wire) -> list[tuple[int, bytes]]:
    """Everything that is on its way, with its time."""
    found = []
    while wire.next < NEVER:
        found.append((wire.next, wire.due(wire.next)))
    return found


@given(
    frames,
    st.floats(0.0, 0.05),
    st.floats(0.0, 0.05),
    st.integers(0, 64),
    st.integers(0, 4),
    st.integers(0, 1 << 60),
)
def test_delays_and_cuts_keep_every_byte_and_their_order(
    sent: list[bytes], latency: float, jitter: float, split: int, merge: int, key: int
) -> None:
    wire = S7Wire(faulty(latency=latency, jitter=jitter, split=split, merge=merge), key)
    for number, each in enumerate(sent):
        wire.take(each, number * MS)
    held = b"".join(wire.held)
    found = arrivals(wire)
    assert b"".join(data for _, data in found) + held == b"".join(sent)
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(found))
    assert len(wire.held) < max(merge, 1)
    if found:
        assert found[0][0] >= latency * 1e9 - 1


@given(frames, st.integers(0, 1 << 60))
def test_a_misnumbered_answer_differs_in_its_number_alone(sent: list[bytes], key: int) -> None:
    wire = S7Wire(faulty(wrong_number=1.0), key)
    wire.take(b"".join(sent), 0)
    got = list(frames_of(b"".join(data for _, data in arrivals(wire))))
    for before, after in zip(sent, got, strict=True):
        assert before[11:13] != after[11:13]
        assert (before[:11], before[13:]) == (after[:11], after[13:])


@given(frames, st.integers(0, 1 << 60))
def test_a_lost_answer_or_a_half_open_connection_says_nothing(sent: list[bytes], key: int) -> None:
    for faults in (faulty(lost=1.0), faulty(half_open=1)):
        wire = S7Wire(faults, key)
        wire.take(b"".join(sent), 0)
        assert wire.next == NEVER


def test_draws_depend_on_key_and_number_alone() -> None:
    sent = [frame(number, 20) for number in range(1, 400)]

    def run(key: int) -> bytes:
        wire = S7Wire(faulty(lost=0.25), key)
        for each in sent:
            wire.take(each, 0)
        return b"".join(data for _, data in arrivals(wire))

    assert run(7) == run(7) != run(8)
    assert 240 < len(list(frames_of(run(7)))) < 360


@pytest.mark.parametrize("name", BOUNDS)
def test_a_fault_outside_its_bounds_is_refused_by_name(name: str) -> None:
    faults, (low, high) = S7Faults(), BOUNDS[name]
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(ConfigurationError, match=f"{name}: wanted {low:g} to {high:g}, got"):
            faults.set(name, value)
    faults.set(name, high)
    assert faults.any == (high != getattr(S7Faults(), name))
    faults.clear(name)
    assert not faults.any


def test_an_unknown_fault_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no fault 'latenzy'.*latency"):
        S7Faults().set("latenzy", 1.0)
