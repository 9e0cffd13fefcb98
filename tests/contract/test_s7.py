"""Our S7 link and our simulated PLC over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from control.block import Area, Region
from control.errors import ConfigurationError, ConnectError
from control.link import Plan
from control.s7 import S7Link
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_endpoint import S7Endpoint
from plc_sim.s7_outlet import S7Outlet
from tests.contract.s7_site import (
    COMMAND,
    DB,
    LIFE,
    PATIENCE,
    PLAN,
    PLC_LIFE,
    SAFE,
    SIZES,
    STATUS,
    Site,
    serving,
    until,
)

pytestmark = pytest.mark.wire


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def test_the_link_moves_blocks_both_ways(site: Site) -> None:
    pattern = bytes(range(200))
    site.memory.exchange([(STATUS, pattern)], ())
    link = site.opened()
    assert link.image.good
    assert link.image.data == (pattern,)
    link.put((bytes(range(20)),))
    until(lambda: site.holds(COMMAND) == bytes(range(20)), "the outputs")
    site.memory.exchange([(STATUS, pattern[::-1])], ())
    until(lambda: link.image.data == (pattern[::-1],), "the inputs")
    assert 0 <= time.monotonic_ns() - link.image.time < PATIENCE * 1e9


@pytest.mark.parametrize(("pdu", "jobs"), [(240, 19), (480, 9), (960, 5)])
def test_a_cycle_takes_the_fewest_jobs_whatever_the_pdu(pdu: int, jobs: int) -> None:
    region = Region(DB, 1, 0, 4000)
    memory = PlcMemory({(DB, 1): 4000})
    pattern = bytes(at % 251 for at in range(4000))
    memory.exchange([(region, pattern)], ())
    outlet = S7Outlet(memory, pdu=pdu)
    outlet.start()
    link = S7Link("plc", f"s7://127.0.0.1:{outlet.port}/0/1", cycle=0.001)
    link.configure(Plan((region,), (), ()))
    try:
        link.open()
        assert link.image.data == (pattern,)
        until(lambda: link.cycles > 10, "exchanges")
    finally:
        link.close()
        outlet.stop()
    inspection, set_up = 1, 1
    assert link.jobs == jobs * (link.cycles + inspection)
    assert outlet.jobs == link.jobs + set_up


def test_exchanges_keep_to_the_grid(site: Site) -> None:
    link = site.opened(cycle=0.02)
    before, start = link.cycles, time.monotonic()
    until(lambda: link.cycles >= before + 10, "ten exchanges")
    assert time.monotonic() - start >= 0.17
    assert len(link.durations) <= link.cycles


def test_the_life_word_moves_only_with_committed_scans(site: Site) -> None:
    link = site.opened(life=LIFE)
    site.next_cycle(link)
    assert site.holds(LIFE) == b"\0\0"
    for count in range(1, 4):
        link.put((SAFE,))
        site.next_cycle(link)
        assert int.from_bytes(site.holds(LIFE)) == count
    site.next_cycle(link)
    assert int.from_bytes(site.holds(LIFE)) == 3


def test_a_plc_that_does_not_run_is_named_at_the_first_connection(site: Site) -> None:
    link = site.link(plc_life=PLC_LIFE, life_timeout=0.1)
    message = r"^plc: PLC does not run \(life word DB10.DBW200 has not changed for 0.1 s\); check that the P"
    with pytest.raises(ConnectError, match=message):
        link.open()
    until(lambda: site.outlet.connected == 0, "the disconnection")


def test_a_plc_whose_life_word_rests_is_taken_for_stopped(site: Site) -> None:
    with site.counting(PLC_LIFE):
        link = site.opened(plc_life=PLC_LIFE, life_timeout=0.1)
        assert link.image.good
    until(lambda: not link.image.good, "the PLC to be taken for stopped")
    assert link.image.cause == "plc: PLC does not run (life word DB10.DBW200 has not changed for 0.1 s)"
    assert link.reconnects == 0
    with site.counting(PLC_LIFE):
        until(lambda: link.image.good, "the PLC to run again")


def test_after_a_restart_of_the_plc_the_safe_values_come_first(site: Site) -> None:
    link = site.opened(life=LIFE)
    link.put((bytes([1]) * 20,))
    until(lambda: site.holds(COMMAND) == bytes([1]) * 20, "the outputs")
    site.outlet.stop()
    until(lambda: not link.image.good, "the loss")
    link.put((bytes([2]) * 20,))
    site.written.clear()
    site.outlet.start()
    until(lambda: link.image.good, "the reconnection")
    site.next_cycle(link)
    assert site.written == [(COMMAND, SAFE)]
    assert link.reconnects == 1
    link.put((bytes([3]) * 20,))
    until(lambda: site.holds(COMMAND) == bytes([3]) * 20, "the outputs")
    assert site.outlet.connected == 1


def test_while_the_plc_is_away_the_link_says_so_and_blocks_nobody(site: Site) -> None:
    link = site.opened()
    site.outlet.stop()
    until(lambda: "connection refused" in link.image.cause, "the cause")
    start = time.monotonic()
    for _ in range(1000):
        link.put((SAFE,))
    assert time.monotonic() - start < 0.5
    link.close()
    assert link.image.cause == "plc: closed"


def test_close_leaves_the_safe_values(site: Site) -> None:
    link = site.opened()
    link.put((bytes([1]) * 20,))
    until(lambda: site.holds(COMMAND) == bytes([1]) * 20, "the outputs")
    link.close()
    assert site.holds(COMMAND) == SAFE
    until(lambda: site.outlet.connected == 0, "the disconnection")
    assert link.image[2:] == (False, "plc: closed")
    link.close()


def test_a_closed_link_can_be_opened_again(site: Site) -> None:
    link = site.opened()
    link.close()
    link.open()
    assert link.image.good


def test_an_observer_writes_nothing(site: Site) -> None:
    link = site.opened(life=LIFE, observe=True)
    link.put((bytes([1]) * 20,))
    site.next_cycle(link)
    link.close()
    assert site.written == []


def test_a_silent_plc_is_given_up_at_the_deadline(site: Site) -> None:
    link = site.opened(timeout=0.1)
    with site.memory.lock:
        until(lambda: not link.image.good, "the loss")
        assert "no answer" in link.image.cause
    until(lambda: link.image.good, "the reconnection")


def trickle(server: socket.socket, port: int, straight: int) -> None:
    """Carry one connection to `port`; of the answers, all beyond `straight` bytes come one by one, slowly."""
    client, _ = server.accept()
    plc = socket.create_connection(("127.0.0.1", port))
    with client, plc, contextlib.suppress(OSError):
        while request := client.recv(1000):
            plc.sendall(request)
            answer = plc.recv(1000)
            client.sendall(answer[:straight])
            for byte in answer[straight:]:
                time.sleep(0.01)
                client.sendall(bytes((byte,)))
            straight = max(0, straight - len(answer))


def test_the_deadline_holds_for_an_answer_that_trickles(site: Site) -> None:
    handshake = 22 + 27
    with socket.create_server(("127.0.0.1", 0)) as server:
        carrying = threading.Thread(target=trickle, args=(server, site.outlet.port, handshake))
        carrying.start()
        link = S7Link("plc", f"s7://127.0.0.1:{server.getsockname()[1]}/0/1", cycle=0.01, timeout=0.2)
        link.configure(PLAN)
        start = time.monotonic()
        with pytest.raises(ConnectError, match=r"within 0.2 s, got no answer"):
            link.open()
        assert 0.2 <= time.monotonic() - start < 1.0
        carrying.join()


def test_many_threads_may_put_and_look(site: Site) -> None:
    link = site.opened(cycle=0.001)
    torn: list[bytes] = []

    def hammer(number: int) -> None:
        for _ in range(500):
            link.put((bytes([number]) * 20,))
            data = link.image.data[0]
            if data.count(data[:1]) != 200:
                torn.append(data)

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for value in range(256):
            site.memory.exchange([(STATUS, bytes([value]) * 200)], ())
            command = site.holds(COMMAND)
            assert command.count(command[:1]) == 20
    assert torn == []


REFUSALS = [
    (
        Region(DB, 12, 0, 4),
        r"read DB12.DBB0..3: it does not exist \(code 0x0A\); make the cell's",
    ),
    (Region(DB, 10, 100, 300), r"DB10.DBB100..399: wanted DB10 of at least 400 bytes, got one of 300; make"),
    (Region(Area.MERKERS, 0, 0, 17), r"MB0..16: wanted area M of at least 17 bytes, got one of 16; make"),
    (Region(DB, 10, 0, 2000), r"wanted DB10 of at least \d+ bytes, got one of 300; make"),
]


@pytest.mark.parametrize(("region", "message"), REFUSALS)
@pytest.mark.parametrize("written", [False, True])
def test_a_block_that_does_not_fit_is_named_at_once(
    site: Site, region: Region, message: str, written: bool
) -> None:
    moved = Plan((), (region,), (bytes(region.size),)) if written else Plan((region,), (), ())
    link = site.link(moved)
    with pytest.raises(ConnectError, match=message) as caught:
        link.open()
    assert str(caught.value).startswith(f"plc: s7://127.0.0.1:{site.outlet.port}/0/1: ")
    assert site.written == []
    until(lambda: site.outlet.connected == 0, "the disconnection")


SETTINGS: dict[str, tuple[dict[str, object], str]] = {
    "an optimized block": (
        {"optimized": frozenset({(DB, 10)})},
        r"wanted DB10 of at least 200 bytes, got one without a single addressable byte; untick 'Optimized",
    ),
    "a protected block": (
        {"protected": frozenset({(DB, 10)})},
        r"read DB10.DBB0..199: the PLC refuses access to it \(code 0x03\); choose the CPU's access level",
    ),
    "no PUT/GET": (
        {"put_get": False},
        r"read .*: the PLC does not permit PUT/GET access \(error 0x8104\); tick 'Permit access with PUT/GET",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_what_the_cpu_s_settings_forbid_is_named_with_the_remedy(site: Site, case: str) -> None:
    settings, message = SETTINGS[case]
    vars(site.memory).update(settings)
    with pytest.raises(ConnectError, match=message):
        site.link().open()
    assert site.written == []


def silent_from(listener: socket.socket, silent_after: int) -> OSError | bytes:
    """Serve one client so many requests and be silent from then on; how its connection ends."""
    client, _ = listener.accept()
    endpoint = S7Endpoint(PlcMemory(SIZES))
    with client:
        client.settimeout(10.0)
        try:
            while data := client.recv(65536):
                answers = endpoint.receive(data)
                if endpoint.jobs <= silent_after:
                    client.sendall(answers)
        except OSError as error:
            return error
    return b""


@pytest.mark.parametrize("silent_after", [1, 2, 5])
def test_a_connection_that_is_given_up_is_reset(silent_after: int) -> None:
    """Closed in order, what is still unsent would arrive later: an old write after those of the next
    connection.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        ended = pool.submit(silent_from, listener, silent_after)
        link = S7Link("plc", f"s7://127.0.0.1:{listener.getsockname()[1]}/0/1", cycle=0.01, timeout=0.1)
        link.configure(PLAN)
        with contextlib.suppress(ConnectError):
            link.open()
        assert isinstance(ended.result(10.0), ConnectionResetError)
        link.close()


def test_a_wrong_slot_is_named(site: Site) -> None:
    wanted = r"wanted an S7 connection to rack 0, slot 3, got a rejection .*; check rack and slot"
    with pytest.raises(ConnectError, match=wanted):
        site.link(slot=3).open()


def test_a_refused_connection_is_named(site: Site) -> None:
    link = site.link()
    site.outlet.stop()
    with pytest.raises(
        ConnectError, match=r"got connection refused; check that the PLC, or its simulation, listens"
    ):
        link.open()
    assert link.image[2:] == (False, "plc: not connected")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", r"got a TCP connection, then: Receive timeout; check that this is a PLC's S7 port"),
        (
            b"HTTP/1.0 400 Bad Request\r\n\r\n",
            r"got a TCP connection, then: .*; check that this is a PLC's S7 port",
        ),
    ],
)
def test_something_else_on_the_port_is_named(site: Site, answer: bytes, message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        site.outlet.stop()
        site.outlet.port = server.getsockname()[1]
        link = site.link(timeout=0.2)
        opening = threading.Thread(target=accept_and_say, args=(server, answer))
        opening.start()
        with pytest.raises(ConnectError, match=message):
            link.open()
        opening.join()
        site.outlet.port = 0


def accept_and_say(server: socket.socket, answer: bytes) -> None:
    client, _ = server.accept()
    with client, contextlib.suppress(ConnectionResetError):
        client.sendall(answer)
        client.settimeout(PATIENCE)
        while client.recv(100):
            pass


@pytest.mark.parametrize(
    "url", ["s7://host", "s7://host/0", "s7://host:0/0/1", "s7://host/8/1", "s7://host/0/32", "x"]
)
def test_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"url: wanted s7://host\[:port\]/rack/slot .*, got '"):
        S7Link("plc", url, cycle=0.01)


def test_times_and_pdu_must_make_sense() -> None:
    with pytest.raises(
        ConfigurationError, match=r"plc: wanted cycle and timeout above 0 s and a pdu of 64 to 960"
    ):
        S7Link("plc", "s7://host/0/1", cycle=0.0)


# The outlet


def test_a_port_in_use_is_named(site: Site) -> None:
    message = rf"S7 server on 127.0.0.1:{site.outlet.port}: Address already in use; .* take another port"
    with pytest.raises(ConfigurationError, match=message):
        S7Outlet(site.memory, port=site.outlet.port).start()


def test_clients_beyond_the_limit_are_refused_and_others_go_on() -> None:
    outlet = S7Outlet(PlcMemory(SIZES), limit=2)
    outlet.start()
    links = [S7Link(f"plc{n}", f"s7://127.0.0.1:{outlet.port}/0/1", cycle=0.01) for n in range(3)]
    for link in links:
        link.configure(PLAN)
    try:
        links[0].open()
        links[1].open()
        with pytest.raises(ConnectError, match="that the PLC has a free connection"):
            links[2].open()
        assert links[0].image.good
        assert outlet.connected == 2
        links[0].close()
        until(lambda: outlet.connected == 1, "the disconnection")
        links[2].open()
    finally:
        for link in links:
            link.close()
        outlet.stop()
    assert outlet.connected == 0
