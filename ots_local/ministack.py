"""Runs ministack, a free stand-in for DynamoDB, its streams and S3, as a process on 127.0.0.1.

Nothing goes in; its URL comes out, for as long as a block lasts. It refuses no port's neighbour:
where a port turns out to be taken, another is tried.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

HEALTH = "/_localstack/health"
PORTS_TRIED_MAX = 5
START_WAIT_MAX_S = 30.0
"""It answers after about half a second; on a laden machine it takes many times that."""

CHILD = """
import os, sys, threading
def end_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = ["ministack"]
from ministack.app import main
main()
"""
"""We hold the other end of its stdin: however this process ends, killed too, ministack follows."""


class MinistackError(Exception):
    """ministack did not come up; the message ends with its own last words."""


@contextlib.contextmanager
def ministack(ports: Iterable[int] | None = None) -> Iterator[str]:
    """Run ministack for the length of the block; yields its URL.

    `ports` are those to try, in order; without them the system names up to five free ones, for a
    port that was free can be taken before it is bound.
    """
    words = "no port was given"
    with tempfile.TemporaryDirectory(prefix="ministack-") as home:
        for port in ports if ports is not None else (_free_port() for _ in range(PORTS_TRIED_MAX)):
            log = Path(home) / f"{port}.log"
            mark = secrets.token_hex(8)
            server = _start(port, mark, home, log)
            try:
                if _came_up(server, port, mark):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                _stop(server)
            words = log.read_text(errors="replace")
            if "in use" not in words:
                break
    last = "\n".join(words.strip().splitlines()[-5:])
    raise MinistackError(f"ministack did not start. Its last words:\n{last}")


def _start(port: int, mark: str, home: str, log: Path) -> subprocess.Popen[bytes]:
    """Nothing of the user's environment reaches it, and it opens no port but its own."""
    environ = {
        "HOME": home,
        "TMPDIR": home,
        "BIND_HOST": "127.0.0.1",  # its default is every interface
        "GATEWAY_PORT": str(port),
        "MINISTACK_VERSION": mark,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # it would tidy up the user's containers
        "LOG_LEVEL": "WARNING",
    }
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=home,
            start_new_session=True,  # Ctrl-C is ours: who still talks to it is to end first
        )


def _came_up(server: subprocess.Popen[bytes], port: int, mark: str) -> bool:
    """Whether this very process answers; on a port that it did not get, somebody else may."""
    until = time.monotonic() + START_WAIT_MAX_S
    while server.poll() is None and time.monotonic() < until:
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=2) as answer,
        ):
            if json.load(answer).get("version") == mark:
                return True
        time.sleep(0.05)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()  # its own way to go: see CHILD
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
