"""Run a server that acknowledges every row at once, or after a delay, and stores nothing.

It supports only the requests that the benchmarks send. It runs in its own process, so that its
processor time is not measured. `GET /calls` returns the number of calls since the previous one.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cache

import tablestore.protobuf.table_store_pb2 as pb2

from tests.support.builders import ENVIRON


class AcknowledgingServer:
    """A running server."""

    def __init__(self, port: str) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def calls(self) -> int:
        """Return the number of calls since this was called before."""
        with urllib.request.urlopen(f"{self.endpoint}/calls") as response:
            return int(response.read())


@contextmanager
def acknowledging_server(latency_s: float = 0.0) -> Iterator[AcknowledgingServer]:
    """Run a server that responds after `latency_s` until the block ends."""
    command = [sys.executable, "-m", __name__, str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield AcknowledgingServer(process.stdout.readline().strip())
        finally:
            process.terminate()


async def serve(latency_s: float) -> None:
    """Listen on a free port, and print the port."""
    calls = 0

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
                path = head[0].split(" ")[1]
                if path == "/calls":
                    body = str(calls).encode()
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                    )
                    calls = 0
                    continue
                size = next(line for line in head if line.startswith("content-length:"))
                body = await reader.readexactly(int(size[15:]))
                calls += 1
                if latency_s:
                    await asyncio.sleep(latency_s)
                writer.write(_batch_response(body) if path == "/batchwriterow" else _put_response())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(on_connect, "127.0.0.1", 0, limit=1 << 23)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the parent reads it
    await server.serve_forever()


def _batch_response(body: bytes) -> bytes:
    request = pb2.BatchWriteRowRequest()
    request.ParseFromString(body)
    (table,) = request.tables
    return _sign("BatchWriteRow", _acknowledgement(table.table_name, len(table.rows)))


@cache
def _acknowledgement(table_name: str, rows: int) -> bytes:
    response = pb2.BatchWriteRowResponse()
    table = response.tables.add(table_name=table_name)
    for _ in range(rows):
        row = table.rows.add(is_ok=True)
        row.consumed.capacity_unit.write = 1
        row.consumed.capacity_unit.read = 0
    return bytes(response.SerializeToString())


def _put_response() -> bytes:
    response = pb2.PutRowResponse()
    response.consumed.capacity_unit.write = 1
    response.consumed.capacity_unit.read = 0
    return _sign("PutRow", response.SerializeToString())


def _sign(api: str, body: bytes) -> bytes:
    """Return the HTTP response with the signature that the SDK checks."""
    headers = {
        "x-ots-contentmd5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "x-ots-contenttype": "protocol buffer",
        "x-ots-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "x-ots-requestid": "0",
    }
    signed = "\n".join(f"{name}:{value}" for name, value in sorted(headers.items())) + f"\n/{api}"
    mac = hmac.digest(ENVIRON["OTS_SECRET"].encode(), signed.encode(), "sha1")
    signature = base64.b64encode(mac).decode()
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Authorization: OTS {ENVIRON['OTS_ID']}:{signature}", f"Content-Length: {len(body)}"]
    return ("HTTP/1.1 200 OK\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
