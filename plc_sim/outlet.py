"""Outlets for simulated devices: a pseudo terminal under a stable name, or a TCP port. One client at a time;
nothing blocks.
"""

from __future__ import annotations

import contextlib
import os
import pty
import socket
import tty
from abc import ABC, abstractmethod
from pathlib import Path

from control.errors import ConfigurationError

CHUNK = 4096


class DeviceOutlet(ABC):
    """Carries a device's bytes to and from somebody else's software."""

    url: str

    @abstractmethod
    def open(self) -> None:
        """Offer the device. ConfigurationError if the place is taken."""

    @abstractmethod
    def close(self) -> None:
        """Take the device away, as if its cable were pulled."""

    @abstractmethod
    def files(self) -> list[int]:
        """The file descriptors to wait on for input."""

    @abstractmethod
    def receive(self) -> bytes:
        """What came in; empty if nothing did."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send; what nobody takes is lost, as on a line."""


class PtyOutlet(DeviceOutlet):
    """A pseudo terminal; `path` is a link to it that stays the same when it is opened anew."""

    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"serial://{path}"
        self.ours = self.theirs = -1

    def open(self) -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        os.set_blocking(self.ours, False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(os.ttyname(self.theirs))
        except OSError as error:
            self.close()
            raise ConfigurationError(f"cannot make {self.path}: {error.strerror}") from error

    def close(self) -> None:
        if self.ours >= 0:
            os.close(self.ours)
            os.close(self.theirs)
            self.ours = self.theirs = -1
            with contextlib.suppress(OSError):  # where the link could not be made there is none
                self.path.unlink()

    def files(self) -> list[int]:
        return [self.ours] if self.ours >= 0 else []

    def receive(self) -> bytes:
        try:
            return os.read(self.ours, CHUNK)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads and the buffer is full: the bytes are lost
            os.write(self.ours, data)


class TcpOutlet(DeviceOutlet):
    """A TCP port; the newest client is served."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.listener: socket.socket | None = None
        self.client: socket.socket | None = None

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where to connect."""
        return f"socket://{self.host}:{self.port}"

    def open(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen()
        except OSError as error:
            listener.close()
            raise ConfigurationError(
                f"device on {self.host}:{self.port}: {error.strerror}; take another port"
            ) from error
        listener.setblocking(False)
        self.port, self.listener = listener.getsockname()[1], listener

    def close(self) -> None:
        self.hang_up()
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def hang_up(self) -> None:
        """Close the client's connection."""
        if self.client is not None:
            self.client.close()
            self.client = None

    def files(self) -> list[int]:
        return [end.fileno() for end in (self.listener, self.client) if end is not None]

    def receive(self) -> bytes:
        self.accept()
        if self.client is None:
            return b""
        try:
            data = self.client.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.hang_up()
        return data

    def accept(self) -> None:
        """Take a new client, if one waits."""
        if self.listener is not None:
            with contextlib.suppress(BlockingIOError):
                client, _ = self.listener.accept()
                self.hang_up()
                client.setblocking(False)
                self.client = client

    def send(self, data: bytes) -> None:
        if self.client is not None:
            try:
                self.client.sendall(data)
            except OSError:
                self.hang_up()
