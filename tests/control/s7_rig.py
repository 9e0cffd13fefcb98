"""A session and the simulated PLC's endpoint, connected by hand: no sockets, virtual time."""

from __future__ import annotations

import random

from control.block import Area, Region
from control.link import Plan
from control.s7_session import S7Session
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_endpoint import S7Endpoint

DB = Area.DB
START = 7_000_000_019
"""An odd origin of time, in ns."""

CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020100c2020101")


def set_up(pdu: int) -> bytes:
    return bytes.fromhex("0300001902f08032010000000000080000f00000080008") + pdu.to_bytes(2)


class Wire:
    """A session connected to an endpoint by hand, cutting what it carries at `cut` bytes."""

    def __init__(
        self, memory: PlcMemory, session: S7Session, *, pdu: int = 480, jobs: int = 8, cut: int = 0
    ) -> None:
        self.session, self.cut, self.sent = session, cut, b""
        self.memory, self.pdu, self.jobs = memory, pdu, jobs
        self.connect()

    def connect(self) -> None:
        self.endpoint = S7Endpoint(self.memory)
        assert self.endpoint.receive(CONNECT)[5] == 0xD0
        assert self.endpoint.receive(set_up(self.pdu))[-2:] == self.pdu.to_bytes(2)
        self.session.connect(self.pdu, self.jobs)

    def exchange(self, now: int = START) -> None:
        frames = self.session.start(now)
        while self.session.busy:
            self.sent += frames
            answer = self.endpoint.receive(frames)
            step = self.cut or len(answer)
            parts = [answer[at : at + step] for at in range(0, len(answer), step)]
            frames = b"".join([self.session.receive(part, now) for part in parts])

    def functions(self) -> list[int]:
        """The function codes sent since the last call."""
        codes, at = [], 0
        while at < len(self.sent):
            codes.append(self.sent[at + 17])
            at += int.from_bytes(self.sent[at + 2 : at + 4])
        self.sent = b""
        return codes


def plc(*regions: Region) -> PlcMemory:
    """A PLC with the blocks of these regions, filled with bytes that differ from block to block."""
    sizes: dict[tuple[Area, int], int] = {}
    for region in regions:
        block = region.area, region.number
        sizes[block] = max(sizes.get(block, 0), region.start + region.size)
    memory = PlcMemory(sizes)
    for number, block in enumerate(memory.blocks.values()):
        block[:] = random.Random(number).randbytes(len(block))
    return memory


def held(memory: PlcMemory, region: Region) -> bytes:
    return memory.exchange((), (region,))[0]


COMMAND, STATUS = Region(DB, 11, 4, 30), Region(DB, 10, 0, 21)
LIFE, PLC_LIFE = Region(DB, 11, 0, 2), Region(DB, 10, 22, 2)
SAFE = bytes([0xAA]) * 30
PLAN = Plan((STATUS,), (COMMAND,), (SAFE,))


class Rig(Wire):
    """The session of a cell with one block each way, and what its PLC was written."""

    def __init__(
        self,
        plan: Plan = PLAN,
        *,
        life: Region | None = None,
        plc_life: Region | None = None,
        observe: bool = False,
        pdu: int = 480,
        jobs: int = 8,
    ) -> None:
        self.written: list[Region] = []
        memory = plc(Region(DB, 11, 0, 40), Region(DB, 10, 0, 24))
        memory.on_write = lambda region, data: self.written.append(region)
        session = S7Session("plc", plan, life=life, plc_life=plc_life, observe=observe)
        super().__init__(memory, session, pdu=pdu, jobs=jobs)

    def bring_up(self) -> Rig:
        """The exchanges every connection begins with."""
        self.exchange()
        self.exchange()
        self.functions()
        self.written.clear()
        return self


def outputs(first: int, rest: int = 0) -> tuple[bytes]:
    return (bytes([first]) + bytes([rest]) * 29,)
