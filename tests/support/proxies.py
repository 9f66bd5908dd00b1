"""What stands between the SDK and Table Store and fails there: a proxy, and a server of few words.

Both listen on 127.0.0.1 and count the connections that they were asked for.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator


class Listener:
    """Accepts connections in a thread of its own and hands each to `talk`."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self._sockets: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """The address for an SDK's client."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Ends everything."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def talk(self, client: socket.socket) -> None:
        """What is done with one connection."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(client)
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.talk(client)
        client.close()


class Server(Listener):
    """Reads a request whole, answers these bytes, and closes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        super().__init__()

    def talk(self, client: socket.socket) -> None:
        """One request, one answer."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        head, _, body = head.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        while len(body) < length:
            body += client.recv(65536)
        client.sendall(self._answer)
        client.shutdown(socket.SHUT_RDWR)
        client.close()


class Proxy(Listener):
    """Hands everything on to a port, until told to do worse to the connections there are."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._mute: set[socket.socket] = set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        super().__init__()

    def close_idle(self) -> None:
        """Closes what is open, as a server does with a connection that was idle for long."""
        self._end(socket.SHUT_RDWR)

    def forget(self) -> None:
        """What comes from now on over what is open is answered by a reset, as a router does that
        has forgotten a connection.
        """
        for client, _ in self._pairs:
            self._mute.add(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def swallow(self) -> None:
        """What comes from now on over what is open goes nowhere, and nothing comes back."""
        for client, _ in self._pairs:
            self._mute.add(client)

    def talk(self, client: socket.socket) -> None:
        """Both directions, each by a thread."""
        server = socket.create_connection(("127.0.0.1", self._behind))
        self._sockets.append(server)
        self._pairs.append((client, server))
        threading.Thread(target=self._back, args=(server, client), daemon=True).start()
        while data := client.recv(65536):
            if client not in self._mute:
                server.sendall(data)
            elif client.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) != bytes(8):
                client.close()
                return

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)

    def _end(self, how: int) -> None:
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(how)
                one.close()
        self._pairs.clear()


@contextlib.contextmanager
def proxy(endpoint: str) -> Iterator[Proxy]:
    """A proxy before an endpoint, for the length of a block."""
    running = Proxy(int(endpoint.rpartition(":")[2]))
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def server(answer: bytes) -> Iterator[Server]:
    """A server that answers these bytes, for the length of a block."""
    running = Server(answer)
    try:
        yield running
    finally:
        running.close()
