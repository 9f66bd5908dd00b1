"""Start AWS's Lambda runtime emulator with one function, on a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ots_local.lambda_runtime.parts import LambdaParts

START_TIMEOUT_S = 30.0
MAX_STARTS = 5
HANDLER = "lambda_function.lambda_handler"

EXIT_WITH_PARENT = 'exec 3<&0; { cat <&3 >/dev/null; kill -KILL 0; } & "$@" </dev/null 3<&-'
"""This process holds the other end of stdin, so the emulator ends when this process ends."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: it has one function process and handles one invocation at a time."""

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
    """Start an emulator; closing `stack` stops it.

    Raises RuntimeError with the end of its output if it does not start.
    """
    for _ in range(MAX_STARTS):
        port, api_port = _free_ports()
        command = [str(parts.emulator), "--log-level", "error"]
        # The defaults are every interface and a fixed port.
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{api_port}"]
        # -S hides this machine's packages, so a package that the bundle lacks cannot be imported.
        command += [parts.python, "-S", "-m", "awslambdaric", handler]
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["/bin/sh", "-c", EXIT_WITH_PARENT, "sh", *command],
                cwd=bundle,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        stack.callback(_stop, process)
        if _wait_until_listening(port, process):
            return Emulator(port, log, process)
    last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-5:])
    raise RuntimeError(f"Lambda's runtime emulator did not start. The end of its output:\n{last}")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
