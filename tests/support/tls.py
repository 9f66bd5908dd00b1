"""TLS in front of an endpoint: a certificate made on the spot, and a proxy that shows it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.proxies import Listener


def certificate(folder: Path) -> Path:
    """A file with a certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    made = (
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
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class SecureProxy(Listener):
    """Speaks TLS to whom it serves; hands on one request and one answer after the other."""

    def __init__(self, port: int, certificate: Path) -> None:
        self._behind = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__()

    @property
    def endpoint(self) -> str:
        return super().endpoint.replace("http:", "https:")

    def talk(self, client: socket.socket) -> None:
        """Until one of them ends."""
        with (
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", self._behind)) as server,
        ):
            self._sockets.append(secure)
            while request := _message(secure):
                server.sendall(request)
                secure.sendall(_message(server))


def _message(source: socket.socket) -> bytes:
    """One message of HTTP with its head, or nothing at the end."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = source.recv(65_536)
        if not more:
            return b""
        read += more
    head = read.partition(b"\r\n\r\n")[0]
    left = int(head.lower().partition(b"content-length: ")[2].split()[0]) + len(head) + 4
    while len(read) < left:
        read += source.recv(65_536)
    return read


@contextmanager
def secure_proxy(endpoint: str, certificate: Path) -> Iterator[SecureProxy]:
    """A proxy before an endpoint, for the length of a block."""
    running = SecureProxy(int(endpoint.rpartition(":")[2]), certificate)
    try:
        yield running
    finally:
        running.close()
