"""The port seam: the six things a line needs of pyserial (or of whatever replaces it).

Every failure of the port, in whichever family pyserial raises it, comes out as `LinkError`.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from control.errors import ConfigurationError, ConnectError, LinkError
from control.project import url_options

OPTIONS: dict[str, type] = {"baudrate": int, "parity": str, "stopbits": int, "bytesize": int}
CHOICES = {
    "baudrate": range(50, 4_000_001),
    "parity": tuple("NEOMS"),
    "stopbits": (1, 2),
    "bytesize": (5, 6, 7, 8),
}
"""What each option may be."""

PSEUDO_TERMINALS = "/dev/pts/"
"""These carry no parity: Linux refuses one as soon as nothing else would change."""


class Format(NamedTuple):
    """How bytes go on the line."""

    baudrate: int = 9600
    parity: str = "N"
    stopbits: int = 1
    bytesize: int = 8

    @property
    def byte_time(self) -> float:
        """Seconds per byte: start, data, parity and stop bits."""
        return (1 + self.bytesize + (self.parity != "N") + self.stopbits) / self.baudrate


def format_of(url: str, where: str) -> Format:
    """The format in the options of a serial:// or socket:// URL."""
    options = url_options(url, OPTIONS, where)
    for key, value in options.items():
        if value not in CHOICES[key]:
            wanted = "50 to 4000000" if key == "baudrate" else ", ".join(map(str, CHOICES[key]))
            raise ConfigurationError(f"{where}: {key}: wanted {wanted}, got {value!r} in {url!r}")
    return Format()._replace(**options)


class SerialPort:
    """A serial device or TCP socket. `wake` interrupts a waiting `read` from another thread."""

    def __init__(self, url: str, where: str) -> None:
        self.url, self.where = url, where
        self.format = format_of(url, where)
        self.port: Any = None
        self.wake_out, self.wake_in = os.pipe()
        os.set_blocking(self.wake_out, False)

    def open(self) -> None:
        """Open and lock the port. ConnectError with the remedy."""
        import serial

        parts = urlsplit(self.url)
        target = parts.path if parts.scheme == "serial" else f"socket://{parts.netloc}"
        settings = self.format._asdict() | {"timeout": 0, "write_timeout": 1.0}
        if os.path.realpath(target).startswith(PSEUDO_TERMINALS):
            settings["parity"] = "N"
        try:
            if parts.scheme == "serial":
                self.port = serial.serial_for_url(target, exclusive=True, **settings)
            else:
                self.port = serial.serial_for_url(target, timeout=0, write_timeout=1.0)
        except Exception as error:  # three unrelated families, see `failures`
            raise ConnectError(f"{self.where}: cannot open {self.url}: {reason(error)}") from None
        if parts.scheme == "serial":
            self.lock()

    def lock(self) -> None:
        """Refuse second openers: the library's own lock is advisory only."""
        with contextlib.suppress(ImportError):
            import fcntl
            import termios

            fcntl.ioctl(self.port.fileno(), termios.TIOCEXCL)

    def read(self, timeout: float) -> bytes:
        """The bytes that came, after waiting at most `timeout` s for the first; none after `wake`."""
        with self.failures("read"):
            ready, _, _ = select.select([self.port.fileno(), self.wake_out], [], [], max(timeout, 0.0))
            if self.wake_out in ready:
                os.read(self.wake_out, 1024)
            if self.port.fileno() not in ready:
                return b""
            data = bytes(self.port.read(4096))
            if not data:
                raise LinkError(f"{self.where}: the other end of {self.url} closed")
            return data

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        with self.failures("write"):
            self.port.write(data)

    def reset_input(self) -> None:
        """Drop what came in so far."""
        with self.failures("reset"):
            self.port.reset_input_buffer()

    def wake(self) -> None:
        """Let a waiting `read` return."""
        os.write(self.wake_in, b"\0")

    def close(self) -> None:
        """Close the port; it may be opened again."""
        if self.port is not None:
            with contextlib.suppress(
                Exception
            ):  # a port that vanished fails in several ways, and is gone anyway
                self.port.close()
            self.port = None

    def dispose(self) -> None:
        """Close for good."""
        self.close()
        os.close(self.wake_out)
        os.close(self.wake_in)

    @contextlib.contextmanager
    def failures(self, what: str) -> Iterator[None]:
        """pyserial raises three unrelated families when a device is unplugged: SerialException, OSError,
        termios.error.
        """
        try:
            yield
        except LinkError:
            raise
        except Exception as error:
            raise LinkError(f"{self.where}: {what} on {self.url} failed: {reason(error)}") from None


def reason(error: Exception) -> str:
    """What a failed port means to the person at the machine."""
    text = str(error)
    remedies = {
        "Permission": "no permission; add the user to the group that owns the port (usually dialout)",
        "exclusively lock": "another program has it open",
        "busy": "another program has it open",
        "No such file": "there is no such port; is the device plugged in?",
        "refused": "nothing listens there",
    }
    return next(
        (f"{remedy} ({text})" for sign, remedy in remedies.items() if sign.lower() in text.lower()), text
    )
