"""A bundle directory and an environment go in; AWS's emulator, holding one function, comes out.

It listens on a port of 127.0.0.1 and ends with this process. Refuses to go on when it does not
start.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ots_local.lambda_parts import LambdaParts

START_WAIT_MAX_S = 30.0
STARTS_MAX = 5
HANDLER = "lambda_function.lambda_handler"

WITH_PARENT = 'exec 3<&0; { cat <&3 >/dev/null; kill -KILL 0; } & "$@" </dev/null 3<&-'
"""We hold the other end of its stdin: however this process ends, the emulator goes with it."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running one: it holds one function process and takes one invocation at a time."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]


def start(
    parts: LambdaParts,
    bundle: Path,
    environ: Mapping[str, str],
    log: Path,
    stack: contextlib.ExitStack,
    handler: str = HANDLER,
) -> Emulator:
    """Start one; `stack` stops it. Raises RuntimeError with its last words."""
    for _ in range(STARTS_MAX):
        port, api_port = _free_ports()
        command = [str(parts.emulator), "--log-level", "error"]
        # Its defaults are every interface and a fixed port.
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{api_port}"]
        # -S keeps this machine's packages out: what is missing in the bundle is missing here too.
        command += [parts.python, "-S", "-m", "awslambdaric", handler]
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["/bin/sh", "-c", WITH_PARENT, "sh", *command],
                cwd=bundle,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        stack.callback(_stop, process)
        if _listens(port, process):
            return Emulator(port, log, process)
    last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-5:])
    raise RuntimeError(f"Lambda's emulator did not start. Its last words:\n{last}")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_WAIT_MAX_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
