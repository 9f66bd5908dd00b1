"""Provide servers that stand between the SDK and Table Store, and fail on request.

All listen on 127.0.0.1 and count the connections that they accept.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Listener:
    """Accepts connections in a thread, and calls `serve` for each in another one."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self._sockets: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """The URL for an SDK client."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Close the listener and every connection."""
        for one in self._sockets:
            _shut_down(one)

    def serve(self, client: socket.socket) -> None:
        """Serve one connection until it ends."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.serve(client)
        client.close()


def _shut_down(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


class CannedServer(Listener):
    """Reads one whole request, sends these bytes, and closes the connection."""

    def __init__(self, response: bytes) -> None:
        self._response = response
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        """Send the response to one request."""
        _read_message(client)
        client.sendall(self._response)
        client.shutdown(socket.SHUT_RDWR)


class Proxy(Listener):
    """Forwards all bytes to a port, until a test makes it break its open connections."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self._blocked: set[socket.socket] = set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        super().__init__()

    def close_idle(self) -> None:
        """Close the open connections, as a server does with connections that are idle for long."""
        for pair in self._pairs:
            for one in pair:
                _shut_down(one)
        self._pairs.clear()

    def reset_on_next_request(self) -> None:
        """Reset each open connection at its next bytes, as a router that has dropped its state."""
        for client, _ in self._pairs:
            self._blocked.add(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def drop_packets(self) -> None:
        """Forward no more bytes from the open connections, without an error."""
        for client, _ in self._pairs:
            self._blocked.add(client)

    def serve(self, client: socket.socket) -> None:
        """Forward both directions, each in a thread."""
        server = socket.create_connection(("127.0.0.1", self._target_port))
        self._sockets.append(server)
        self._pairs.append((client, server))
        threading.Thread(target=self._forward_back, args=(server, client), daemon=True).start()
        while data := client.recv(65536):
            if client not in self._blocked:
                server.sendall(data)
            elif client.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) != bytes(8):
                client.close()
                return

    def _forward_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)


class TlsProxy(Listener):
    """Terminates TLS, and forwards one request and one response after another."""

    def __init__(self, port: int, certificate: Path) -> None:
        self._target_port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__()

    @property
    def endpoint(self) -> str:
        """The URL for an SDK client."""
        return super().endpoint.replace("http:", "https:")

    def serve(self, client: socket.socket) -> None:
        """Forward until one side closes."""
        with (
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", self._target_port)) as server,
        ):
            self._sockets.append(secure)
            while request := _read_message(secure):
                server.sendall(request)
                secure.sendall(_read_message(server))


def _read_message(source: socket.socket) -> bytes:
    """Return one HTTP message with its head, or nothing when the connection ends."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = source.recv(65_536)
        if not more:
            return b""
        data += more
    head = data.partition(b"\r\n\r\n")[0]
    length = int(head.lower().partition(b"content-length: ")[2].split()[0]) + len(head) + 4
    while len(data) < length:
        data += source.recv(65_536)
    return data


def self_signed_certificate(folder: Path) -> Path:
    """Return a file with a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextlib.contextmanager
def proxy(endpoint: str) -> Iterator[Proxy]:
    """Run a proxy in front of an endpoint."""
    running = Proxy(port_of(endpoint))
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def tls_proxy(endpoint: str, certificate: Path) -> Iterator[TlsProxy]:
    """Run a proxy with TLS in front of an endpoint."""
    running = TlsProxy(port_of(endpoint), certificate)
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def canned_server(response: bytes) -> Iterator[CannedServer]:
    """Run a server that sends these bytes as its response."""
    running = CannedServer(response)
    try:
        yield running
    finally:
        running.close()


def port_of(endpoint: str) -> int:
    """Return the port of a URL."""
    return int(endpoint.rpartition(":")[2])
