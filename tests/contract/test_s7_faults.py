"""Our link against a CPU whose connections are faulty, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.contract.s7_site import COMMAND, STATUS, Site, serving, until

pytestmark = pytest.mark.wire

TIMEOUT = 0.1
"""Of the links here, in s."""

BACK = 2.0
"""How soon a link must be good again once the CPU's connections are, in s."""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def pattern(number: int) -> bytes:
    return bytes((number + at) % 251 for at in range(STATUS.size))


BAD = {
    "lost": (1.0, "no answer within"),
    "half_open": (1, "no answer within"),
    "latency": (1.0, "no answer within"),
    "wrong_number": (1.0, "wanted an answer to job"),
    "item_error": (1.0, "hardware fault"),
}
"""What a connection does not survive, and what the link says of it."""


@pytest.mark.parametrize("name", BAD)
def test_what_spoils_an_exchange_ends_the_connection_and_heals(site: Site, name: str) -> None:
    value, said = BAD[name]
    link = site.opened(timeout=TIMEOUT)
    link.put((b"\1" * COMMAND.size,))
    until(lambda: site.holds(COMMAND) == b"\1" * COMMAND.size, "the outputs")
    site.memory.exchange([(STATUS, pattern(1))], ())
    until(lambda: link.image.data == (pattern(1),), "the image")
    site.outlet.faults.set(name, value)
    until(lambda: not link.image.good, "the link to notice")
    assert said in link.image.cause
    link.put((b"\2" * COMMAND.size,))
    site.memory.exchange([(STATUS, pattern(2))], ())
    site.written.clear()
    site.outlet.faults.clear(name)
    healed = time.monotonic()
    until(lambda: link.image.good, "the link to come back")
    assert time.monotonic() - healed < BACK
    until(lambda: link.image.data == (pattern(2),), "the image of after")
    assert b"\2" not in b"".join(data for _, data in site.written)
    assert link.reconnects >= 1


GOOD = {"latency": 0.01, "jitter": 0.01, "split": 7, "merge": 1, "pdu": 240}
"""What a connection survives."""


@pytest.mark.parametrize("name", GOOD)
def test_what_only_delays_or_cuts_loses_nothing(site: Site, name: str) -> None:
    site.outlet.faults.set(name, GOOD[name])
    link = site.opened(timeout=1.0)
    for number in range(5):
        site.memory.exchange([(STATUS, pattern(number))], ())
        until(lambda number=number: link.image.data == (pattern(number),), "the image")  # type: ignore[misc]
        link.put((bytes([number]) * COMMAND.size,))
        until(lambda number=number: site.holds(COMMAND) == bytes([number]) * COMMAND.size, "outputs")  # type: ignore[misc]
    assert link.image.good
    assert link.reconnects == 0


def test_a_cpu_without_a_free_slot_is_waited_for(site: Site) -> None:
    link = site.opened(timeout=TIMEOUT)
    site.outlet.faults.set("slots", 0)
    site.outlet.stop()
    site.outlet.start()
    until(lambda: "free connection" in link.image.cause, "the refusal")
    site.outlet.faults.clear("slots")
    until(lambda: link.image.good, "the link to come back")
