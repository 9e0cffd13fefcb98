"""The S7 outlet: a simulated PLC's memory served on TCP, one thread per client."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time

from control.errors import ConfigurationError
from plc_sim.kernel.draw import stream_key
from plc_sim.kernel.header import name_hash
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_endpoint import S7Endpoint
from plc_sim.s7_faults import S7Faults, S7Wire

BUFFER = 65536
"""Bytes taken from a client at once."""

PATIENCE = 1.0
"""How long a client that will be refused has for its request, in s."""

REMEDIES = {
    errno.EADDRINUSE: "another server runs there: stop it, or take another port (0: any free one)",
    errno.EACCES: "ports below 1024 need a privilege: take a higher one, as 1102",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class S7Outlet:
    """An S7 server on `host`:`port` (0: any free port, see `port` once started).

    At most `faults.slots` clients are connected; a further one is refused in the handshake, as by a CPU
    without free connection resources. `faults` may be set while it serves; draws are keyed by `seed` and the
    number of the connection.
    """

    def __init__(
        self,
        memory: PlcMemory,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        rack: int = 0,
        slot: int = 1,
        pdu: int = 960,
        limit: int = 16,
        seed: int = 1,
    ) -> None:
        self.host, self.port = host, port
        self.faults = S7Faults(pdu=pdu, slots=limit)
        self._memory, self._seed, self._connections = memory, seed, 0
        self._rack, self._slot = rack, slot
        self._clients: dict[socket.socket, tuple[S7Endpoint, S7Wire, threading.Thread]] = {}
        self._lock = threading.Lock()
        self._past_jobs = 0
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None

    @property
    def connected(self) -> int:
        """Clients connected now."""
        with self._lock:
            return sum(endpoint.connected for endpoint, *_ in self._clients.values())

    @property
    def jobs(self) -> int:
        """Jobs answered so far, of all clients."""
        with self._lock:
            return self._past_jobs + sum(endpoint.jobs for endpoint, *_ in self._clients.values())

    def start(self) -> None:
        """Listen. ConfigurationError if the port cannot be had."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen()
        except OSError as error:
            listener.close()
            remedy = REMEDIES.get(error.errno or 0, "check host and port")
            raise ConfigurationError(
                f"S7 server on {self.host}:{self.port}: {error.strerror or error}; {remedy}"
            ) from error
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting = threading.Thread(
            target=self._accept, args=(listener,), name=f"S7 :{self.port}", daemon=True
        )
        self._accepting.start()

    def stop(self) -> None:
        """Stop listening and close every client."""
        if self._listener and self._accepting:
            _shut(self._listener)
            self._accepting.join()
            self._listener.close()
            self._listener = None
        with self._lock:
            clients = list(self._clients.items())
        for client, (*_, thread) in clients:
            _shut(client)
            thread.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._serve, args=(client,), name=f"S7 :{self.port} client", daemon=True
            )
            with self._lock:
                admit = len(self._clients) < self.faults.slots
                self._clients[client] = *self._connection(admit), thread
            client.settimeout(None if admit else PATIENCE)
            thread.start()

    def _connection(self, admit: bool) -> tuple[S7Endpoint, S7Wire]:
        """The CPU's end of a new connection, and the wire to its client."""
        self._connections += 1
        wire = S7Wire(self.faults, stream_key(self._seed, self._connections, name_hash("S7")))
        endpoint = S7Endpoint(
            self._memory,
            rack=self._rack,
            slot=self._slot,
            pdu=self.faults.pdu,
            admit=admit,
            refuses=wire.refuses,
        )
        return endpoint, wire

    def _serve(self, client: socket.socket) -> None:
        endpoint, wire, _ = self._clients[client]
        try:
            while not endpoint.closed or wire.coming:
                if not wire.coming or _readable(client, wire.next):
                    if not (data := client.recv(BUFFER)):
                        break
                    answer = endpoint.receive(data)
                    if wire.clear:
                        client.sendall(answer)
                        continue
                    wire.take(answer, time.monotonic_ns())
                if arrived := wire.due(time.monotonic_ns()):
                    client.sendall(arrived)
        except OSError:
            pass  # the client is gone; there is nobody to tell
        finally:
            with self._lock:
                self._past_jobs += endpoint.jobs
                del self._clients[client]
            client.close()


def _readable(client: socket.socket, due: int) -> bool:
    """Wait until the client has sent something, or until `due` (ns)."""
    patience = max(0.0, (due - time.monotonic_ns()) / 1e9)
    return bool(select.select([client], [], [], patience)[0])


def _shut(connection: socket.socket) -> None:
    """Wake the thread that waits on a socket."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the peer was first
