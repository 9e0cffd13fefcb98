"""The controller's PLC link in virtual time, frame by frame.

The session of the real link talks to the endpoint of the simulated PLC, over a wire with the faults a
scenario asks for. With none, an exchange starts, reaches the memory and ends at the instants at which the
kernel's link exchanges images, so that a controller does the same on either.
"""

from __future__ import annotations

from enum import Enum

from control.errors import ProtocolError
from control.link import Plan, PlcLink
from control.s7 import BACKOFF, parse_url
from control.s7_session import MAX_JOBS, Phase, S7Session
from control.scan import NEVER, ns
from control.schema import LinkTable
from plc_sim.kernel import host
from plc_sim.kernel.draw import stream_key
from plc_sim.kernel.header import name_hash
from plc_sim.plant import Plant
from plc_sim.plant_memory import PlantMemory
from plc_sim.s7_endpoint import S7Endpoint
from plc_sim.s7_faults import S7Faults, S7Wire, Sending, frames_of

SET_UP = bytes.fromhex("0300001902f08032010000000000080000f000") + 2 * MAX_JOBS.to_bytes(2, "big")
"""Request of the greatest number of jobs in flight; the size of the PDU follows."""

REFUSED = "wanted an S7 connection, got a rejection; check that the PLC has a free connection"


def connection_request(rack: int, slot: int) -> bytes:
    """A connection request (ISO 8073) for the CPU in a slot."""
    return bytes.fromhex("0300001611e00000000100c0010ac1020100c20201") + bytes((rack << 5 | slot,))


class FramedPlc:
    """The PLC's side: its memory, and what is wrong with its connections. It outlives the controller's."""

    def __init__(self, plant: Plant, name: str, table: LinkTable, seed: int) -> None:
        self.plant, self.seed = plant, seed
        self.address = parse_url(table.url)
        self.shared = PlantMemory(plant, name, table)
        self.faults = S7Faults()
        self.connections = 0

    def accept(self) -> tuple[S7Endpoint, S7Wire]:
        """Both ends of a new connection."""
        self.connections += 1
        wire = S7Wire(self.faults, stream_key(self.seed, self.connections, name_hash("S7")))
        endpoint = S7Endpoint(
            self.shared.memory,
            rack=self.address.rack,
            slot=self.address.slot,
            pdu=self.faults.pdu,
            admit=self.faults.slots > 0,
            refuses=wire.refuses,
        )
        return endpoint, wire

    def serve(self, endpoint: S7Endpoint, frames: bytes, now: int) -> bytes:
        """The CPU's answers to frames that reach it now."""
        self.shared.show(now)
        answers = endpoint.receive(frames)
        self.shared.collect(now)
        return answers


class Stage(Enum):
    """What is awaited."""

    ATTEMPT = "the time to connect"
    CONFIRMATION = "the PLC's agreement to a connection"
    AGREEMENT = "what the PLC grants"
    ANSWERS = "the answers of an exchange"
    CYCLE = "the start of the next exchange"


class FramedPlcLink(PlcLink):
    """Blocks exchanged with the plant's PLC by S7 frames. Times in ns.

    All is as with `S7Link`: deadlines, reconnection, life words, the safe values first. Connecting and
    inspecting take only the time that faults add to them. A cut cable holds back what is on its way, as TCP
    does; what a closed connection has not delivered never arrives.
    """

    def __init__(self, name: str, plc: FramedPlc, table: LinkTable, *, broken: bool = False) -> None:
        super().__init__(name, f"twin://{name}")
        self.plc, self.plant, self.table = plc, plc.plant, table
        self.timeout = ns(table.timeout)
        self.key = stream_key(plc.seed, 0, name_hash(f"link {name}"))
        self.cut = broken
        self.faults: S7Faults | None = plc.faults
        self.outputs: tuple[bytes, ...] | None = None
        self.fresh = False
        """The outputs are those of a scan since the connection was made."""
        self.attempts = 0
        self.pause = BACKOFF[0]
        self.stage = Stage.ATTEMPT
        self.due = self.deadline = self.next = NEVER
        self.number = self.there = self.back = 0
        self.going: tuple[Sending, ...] = ()
        self.rest = b""
        self.closing = False

    def configure(self, plan: Plan) -> None:
        super().configure(plan)
        self.session = S7Session(
            self.name,
            plan,
            life=self.plc.shared.life,
            plc_life=self.plc.shared.plc_life,
            life_timeout=self.table.life_timeout,
        )

    def open(self) -> None:
        self._attempt_from(self.plant.now)
        self._plan()

    def close(self) -> None:
        """Write the safe values in the next exchange, if time goes on until then, and no more."""
        self.closing = True

    def put(self, data: tuple[bytes, ...]) -> None:
        self.outputs = data

    def lose(self, now: int) -> None:
        """The cable is cut."""
        self.cut = True
        self._plan()

    def connect(self, now: int) -> None:
        """The cable is mended."""
        self.cut = False
        self._plan()

    def stop_plc(self, now: int) -> None:
        """The plant's mode switch has been turned; the link sees it by the PLC's life word."""

    def start_plc(self, now: int) -> None:
        """The plant's mode switch has been turned; the link sees it by the PLC's life word."""

    def refresh(self, now: int) -> None:
        """The controller scans now."""
        self.fresh = self.stage in (Stage.ANSWERS, Stage.CYCLE) and self.session.phase is Phase.RUN

    def exchange_after(self, now: int) -> int:
        """Number of the first exchange that starts at or after `now`."""
        timing = self.plant.timing
        number = max((now - timing.start - timing.link_phase) // timing.link_cycle, 0)
        while host.exchange(self.plant.block, number)[0] < now:
            number += 1
        return number

    def arrival(self, number: int) -> int:
        """When the image of an exchange arrives, if nothing is wrong."""
        return int(host.exchange(self.plant.block, number)[2])

    def step(self, now: int) -> bool:
        """Do what is due; whether the controller's image has changed."""
        before = self.image
        while self.next <= now:
            self._act(now)
            self._plan()
        image = self.image
        return image is not before and (image.data, image.good, image.cause) != (
            before.data,
            before.good,
            before.cause,
        )

    def _plan(self) -> None:
        arrivals = () if self.cut else (self._arrival(), self._answer())
        self.next = min(self.due, self.deadline, self.plc.shared.doubt + 1, *arrivals)

    def _arrival(self) -> int:
        return self.going[0].time if self.going else NEVER

    def _answer(self) -> int:
        return self.wire.next if self.stage is not Stage.ATTEMPT else NEVER

    def _act(self, now: int) -> None:
        """The first of what is due."""
        if self.plc.shared.doubt < now:
            self.plc.shared.silence(now)
        elif not self.cut and self._arrival() <= now:
            sending, *rest = self.going
            self.going = tuple(rest)
            self.wire.take(self.plc.serve(self.endpoint, sending.data, now), now + self.back)
        elif not self.cut and self._answer() <= now:
            self._hear(self.wire.due(now), now)
        elif self.deadline <= now:
            self._lose(f"no answer within {self.table.timeout} s", now)
        elif self.stage is Stage.ATTEMPT:
            self._begin(now)
        else:
            self._cycle(now)

    def _send(self, frames: bytes, now: int) -> None:
        if frames:
            self.going = (*self.going, Sending(now + self.there, frames))

    def _attempt_from(self, now: int) -> None:
        """Connect at the first exchange from now on."""
        self.stage, self.deadline = Stage.ATTEMPT, NEVER
        self.number = self.exchange_after(now)
        self.due = int(host.exchange(self.plant.block, self.number)[0])

    def _begin(self, now: int) -> None:
        self.endpoint, self.wire = self.plc.accept()
        self.there = self.back = 0
        self.going, self.rest, self.fresh = (), b"", False
        self._await(Stage.CONFIRMATION, now)
        self._send(connection_request(self.plc.address.rack, self.plc.address.slot), now)

    def _await(self, stage: Stage, now: int) -> None:
        self.stage, self.due, self.deadline = stage, NEVER, now + self.timeout

    def _cycle(self, now: int) -> None:
        if self.closing:
            self.session.make_safe()
            self.outputs = None
        elif self.session.phase is Phase.SAFE:
            self.fresh = False
        elif self.fresh and self.outputs is not None:
            self.session.put(self.outputs)
        self._exchange(now)

    def _exchange(self, now: int) -> None:
        """Start an exchange of the session; it takes its time unless it only inspects."""
        start, access, arrival = host.exchange(self.plant.block, self.number)
        inspects = self.session.phase is Phase.INSPECT
        self.there, self.back = (0, 0) if inspects else (int(access - start), int(arrival - access))
        self._await(Stage.ANSWERS, now)
        self._send(self.session.start(now), now)

    def _hear(self, data: bytes, now: int) -> None:
        try:
            if self.stage in (Stage.CONFIRMATION, Stage.AGREEMENT):
                self._shake_hands(data, now)
            else:
                self._send(self.session.receive(data, now), now)
                if not self.session.busy:
                    self._finish(now)
        except ProtocolError as error:
            self._lose(str(error), now)

    def _shake_hands(self, data: bytes, now: int) -> None:
        self.rest += data
        if len(self.rest) < 4 or len(self.rest) < int.from_bytes(self.rest[2:4], "big"):
            return
        frame, self.rest = next(frames_of(self.rest)), b""
        if self.stage is Stage.CONFIRMATION:
            if frame[5] != 0xD0:
                raise ProtocolError(REFUSED)
            self._await(Stage.AGREEMENT, now)
            self._send(SET_UP + self.table.pdu.to_bytes(2, "big"), now)
            return
        if len(frame) != 27 or frame[17:20] != b"\0\0\xf0":
            raise ProtocolError(f"wanted an agreement on jobs and PDU, got {frame.hex(' ')}")
        jobs, pdu = int.from_bytes(frame[21:23], "big"), int.from_bytes(frame[25:27], "big")
        self.session.connect(pdu, min(MAX_JOBS, max(1, jobs)))
        self._exchange(now)

    def _finish(self, now: int) -> None:
        """An exchange is complete: the safe values follow the inspection, the next cycle anything else."""
        if self.there == self.back == 0:
            self._exchange(now)
            return
        if self.closing and self.outputs is None:
            self._part()
            return
        self.image = self.session.image
        self.pause = BACKOFF[0]
        self.number = self.exchange_after(now)
        self.stage, self.deadline = Stage.CYCLE, NEVER
        self.due = int(host.exchange(self.plant.block, self.number)[0])

    def _part(self) -> None:
        self.session.lose("closed")
        self.image = self.session.image
        self.stage, self.due, self.deadline = Stage.ATTEMPT, NEVER, NEVER

    def _lose(self, cause: str, now: int) -> None:
        """Close, and try again after a while."""
        self.session.lose(cause)
        self.image = self.session.image
        self.going, self.fresh = (), False
        self.attempts += 1
        share = 0.5 + 0.5 * host.draw(self.key, self.attempts)
        self._attempt_from(now + ns(self.pause * share))
        self.pause = min(2 * self.pause, BACKOFF[1])
