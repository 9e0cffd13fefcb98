"""The S7 job layer: packing into the fewest jobs, and what is read against the simulated PLC's endpoint."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from control.block import Area, Region
from control.link import Plan
from control.s7_jobs import (
    Layout,
    ReadJob,
    Room,
    WriteJob,
    changed,
    pack,
    read_room,
    without_overlap,
    write_room,
)
from control.s7_session import S7Session
from tests.control.s7_rig import DB, Wire, held, plc

PDUS = st.sampled_from([240, 480, 960])

regions = st.builds(
    Region,
    st.just(DB),
    st.integers(1, 3),
    st.integers(0, 1500),
    st.integers(1, 600),
) | st.builds(
    Region,
    st.sampled_from([Area.INPUTS, Area.OUTPUTS, Area.MERKERS]),
    st.just(0),
    st.integers(0, 50),
    st.integers(1, 40),
)
plans = st.lists(regions, min_size=1, max_size=30)


def thousand_tags() -> list[Region]:
    """1000 BOOL, INT and REAL in slots of 4 bytes, the last one a BOOL: 3997 bytes."""
    draw = random.Random(3)
    sizes = [draw.choice((1, 2, 4)) for _ in range(999)] + [1]
    return [Region(DB, 10, 4 * slot, size) for slot, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("parts", "pdu", "jobs"),
    [
        *[(thousand_tags(), pdu, jobs) for pdu, jobs in ((240, 18), (480, 9), (960, 5))],
        *[([Region(DB, 10, 0, 4000)], pdu, jobs) for pdu, jobs in ((240, 19), (480, 9), (960, 5))],
        *[
            ([Region(DB, 10, 62 * n, 2) for n in range(64)], pdu, jobs)
            for pdu, jobs in ((240, 4), (480, 3), (960, 2))
        ],
        ([Region(DB, 10, 0, 222)], 240, 1),
        ([Region(DB, 10, 0, 223)], 240, 2),
        ([Region(DB, n, 0, 1) for n in range(1, 21)], 960, 1),
        ([Region(DB, n, 0, 1) for n in range(1, 22)], 960, 2),
        ([Region(DB, n, 0, 1) for n in range(1, 21)], 240, 2),
    ],
)
def test_fewest_jobs(parts: list[Region], pdu: int, jobs: int) -> None:
    assert len(pack(parts, read_room(pdu))) == jobs


@given(plans, PDUS)
def test_every_byte_is_read_exactly_once_and_fits(regions: list[Region], pdu: int) -> None:
    parts = without_overlap(regions)
    jobs = pack(parts, read_room(pdu))
    items = [item for job in jobs for item in job]
    for left, right in pairwise(items):
        assert left[:2] != right[:2] or left.start + left.size <= right.start
    for region in regions:
        covered = [item for item in items if item[:2] == region[:2]]
        assert all(any(byte in item.bytes() for item in covered) for byte in region.bytes())
    layout = Layout(regions)
    for job in [ReadJob(items, layout) for items in jobs]:
        assert len(job.items) <= 20
        assert len(job.frame) <= 7 + pdu
        assert int.from_bytes(job.head[2:4]) <= 7 + pdu


@given(plans, PDUS)
def test_written_jobs_fit_and_write_nothing_else(regions: list[Region], pdu: int) -> None:
    parts = without_overlap(regions)
    layout = Layout(parts)
    jobs = pack(parts, write_room(pdu))
    for job in [WriteJob(items, layout, bytearray(layout.size)) for items in jobs]:
        assert len(job.items) <= 20
        assert len(job.frame) <= 7 + pdu
    written = Counter((item[:2], byte) for job in jobs for item in job for byte in item.bytes())
    assert written == Counter((part[:2], byte) for part in parts for byte in part.bytes())


@given(plans, PDUS)
def test_a_word_at_an_even_byte_is_never_cut(regions: list[Region], pdu: int) -> None:
    parts = without_overlap(regions)
    for room in (read_room(pdu), write_room(pdu)):
        starts = {(item[:2], item.start) for job in pack(parts, room) for item in job}
        cuts = starts - {(part[:2], part.start) for part in parts}
        assert all(start % 2 == 0 for _, start in cuts)


@given(plans)
def test_parts_stay_whole_where_that_costs_no_job(regions: list[Region]) -> None:
    parts = [part for part in without_overlap(regions) if part.size <= 222]
    assume(parts)
    total = sum(4 + part.size + part.size % 2 for part in parts)
    if total <= 226:
        items = [item for job in pack(parts, read_room(240)) for item in job]
        assert all(any(set(part.bytes()) <= set(item.bytes()) for item in items) for part in parts)


def fewest_by_search(parts: tuple[Region, ...], room: Room) -> int:
    """The oracle: every cut at an even byte, every choice of bridges."""

    @cache
    def weight(pieces: tuple[Region, ...], bridged: int) -> tuple[int, int]:
        runs = [pieces[0]]
        for index, piece in enumerate(pieces[1:]):
            if bridged >> index & 1:
                runs[-1] = runs[-1]._replace(size=piece.start + piece.size - runs[-1].start)
            else:
                runs.append(piece)
        return len(runs), sum(room.overhead + run.size + run.size % 2 for run in runs) - runs[-1].size % 2

    def fits(pieces: tuple[Region, ...]) -> bool:
        choices = (weight(pieces, bridged) for bridged in range(1 << (len(pieces) - 1)))
        return any(count <= room.items and size <= room.size for count, size in choices)

    @cache
    def fewest(rest: tuple[Region, ...]) -> int:
        if not rest:
            return 0
        best = len(rest) * 50
        for count in range(len(rest), 0, -1):
            last = rest[count - 1]
            for size in range(last.size, 0, -1):
                if size < last.size and (last.start + size) % 2:
                    continue
                if fits((*rest[: count - 1], last._replace(size=size))):
                    left = last._replace(start=last.start + size, size=last.size - size)
                    return min(best, 1 + fewest(((left,) if left.size else ()) + rest[count:]))
        return best

    return fewest(parts)


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(1, 18)), min_size=1, max_size=6), st.integers(1, 4))
def test_no_search_finds_fewer_jobs(steps: list[tuple[int, int]], items: int) -> None:
    parts, at = [], 0
    for gap, size in steps:
        parts.append(Region(DB, 1, at + gap, size))
        at += gap + size
    room = Room(26, 4, items, bridges=True)
    assert len(pack(parts, room)) == fewest_by_search(tuple(parts), room)


@given(st.binary(min_size=1, max_size=80), st.data())
def test_changed_runs_hold_every_difference(old: bytes, data: st.DataObject) -> None:
    new = bytearray(old)
    for at in data.draw(st.lists(st.integers(0, len(old) - 1), max_size=6)):
        new[at] ^= data.draw(st.integers(1, 255))
    region = Region(DB, 1, 100, len(old))
    runs = changed(region, old, new)
    differing = {100 + at for at in range(len(old)) if old[at] != new[at]}
    assert differing <= {byte for run in runs for byte in run.bytes()}
    assert all(run.start in differing and run.start + run.size - 1 in differing for run in runs)
    assert all(right.start - left.start - left.size > 16 for left, right in pairwise(runs))


@given(plans, PDUS, st.integers(1, 8), st.integers(0, 300))
def test_what_is_read_is_what_the_plc_holds(regions: list[Region], pdu: int, jobs: int, cut: int) -> None:
    memory = plc(*regions)
    wire = Wire(memory, S7Session("plc", Plan(tuple(regions), (), ())), pdu=pdu, jobs=jobs, cut=cut)
    for _ in range(3):
        wire.exchange()
    assert wire.session.image.good
    assert wire.session.image.data == tuple(held(memory, region) for region in regions)
