"""What a controller did to its plant, recorded, and a component that does it again: the kernel alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from plc_sim.components.user import UserComponent
from plc_sim.kernel import host
from plc_sim.kernel.arm import begin_joint_move, begin_linear_move, change_override, end_move
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.plc_rows import LinkRow, PlcRow
from plc_sim.kernel.schedule import row_of
from plc_sim.kernel.signals import drive, poke_plc
from plc_sim.kernel.straight import load_joints
from plc_sim.kernel.user import UserRow
from plc_sim.plant import Plant
from plc_sim.plc_link import ProgramLink
from plc_sim.twin import Twin

PLAYER = "zzz_player"
"""The component that plays; the last, so that it acts after all others of an instant."""


class Kind(IntEnum):
    """What was done."""

    WRITE = 0
    SIGNAL = 1
    JOINTS = 2
    LINE = 3
    STOP = 4
    OVERRIDE = 5


STRIDE = 12
"""Words of one action: time, kind, three whole numbers, seven reals."""

Action = tuple[int | float, ...]
NOTHING = (0.0,) * 7


def play(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: E741, N803
    """Do what is due. Words: the next action, then the actions."""
    w = I[o + UserRow.WORDS]
    k = w + 1 + STRIDE * I[w]
    while I[k] <= t:
        kind, a, b = I[k + 1], I[k + 2], I[k + 3]
        if kind == 0:
            word = I[I[Header.PLC] + PlcRow.MEMORY] + a
            I[word] ^= (I[word] ^ b) & I[k + 4]
            poke_plc(I, t)
        elif kind == 1:
            drive(I, a, b, t)
        elif kind == 2:
            begin_joint_move(I, F, a, row_of(I, a), load_joints(F, k + 5), F[k + 11], t)
        elif kind == 3:
            q = load_joints(F, k + 5)
            d = 0.017453292519943295
            pose = (q[0], q[1], q[2], q[3] * d, q[4] * d, q[5] * d)
            begin_linear_move(I, F, a, row_of(I, a), pose, F[k + 11], t)
        elif kind == 4:
            end_move(I, F, a, row_of(I, a), t)
        else:
            change_override(I, F, a, row_of(I, a), F[k + 11], t)
        I[w] += 1
        k += STRIDE
    return I[k]


def with_player(kind: type[Twin], words: tuple[int | float, ...] = (0, NEVER)) -> type[Twin]:
    """The twin with one component more, which plays these words."""
    members = {PLAYER: UserComponent(play, words), "__module__": kind.__module__}
    return type(kind.__name__, (kind,), members)


class Recording:
    """Notes what is done to a plant; `words` are those of a player."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.actions = plant, list[Action]()
        memory = plant.layout.offsets["plc"] + PlcRow.MEMORY
        self.memory = plant.words[memory]

    @property
    def words(self) -> tuple[int | float, ...]:
        """For a player, in the order of time."""
        ordered = sorted(self.actions, key=lambda action: action[0])
        return (0, *(word for action in ordered for word in action), NEVER)

    def note(self, time: int, kind: Kind, *whole: int, reals: tuple[float, ...] = NOTHING) -> None:
        """One action."""
        self.actions.append((time, int(kind), *(*whole, 0, 0, 0)[:3], *reals))

    def note_program(self, before: list[int]) -> None:
        """The words of the PLC's memory that a program has changed."""
        for word, (old, new) in enumerate(zip(before, self.held(), strict=True)):
            if old != new:
                self.note(self.plant.now, Kind.WRITE, word, new, old ^ new)

    def note_outputs(self) -> None:
        """The outputs that the controller has left: the next exchange brings them to the PLC."""
        words, link = self.plant.words, self.plant.row["link"]
        started = self.plant.now
        number = max((started - self.plant.timing.start) // self.plant.timing.link_cycle - 2, 0)
        while host.exchange(self.plant.block, number)[0] < started:
            number += 1
        access = int(host.exchange(self.plant.block, number)[1])
        put, masks = words[link + LinkRow.PUT], words[link + LinkRow.WRITE_MASK]
        for word in range(words[link + LinkRow.WRITE_WORDS]):
            at = words[link + LinkRow.WRITE_FIRST] + word
            self.note(access, Kind.WRITE, at, words[put + word], words[masks + word])

    def held(self) -> list[int]:
        """The PLC's memory."""
        return self.plant.words[self.memory : self.memory + self.plant.io.memory.words].tolist()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note what the host does."""
        kept = {name: getattr(host, name) for name in HEARD}
        program, outputs = ProgramLink.put, Plant.put

        def put_program(link: ProgramLink, data: tuple[bytes, ...]) -> None:
            before = self.held()
            program(link, data)
            self.note_program(before)

        def put_outputs(plant: Plant, data: tuple[bytes, ...]) -> None:
            outputs(plant, data)
            self.note_outputs()

        for name, heard in HEARD.items():
            setattr(host, name, heard(self, kept[name]))
        ProgramLink.put, Plant.put = put_program, put_outputs  # type: ignore[method-assign]
        try:
            yield
        finally:
            ProgramLink.put, Plant.put = program, outputs  # type: ignore[method-assign]
            for name, function in kept.items():
                setattr(host, name, function)


def signal_heard(recording: Recording, function: Callable[..., Any]) -> Callable[..., Any]:
    def heard(W: Any, s: int, value: int, t: int) -> None:  # noqa: N803
        recording.note(t, Kind.SIGNAL, s, value)
        function(W, s, value, t)

    return heard


def move_heard(kind: Kind) -> Callable[[Recording, Callable[..., Any]], Callable[..., Any]]:
    def wrap(recording: Recording, function: Callable[..., Any]) -> Callable[..., Any]:
        def heard(W: Any, arm: int, target: Any, speed: float, t: int) -> Any:  # noqa: N803
            recording.note(t, kind, arm, reals=(*map(float, target), float(speed)))
            return function(W, arm, target, speed, t)

        return heard

    return wrap


def stop_heard(recording: Recording, function: Callable[..., Any]) -> Callable[..., Any]:
    def heard(W: Any, arm: int, t: int) -> None:  # noqa: N803
        recording.note(t, Kind.STOP, arm)
        function(W, arm, t)

    return heard


def override_heard(recording: Recording, function: Callable[..., Any]) -> Callable[..., Any]:
    def heard(W: Any, arm: int, override: float, t: int) -> None:  # noqa: N803
        recording.note(t, Kind.OVERRIDE, arm, reals=(*NOTHING[:6], float(override)))
        function(W, arm, override, t)

    return heard


HEARD: dict[str, Callable[[Recording, Callable[..., Any]], Callable[..., Any]]] = {
    "set_signal": signal_heard,
    "start_joint_move": move_heard(Kind.JOINTS),
    "start_linear_move": move_heard(Kind.LINE),
    "stop_move": stop_heard,
    "set_override": override_heard,
}
