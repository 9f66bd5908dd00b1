"""Run the function in processes that are frozen, killed and stopped at a deadline.

Lambda freezes an execution environment between invocations and stops it at the timeout. When a
process ends during an invocation, the caller gets the error only after Table Store can no longer
execute a request of that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from ots_local.event_source import FunctionTimeoutError


class KilledError(Exception):
    """The process was killed during an invocation."""


class FunctionError(Exception):
    """The function raised an exception."""


@dataclass(frozen=True, slots=True)
class FaultRates:
    """The shares of the invocations with a fault, and times in seconds.

    `startup_s` is the time that the function needs before it sends its first request. An invocation
    has `spare_s` more, or with a short deadline almost nothing more. `in_flight_s` is how long
    Table Store may still execute a request of a process that has ended.
    """

    killed: float = 0.1
    frozen: float = 0.15
    short_deadline: float = 0.5
    startup_s: float = 30.0
    spare_s: float = 20.0
    in_flight_s: float = 2.0


class FunctionPool:
    """Processes of the function; `counts` has the number of faults by kind."""

    def __init__(
        self, count: int, environ: Mapping[str, str], log: Path, rates: FaultRates, rng: Random
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.last_error = ""
        self.rates = rates
        self._environ, self._log, self._rng = environ, log, rng
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._all: list[_Process] = []
        for _ in range(count):
            self._idle.put(self._start())

    def invoke(self, event: dict[str, Any]) -> Any:
        """Return the response of one invocation, in the next free process.

        Raises KilledError, FunctionTimeoutError and FunctionError.
        """
        process = self._idle.get()
        try:
            process.signal(signal.SIGCONT)
            return self._invoke(process, event)
        finally:
            if process.popen.poll() is not None:
                process = self._start()
            process.signal(signal.SIGSTOP)  # as Lambda does between two invocations
            self._idle.put(process)

    def stop_faults(self) -> None:
        """Inject no more faults."""
        self.rates = replace(self.rates, killed=0, frozen=0, short_deadline=0)

    def close(self) -> None:
        """End every process."""
        for process in self._all:
            process.end()

    def _start(self) -> _Process:
        with self._log.open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, "-m", "ots_local.chaos.function_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environ, "PYTHONUNBUFFERED": "1"},
            )
        process = _Process(popen)
        self._all.append(process)
        return process

    def _invoke(self, process: _Process, event: dict[str, Any]) -> Any:
        rng, rates = self._rng, self.rates
        short = rng.random() < rates.short_deadline
        spare_s = rng.uniform(0.05, 0.3) if short else rates.spare_s
        deadline_s = time.monotonic() + rates.startup_s + spare_s
        process.send(event, deadline_s)
        roll = rng.random()
        if roll < rates.killed:
            if (result := process.receive(rng.uniform(0.0, 0.15))) is None:
                self._end(process, "killed")
                raise KilledError
        elif roll < rates.killed + rates.frozen:
            if (result := process.receive(rng.uniform(0.0, 0.1))) is None:
                process.signal(signal.SIGSTOP)
                time.sleep(rng.uniform(0.05, 2.0))
                process.signal(signal.SIGCONT)
                self.counts["frozen"] += 1
                result = process.receive(deadline_s - time.monotonic())
        else:
            result = process.receive(deadline_s - time.monotonic())
        if result is None:
            self._end(process, "timed out")
            raise FunctionTimeoutError
        if "error" in result:
            self.counts["raised"] += 1
            self.last_error = result["error"]
            raise FunctionError(result["error"])
        return result["response"]

    def _end(self, process: _Process, reason: str) -> None:
        process.end()
        self.counts[reason] += 1
        time.sleep(self.rates.in_flight_s)


@dataclass(slots=True)
class _Process:
    popen: subprocess.Popen[bytes]
    _received: bytearray = field(default_factory=bytearray)

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            with contextlib.suppress(OSError):  # buffered input can no longer be written
                if pipe is not None:
                    pipe.close()

    def send(self, event: dict[str, Any], deadline_s: float) -> None:
        assert self.popen.stdin is not None
        line = json.dumps({"event": event, "deadline_s": deadline_s})
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def receive(self, timeout_s: float) -> Any:
        """Return the result, or None after the timeout."""
        assert self.popen.stdout is not None
        until_s = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            remaining_s = until_s - time.monotonic()
            if remaining_s <= 0:
                return None
            if not select.select([self.popen.stdout], [], [], remaining_s)[0]:
                return None
            data = os.read(self.popen.stdout.fileno(), 65536)
            if not data:
                raise FunctionError("The function's process ended unexpectedly; see the log.")
            self._received += data
        line, _, rest = bytes(self._received).partition(b"\n")
        self._received[:] = rest
        return json.loads(line)
