"""Run ministack, a local replacement for DynamoDB, its streams and S3, on 127.0.0.1."""

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
MAX_PORTS = 5
START_TIMEOUT_S = 30.0
"""It responds after about half a second; a busy machine needs much longer."""

CHILD = """
import os, sys, threading
def exit_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)
threading.Thread(target=exit_with_parent, daemon=True).start()
sys.argv = ["ministack"]
from ministack.app import main
main()
"""
"""The parent holds the other end of stdin, so ministack ends when the parent ends or is killed."""


class MinistackError(Exception):
    """ministack did not start; the message ends with its last lines of output."""


@contextlib.contextmanager
def run_ministack(candidate_ports: Iterable[int] | None = None) -> Iterator[str]:
    """Run ministack until the block ends; yields its URL.

    `candidate_ports` are tried in order. Without them the system chooses up to five free ports,
    because another process can take a free port before ministack binds it. Raises MinistackError.
    """
    if candidate_ports is None:
        candidate_ports = (_free_port() for _ in range(MAX_PORTS))
    output = "no port was given"
    with tempfile.TemporaryDirectory(prefix="ministack-") as home:
        for port in candidate_ports:
            log = Path(home) / f"{port}.log"
            version = secrets.token_hex(8)
            server = _start(port, version, home, log)
            try:
                if _is_ready(server, port, version):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                _stop(server)
            output = log.read_text(errors="replace")
            if "in use" not in output:
                break
    last = "\n".join(output.strip().splitlines()[-5:])
    raise MinistackError(f"ministack did not start. The end of its output:\n{last}")


def _start(port: int, version: str, home: str, log: Path) -> subprocess.Popen[bytes]:
    """Start the process without the user's environment; it opens no other port."""
    environ = {
        "HOME": home,
        "TMPDIR": home,
        "BIND_HOST": "127.0.0.1",  # the default is every interface
        "GATEWAY_PORT": str(port),
        "MINISTACK_VERSION": version,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # otherwise it removes the user's containers
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
            start_new_session=True,  # no Ctrl-C: its clients must end first
        )


def _is_ready(server: subprocess.Popen[bytes], port: int, version: str) -> bool:
    """Wait until this process responds; another server may respond if it did not get the port."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline_s:
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=2) as response,
        ):
            if json.load(response).get("version") == version:
                return True
        time.sleep(0.05)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()  # ends the process: see CHILD
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
