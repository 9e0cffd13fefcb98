"""The `serial` and `socket` links: a device's session on a real line, stepped by an owner thread."""

from __future__ import annotations

import queue
import random
import threading
import time

from control.errors import ConnectError, LinkError, ProtocolError
from control.link import DeviceLink, Order
from control.scan import ns
from control.serial_port import SerialPort
from control.session import Session

LONGEST_WAIT = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


class LineLink(DeviceLink):
    """One device on one line. The thread owns port and session; the scan only takes the image and leaves
    orders.
    """

    def __init__(self, name: str, port: SerialPort, session: Session, *, timeout: float = 3.0) -> None:
        super().__init__(name, port.url)
        self.port, self.session, self.timeout = port, session, timeout
        self.image = session.image
        self.work: queue.SimpleQueue[tuple[Order, ...]] = queue.SimpleQueue()
        self.stopping = False
        self.thread: threading.Thread | None = None
        self.failure = ""

    def open(self) -> None:
        self.port.open()
        self.thread = threading.Thread(target=self.run, name=f"line {self.name}", daemon=True)
        self.thread.start()
        limit = time.monotonic() + self.timeout
        while not self.image.good and time.monotonic() < limit:
            time.sleep(0.005)
        if not self.image.good:
            cause = self.image.cause
            self.close()
            kind = ProtocolError if cause.startswith("wanted") else ConnectError
            raise kind(f"{self.name}: {self.url}: no answer as expected within {self.timeout} s: {cause}")

    def close(self) -> None:
        self.stopping = True
        if self.thread is not None:
            self.port.wake()
            self.thread.join()
            self.thread = None
            self.port.dispose()

    def submit(self, orders: tuple[Order, ...]) -> None:
        self.work.put(orders)
        self.port.wake()

    def run(self) -> None:
        """The owner thread: step the session whenever bytes came, an order was left or its time is due."""
        self.session.connect(time.monotonic_ns())
        while not self.stopping:
            try:
                self.turn()
            except Exception as error:  # whatever it is, it must not leave a good image behind
                self.session.disconnect(str(error) if isinstance(error, LinkError) else repr(error))
                self.image = self.session.image
                self.reopen()
        self.port.close()

    def turn(self) -> None:
        """One wait and one step."""
        wait = (self.session.due() - time.monotonic_ns()) / 1e9
        data = self.port.read(min(wait, LONGEST_WAIT)) if wait > 0 else b""
        while not self.work.empty():
            self.session.submit(self.work.get())
        answer = self.session.step(time.monotonic_ns(), data)
        if answer:
            self.port.write(answer)
        self.image = self.session.image

    def reopen(self) -> None:
        """Look for the port until it is back; what was unplugged is identified again before it is used."""
        pause = FIRST_PAUSE
        self.port.close()
        while not self.stopping:
            try:
                self.port.open()
                self.port.reset_input()
                self.session.connect(time.monotonic_ns())
                return
            except LinkError as error:
                self.refuse_waiting(str(error))
                self.rest(pause * random.uniform(0.8, 1.2))
                pause = min(2 * pause, LONGEST_PAUSE)

    def refuse_waiting(self, cause: str) -> None:
        """Orders left while the line is down end refused."""
        while not self.work.empty():
            self.session.submit(self.work.get())
        self.image = self.session.image = self.session.image._replace(cause=cause)

    def rest(self, seconds: float) -> None:
        """Wait, but not longer than until `close`."""
        limit = time.monotonic_ns() + ns(seconds)
        while not self.stopping and time.monotonic_ns() < limit:
            time.sleep(min(0.02, seconds))
