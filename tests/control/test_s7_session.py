"""The session of an S7 link against the simulated PLC's endpoint, exchange by exchange, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from control.block import Area, Region
from control.errors import ConfigurationError, ProtocolError, UsageError
from control.link import Plan
from control.s7_jobs import ItemRefused, JobRefused
from control.s7_session import S7Session
from plc_sim.s7_faults import frames_of
from tests.control.s7_rig import COMMAND, DB, LIFE, PLAN, PLC_LIFE, SAFE, START, STATUS, Rig, held, outputs

SECOND = 1_000_000_000
PDUS = st.sampled_from([240, 480, 960])


def test_a_connection_first_looks_then_writes_safe_then_outputs() -> None:
    rig = Rig(life=LIFE)
    before = held(rig.memory, Region(DB, 11, 0, 40))
    rig.session.put(outputs(1))
    rig.exchange()
    assert held(rig.memory, Region(DB, 11, 0, 40)) == before
    assert not rig.session.image.good
    rig.exchange()
    assert held(rig.memory, COMMAND) == SAFE
    assert held(rig.memory, LIFE) == before[:2]
    assert rig.session.image.good
    rig.exchange()
    assert held(rig.memory, COMMAND) == outputs(1)[0]


@given(st.lists(st.none() | st.binary(min_size=30, max_size=30), max_size=12), PDUS)
def test_the_plc_holds_the_latest_outputs_and_nothing_else_changes(
    puts: list[bytes | None], pdu: int
) -> None:
    rig = Rig(life=LIFE, pdu=pdu).bring_up()
    life, wanted = int.from_bytes(held(rig.memory, LIFE)), SAFE
    around = held(rig.memory, Region(DB, 11, 2, 2)), held(rig.memory, Region(DB, 11, 34, 6))
    for data in puts:
        if data is not None:
            rig.session.put((data,))
            wanted, life = data, life + 1
        rig.exchange()
        assert held(rig.memory, COMMAND) == wanted
        assert int.from_bytes(held(rig.memory, LIFE)) == life % 65536
    assert around == (held(rig.memory, Region(DB, 11, 2, 2)), held(rig.memory, Region(DB, 11, 34, 6)))


def test_only_changed_bytes_go_out_in_one_job() -> None:
    rig = Rig(life=LIFE).bring_up()
    rig.session.put((bytes([1]) + SAFE[1:29] + bytes([2]),))
    rig.exchange()
    assert rig.written == [Region(DB, 11, 4, 1), Region(DB, 11, 33, 1), LIFE._replace(start=1, size=1)]
    assert rig.functions() == [4, 5]


def test_without_new_outputs_nothing_is_written() -> None:
    rig = Rig(life=LIFE).bring_up()
    rig.exchange()
    assert rig.functions() == [4]


def test_of_several_outputs_only_the_latest_is_written() -> None:
    rig = Rig().bring_up()
    rig.session.put(outputs(1, 1))
    rig.session.put(outputs(2, 2))
    rig.exchange()
    assert held(rig.memory, COMMAND) == outputs(2, 2)[0]
    assert len(rig.written) == 1


def test_a_life_word_inside_a_written_block_is_the_links_alone() -> None:
    block = Region(DB, 11, 0, 34)
    rig = Rig(Plan((STATUS,), (block,), (bytes(34),)), life=LIFE)
    before = held(rig.memory, LIFE)
    rig.bring_up()
    assert held(rig.memory, LIFE) == before
    rig.session.put((bytes([0xFF]) * 34,))
    rig.exchange()
    assert int.from_bytes(held(rig.memory, LIFE)) == (int.from_bytes(before) + 1) % 65536
    assert held(rig.memory, block)[2:] == bytes([0xFF]) * 32


WHOLE = Region(DB, 11, 0, 34)
LAYOUTS = {
    "the life word apart": (PLAN, b""),
    "the life word in the block": (Plan((STATUS,), (WHOLE,), (bytes(4) + SAFE,)), bytes(4)),
}
"""What is moved, and what precedes the outputs in it."""


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("first", [b"\0\x07", b"\x7a\xfe", b"\xff\xff"])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_plc_that_restarts_within_a_connection_is_written_anew(
    layout: str, first: bytes, ordered: bool
) -> None:
    """Its blocks have their start values again, whatever the link wrote before and does not change now. The
    safe values go out first.
    """
    plan, head = LAYOUTS[layout]
    rig = Rig(plan, life=LIFE, plc_life=PLC_LIFE)
    rig.memory.exchange([(LIFE, first)], ())
    rig.bring_up()
    count = 0

    def exchange(data: tuple[bytes] | None) -> bool:
        nonlocal count
        count += 1
        rig.memory.exchange([(PLC_LIFE, bytes((0, count)))], ())
        if data is not None:
            rig.session.put((head + data[0],))
        rig.exchange()
        return rig.session.image.good

    for _ in range(4):
        exchange(outputs(1, 7))
    assert rig.session.image.good and held(rig.memory, COMMAND) == outputs(1, 7)[0]
    rig.memory.exchange([(COMMAND, bytes(30)), (LIFE, bytes(2))], ())
    assert not exchange(outputs(1, 7) if ordered else None)
    assert rig.session.image.cause.startswith("plc: the PLC has restarted, or another client writes there")
    assert exchange(None) and held(rig.memory, COMMAND) == SAFE
    for _ in range(4):
        assert exchange(outputs(1, 7)) and held(rig.memory, COMMAND) == outputs(1, 7)[0]


def test_a_plc_may_answer_the_write_before_the_read() -> None:
    rig = Rig(life=LIFE).bring_up()
    for value in (1, 2, 3):
        rig.session.put(outputs(value))
        frames = list(frames_of(rig.session.start(START)))
        assert len(frames) == 2
        for frame in reversed(frames):
            rig.session.receive(rig.endpoint.receive(frame), START)
        assert rig.session.image.good and held(rig.memory, COMMAND) == outputs(value)[0]


def test_the_life_word_wraps() -> None:
    rig = Rig(life=LIFE)
    rig.memory.exchange([(LIFE, b"\xff\xff")], ())
    rig.bring_up()
    rig.session.put(outputs(1))
    rig.exchange()
    assert held(rig.memory, LIFE) == b"\0\0"


def test_an_observer_never_writes() -> None:
    rig = Rig(life=LIFE, observe=True)
    before = held(rig.memory, Region(DB, 11, 0, 40))
    for first in range(4):
        rig.session.put(outputs(first))
        rig.exchange()
    rig.session.make_safe()
    rig.exchange()
    assert set(rig.functions()) == {4}
    assert held(rig.memory, Region(DB, 11, 0, 40)) == before
    assert rig.session.image.good


def test_make_safe_supersedes_outputs() -> None:
    rig = Rig().bring_up()
    rig.session.put(outputs(1))
    rig.session.make_safe()
    rig.exchange()
    assert held(rig.memory, COMMAND) == SAFE
    assert rig.written == [COMMAND]


def test_a_lost_write_is_never_sent_again() -> None:
    rig = Rig().bring_up()
    rig.session.put(outputs(7))
    rig.session.start(START)
    rig.session.lose("no answer")
    assert rig.session.image[2:] == (False, "plc: no answer")
    rig.session.put(outputs(8))
    rig.connect()
    for _ in range(4):
        rig.exchange()
    assert held(rig.memory, COMMAND) == SAFE
    assert rig.written == [COMMAND]
    assert rig.session.image.good


@pytest.mark.parametrize("jobs", [1, 8])
def test_an_image_is_as_old_as_the_sending_of_its_read(jobs: int) -> None:
    rig = Rig(jobs=jobs).bring_up()
    rig.session.put(outputs(1))
    now, frames = START, rig.session.start(START)
    while rig.session.busy:
        now += 1
        frames = rig.session.receive(rig.endpoint.receive(frames), now)
    assert now > START and rig.session.image.time == START


def turn(rig: Rig, word: int, seconds: float) -> str:
    """One exchange in which the PLC's life word is `word`; why the image is not good."""
    rig.memory.exchange([(PLC_LIFE, word.to_bytes(2))], ())
    rig.exchange(START + round(seconds * SECOND))
    assert rig.session.image.good == (not rig.session.image.cause)
    return rig.session.image.cause


def test_the_plc_must_be_seen_running_and_go_on() -> None:
    rig = Rig(plc_life=PLC_LIFE)
    stopped = "plc: PLC does not run (life word DB10.DBW22 has not changed for 1.0 s)"
    unseen = "plc: PLC not yet seen running (life word DB10.DBW22 has not changed so far)"
    rig.exchange()
    assert turn(rig, 5, 0.0) == unseen
    assert turn(rig, 5, 0.9) == unseen
    assert turn(rig, 6, 1.0) == ""
    assert turn(rig, 6, 2.0) == ""
    assert turn(rig, 6, 2.001) == stopped
    assert turn(rig, 7, 2.5) == ""
    rig.session.lose("cable")
    rig.connect()
    rig.exchange()
    assert turn(rig, 8, 3.0) == unseen
    assert turn(rig, 8, 4.5) == stopped


def test_a_life_word_must_be_a_word_and_clear_of_a_block_or_in_it() -> None:
    with pytest.raises(
        ConfigurationError, match=r"life word: wanted a word \(2 bytes\), got 4 bytes at DB11.DBB0..3"
    ):
        S7Session("plc", PLAN, life=Region(DB, 11, 0, 4))
    with pytest.raises(
        ConfigurationError, match=r"life word DB11.DBW3: wanted within DB11.DBB4..33 or clear of it"
    ):
        S7Session("plc", PLAN, life=Region(DB, 11, 3, 2))


def test_outputs_of_another_size_are_refused() -> None:
    rig = Rig().bring_up()
    with pytest.raises(UsageError, match=r"plc: outputs: wanted \[30\] bytes per region, got \[29\]"):
        rig.session.put((bytes(29),))


@pytest.mark.parametrize(
    ("region", "code", "message"),
    [
        (
            Region(DB, 12, 0, 4),
            0x0A,
            r"read DB12.DBB0..3: it does not exist \(code 0x0A\); make the cell's declaration",
        ),
        (Region(DB, 10, 0, 25), 0x05, r"read DB10.DBB0..24: these bytes lie beyond its end \(code 0x05\)"),
        (Region(Area.MERKERS, 0, 3, 1), 0x0A, r"read MB3: it does not exist"),
    ],
)
def test_a_refused_item_is_named(region: Region, code: int, message: str) -> None:
    rig = Rig(Plan((STATUS, region), (COMMAND,), (SAFE,)))
    with pytest.raises(ItemRefused, match=message) as caught:
        rig.exchange()
    assert (caught.value.item, caught.value.code, caught.value.verb) == (region, code, "read")


def test_a_refused_job_is_named_with_the_remedy() -> None:
    rig = Rig().bring_up()
    request = rig.session.start(START)
    refusal = bytes.fromhex("0300001302f08032020000") + request[11:13] + bytes.fromhex("000000008104")
    with pytest.raises(
        JobRefused, match=r"read DB10.DBB0..20: the PLC does not permit PUT/GET .*0x8104.*tick 'Permit"
    ):
        rig.session.receive(refusal, START)


def test_a_repeated_or_late_answer_is_refused() -> None:
    rig = Rig().bring_up()
    late = rig.endpoint.receive(rig.session.start(START))
    rig.session.receive(late, START)
    rig.session.start(START)
    with pytest.raises(ProtocolError, match=r"wanted an answer to job \[5\], got one to 4"):
        rig.session.receive(late, START)


def test_more_than_was_asked_for_is_refused_at_once() -> None:
    rig = Rig().bring_up()
    seen = rig.session.image
    answer = rig.endpoint.receive(rig.session.start(START))
    with pytest.raises(ProtocolError, match=r"no more than the answers asked for, got 03 00"):
        rig.session.receive(answer + b"\3\0", START)
    assert rig.session.image is seen


TWO = Plan((STATUS, Region(DB, 11, 34, 6)), (COMMAND,), (SAFE,))
"""An answer with two items, the first odd: data at 25..45, a fill byte, data at 51..56."""


@given(st.integers(0, 56), st.integers(1, 255))
def test_a_mutated_answer_is_taken_only_if_the_data_differ(at: int, flip: int) -> None:
    rig = Rig(TWO).bring_up()
    answer = bytearray(rig.endpoint.receive(rig.session.start(START)))
    assert len(answer) == 57
    answer[at] ^= flip
    data = at in range(25, 47) or at in range(51, 57)
    try:
        rig.session.receive(bytes(answer), START)
    except ProtocolError:
        assert not data
    else:
        assert rig.session.busy != data
        assert not data or rig.session.image.data == (answer[25:46], answer[51:57])


@given(st.sampled_from(["", "0300", "03000039", "0300003902f080320300000003"]), st.binary(max_size=120))
def test_random_bytes_are_never_taken_for_an_answer(head: str, tail: bytes) -> None:
    rig = Rig(TWO).bring_up()
    seen = rig.session.image
    genuine = rig.endpoint.receive(rig.session.start(START + 1))
    noise = bytes.fromhex(head) + tail
    assume(noise[:25] != genuine[:25])
    try:
        rig.session.receive(noise, START + 1)
    except ProtocolError:
        return
    assert rig.session.image is seen
