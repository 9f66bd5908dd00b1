"""A server that acknowledges every row at once, or after a while: what is measured beside it is not
its work. For the benchmarks alone; it stores nothing, and speaks only as much as the SDK asks.

In a process of its own, so that its CPU is not counted. `GET /calls` tells how many it has had.
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


class Answering:
    """The server as those who measure see it."""

    def __init__(self, port: str) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def calls(self) -> int:
        """How many calls it has answered since it was last asked."""
        with urllib.request.urlopen(f"{self.endpoint}/calls") as answer:
            return int(answer.read())


@contextmanager
def answering(latency_s: float = 0.0) -> Iterator[Answering]:
    """A server that takes `latency_s` for each call, while the context is open."""
    command = [sys.executable, "-m", __name__, str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Answering(process.stdout.readline().strip())
        finally:
            process.terminate()


async def serve(latency_s: float) -> None:
    """Listens on a free port, and says which."""
    calls = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
                writer.write(_batch_answer(body) if path == "/batchwriterow" else _put_answer())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 23)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - to the process that asked
    await server.serve_forever()


def _batch_answer(body: bytes) -> bytes:
    request = pb2.BatchWriteRowRequest()
    request.ParseFromString(body)
    (table,) = request.tables
    return _signed("BatchWriteRow", _acknowledged(table.table_name, len(table.rows)))


@cache
def _acknowledged(table_name: str, rows: int) -> bytes:
    response = pb2.BatchWriteRowResponse()
    table = response.tables.add(table_name=table_name)
    for _ in range(rows):
        row = table.rows.add(is_ok=True)
        row.consumed.capacity_unit.write = 1
        row.consumed.capacity_unit.read = 0
    return response.SerializeToString()


def _put_answer() -> bytes:
    response = pb2.PutRowResponse()
    response.consumed.capacity_unit.write = 1
    response.consumed.capacity_unit.read = 0
    return _signed("PutRow", response.SerializeToString())


def _signed(api: str, body: bytes) -> bytes:
    headers = {
        "x-ots-contentmd5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "x-ots-contenttype": "protocol buffer",
        "x-ots-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "x-ots-requestid": "0",
    }
    told = "\n".join(f"{name}:{value}" for name, value in sorted(headers.items())) + f"\n/{api}"
    mac = hmac.digest(ENVIRON["OTS_SECRET"].encode(), told.encode(), "sha1")
    signature = base64.b64encode(mac).decode()
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Authorization: OTS {ENVIRON['OTS_ID']}:{signature}", f"Content-Length: {len(body)}"]
    return ("HTTP/1.1 200 OK\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
