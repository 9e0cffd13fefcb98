"""Faults and operator actions set and released live while a twin is served: one line in, one line out."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator

from control.errors import CellwrightError, ConfigurationError, nearest
from plc_sim.scenario import KINDS, Disturbance
from plc_sim.twin import Twin

USAGE = "KIND [TARGET] [VALUE] [SECONDS], as open door 2.0, or release NAME"
UNTIL_RELEASED = 1e9
"""The duration (s) of what has no end of its own."""

OUTSIDE = {"controller_power_loss": "the controller is another process: end that"}
"""What cannot be done to a served twin, and what to do instead."""


def carry_out(line: str, twin: Twin, now: int) -> str:
    """Do what a line says to a twin at `now` (ns); what was done. ConfigurationError if it cannot be."""
    name, *words = line.split()
    disturber = twin.disturber
    if name == "release":
        released = disturber.release(" ".join(words), now)
        if not released:
            lasting = ", ".join(f"{what.kind} {what.target}".strip() for what in disturber.lasting.values())
            raise ConfigurationError(f"release: nothing of that name lasts; lasting: {lasting or 'nothing'}")
        return "released: " + ", ".join(f"{what.kind} {what.target}".strip() for what in released)
    what = disturbance(name, words, (now - disturber.origin) / 1e9)
    disturber.add(what)
    kind = KINDS[name]
    lasts = "until released" if what.duration == UNTIL_RELEASED else f"for {what.duration:g} s"
    return kind.text.format(target=what.target, value=what.value) + f", {lasts}"


def disturbance(name: str, words: list[str], at: float) -> Disturbance:
    """The disturbance that the words of a line mean."""
    if name not in KINDS:
        raise ConfigurationError(f"{name}: wanted {USAGE}; {nearest(name, [*KINDS, 'release'])}")
    if name in OUTSIDE:
        raise ConfigurationError(f"{name}: {OUTSIDE[name]}")
    kind, rest = KINDS[name], list(words)
    target = rest.pop(0) if rest and kind.target not in ("plc", "program", "cell") else ""
    wanted = ["value", "duration"] if kind.value else ["duration"]
    if len(rest) > len(wanted):
        raise ConfigurationError(f"{name}: wanted {USAGE}, got {' '.join(rest[len(wanted) :])!r} besides")
    if kind.value and not rest:
        raise ConfigurationError(f"{name} {target}: wanted its value ({kind.value}) as well")
    given = {key: number(name, word) for key, word in zip(wanted, rest, strict=False)}
    duration = given.get("duration", 0.2 if name == "press" else UNTIL_RELEASED)
    return Disturbance(at, name, target, duration, given.get("value", 0.0))


def number(name: str, word: str) -> float:
    """A number of a line."""
    try:
        return float(word)
    except ValueError:
        raise ConfigurationError(f"{name}: wanted a number, got {word!r}") from None


def answer(line: str, twin: Twin, now: int) -> str:
    """The one line that answers a line."""
    try:
        return carry_out(line, twin, now)
    except CellwrightError as error:
        return f"refused: {error}"


class Lines:
    """The lines that come in on standard input, without ever waiting long for one."""

    def __init__(self) -> None:
        self.file = sys.stdin.fileno() if sys.stdin is not None and not sys.stdin.closed else -1
        self.buffer = b""

    def readable(self) -> bool:
        """Whether reading would neither end nor stop this process: one in the background must not read from
        its terminal.
        """
        return self.file >= 0 and (not os.isatty(self.file) or os.tcgetpgrp(self.file) == os.getpgrp())

    def take(self, timeout: float) -> Iterator[str]:
        """The lines that are complete after at most `timeout` s."""
        files = [self.file] if self.readable() else []
        if not select.select(files, [], [], timeout)[0]:
            return
        data = os.read(self.file, 4096)
        if not data:
            self.file = -1
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        yield from (text for line in lines if (text := line.decode(errors="replace").strip()))
