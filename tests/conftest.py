"""What every test is held to: it leaves nothing behind, reaches nothing beyond loopback and is repeatable."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings

GRACE = 1.0
"""How long (s) what a test has stopped may take to be gone."""

settings.register_profile("campaign", settings.get_profile("ci"), derandomize=False, max_examples=2_000)
settings.load_profile("ci")

HOST: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "socket.bind": lambda given: host(given[1]),
    "socket.connect": lambda given: host(given[1]),
    "socket.sendto": lambda given: host(given[1]),
    "socket.sendmsg": lambda given: host(given[1]),
    "socket.getaddrinfo": lambda given: given[0],
    "socket.gethostbyname": lambda given: given[0],
}
"""The audit events of the socket module that name a host, and how to get it from their arguments."""


@dataclass(frozen=True, order=True)
class Item:
    """Something a test can leave behind. Its name is for the reader: it may change while the thing stays."""

    kind: str
    identity: str
    name: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.identity} {self.name}".rstrip()


def host(address: Any) -> Any:
    """The host of an internet address; None for every other kind, which stays on this machine."""
    return address[0] if isinstance(address, tuple) and isinstance(address[0], str | bytes) else None


def is_loopback(name: str | bytes) -> bool:
    """Whether a host is this machine and nobody else can reach it there."""
    text = os.fsdecode(name)
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(text).is_loopback
    return text == "localhost"


def threads() -> Iterator[Item]:
    """Every Python thread of this process."""
    for thread in threading.enumerate():
        yield Item("thread", str(thread.native_id), thread.name)


def children() -> Iterator[Item]:
    """Every child of this process, ended but not waited for included."""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for pid in (task / "children").read_text().split():
                yield Item("process", pid, Path(f"/proc/{pid}/comm").read_text().strip())


def ports() -> Iterator[Item]:
    """Every socket and pseudo terminal this process holds open."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened = os.readlink(descriptor)
            if opened.startswith("socket:"):
                yield Item("socket", opened, address(int(descriptor.name)))
            elif opened.startswith(("/dev/ptmx", "/dev/pts/")):
                yield Item("terminal", f"{descriptor.name} on {opened}", "")


def address(descriptor: int) -> str:
    """Where a socket of this process is bound."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as opened:
        return str(opened.getsockname())
    return "closed meanwhile"


def present() -> set[Item]:
    """Everything that could be left behind and exists now."""
    return {*threads(), *children(), *ports()}


class Guard:
    """Fails each test that leaves something behind or reaches beyond loopback, wherever the test lies.

    It is a plugin rather than plain fixtures of this file because those would not reach the tests in `cells`.
    """

    blamed: ClassVar[set[Item]] = set()
    outside: ClassVar[list[str]] = []

    @classmethod
    def refuse(cls, event: str, given: tuple[Any, ...]) -> None:
        """Audit hook: let no address beyond loopback through."""
        if event in HOST and (name := HOST[event](given)) is not None and not is_loopback(name):
            cls.outside.append(f"{event} {name!r}")
            raise PermissionError(f"{event}: tests stay on loopback, got {name!r}")

    @classmethod
    def watch(cls) -> Iterator[None]:
        """Compare what exists before and after."""
        before = present()
        yield
        left = cls.remains(before)
        faults = [f"left {item}" for item in sorted(left)] + [f"reached out: {it}" for it in cls.outside]
        cls.blamed |= left
        cls.outside.clear()
        if faults:
            pytest.fail("; ".join(faults), pytrace=False)

    @classmethod
    def remains(cls, before: set[Item]) -> set[Item]:
        """What is still there after the grace time, was not before, and no earlier test was blamed for."""
        deadline = time.monotonic() + GRACE
        while (left := present() - before - cls.blamed) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    @pytest.fixture(autouse=True)
    def guarded_test(self) -> Iterator[None]:
        """A test, with the fixtures that live as long as it does."""
        yield from self.watch()

    @pytest.fixture(autouse=True, scope="session")
    @classmethod
    def guarded_session(cls) -> Iterator[None]:
        """All tests, with the fixtures that live longer than one."""
        yield from cls.watch()


def pytest_configure(config: pytest.Config) -> None:
    """Put the guard in place."""
    config.pluginmanager.register(Guard(), "cellwright-guard")
    sys.addaudithook(Guard.refuse)
