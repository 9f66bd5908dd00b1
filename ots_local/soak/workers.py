"""Runs the function in processes that are frozen, killed and cut off, as Lambda and worse does it.

An event goes in, the function's answer comes out. Whatever ends a process in the middle, the caller
hears of it only when no request of that process can still be at work in the service.
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
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ots_local.stream_pump import TimedOutError


class KilledError(Exception):
    """The process was killed in the middle of an invocation."""


class FunctionError(Exception):
    """The function raised."""


@dataclass(frozen=True, slots=True)
class Care:
    """How rough it is: shares of the invocations, and seconds.

    `left_s`: what an invocation has at most, beyond what the function needs to begin at all.
    `landing_s`: how long the service may work on a request whose process is gone.
    """

    killed: float = 0.1
    frozen: float = 0.15
    tight: float = 0.5
    needed_s: float = 30.0
    left_s: float = 20.0
    landing_s: float = 2.0


class Workers:
    """Some processes; `counts` tells what was done to them, once it was."""

    def __init__(
        self, count: int, environ: Mapping[str, str], log: Path, care: Care, chance: Random
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.last_error = ""
        self.care = care
        self._environ, self._log, self._chance = environ, log, chance
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._all: list[_Process] = []
        for _ in range(count):
            self._idle.put(self._started())

    def invoke(self, event: dict[str, Any]) -> Any:
        """One invocation, in whichever process is free."""
        process = self._idle.get()
        try:
            process.signal(signal.SIGCONT)
            return self._answer(process, event)
        finally:
            if process.popen.poll() is not None:
                process = self._started()
            process.signal(signal.SIGSTOP)  # as Lambda does between two invocations
            self._idle.put(process)

    def calm(self) -> None:
        """From now on nobody is frozen, killed or cut off in the middle."""
        self.care = Care(0, 0, 0, self.care.needed_s, self.care.left_s, self.care.landing_s)

    def close(self) -> None:
        """Ends every process."""
        for process in self._all:
            process.end()

    def _started(self) -> _Process:
        with self._log.open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, "-m", "ots_local.soak.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environ, "PYTHONUNBUFFERED": "1"},
            )
        process = _Process(popen)
        self._all.append(process)
        return process

    def _answer(self, process: _Process, event: dict[str, Any]) -> Any:
        chance, care = self._chance, self.care
        spare_s = chance.uniform(0.05, 0.3) if chance.random() < care.tight else care.left_s
        deadline_s = time.monotonic() + care.needed_s + spare_s
        process.ask(event, deadline_s)
        fate = chance.random()
        if fate < care.killed:
            if (told := process.told(chance.uniform(0.0, 0.15))) is None:
                self._end(process, "killed")
                raise KilledError
        elif fate < care.killed + care.frozen:
            if (told := process.told(chance.uniform(0.0, 0.1))) is None:
                process.signal(signal.SIGSTOP)
                time.sleep(chance.uniform(0.05, 2.0))
                process.signal(signal.SIGCONT)
                self.counts["frozen"] += 1
                told = process.told(deadline_s - time.monotonic())
        else:
            told = process.told(deadline_s - time.monotonic())
        if told is None:
            self._end(process, "timed out")
            raise TimedOutError
        if "error" in told:
            self.counts["raised"] += 1
            self.last_error = told["error"]
            raise FunctionError(told["error"])
        return told["answer"]

    def _end(self, process: _Process, how: str) -> None:
        process.end()
        self.counts[how] += 1
        time.sleep(self.care.landing_s)


@dataclass(slots=True)
class _Process:
    popen: subprocess.Popen[bytes]
    _read: bytearray = field(default_factory=bytearray)

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            with contextlib.suppress(OSError):  # what was not written yet will not be
                if pipe is not None:
                    pipe.close()

    def ask(self, event: dict[str, Any], deadline_s: float) -> None:
        assert self.popen.stdin is not None
        line = json.dumps({"event": event, "deadline_s": deadline_s})
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def told(self, seconds: float) -> Any:
        """The answer, or None when it does not come in time."""
        assert self.popen.stdout is not None
        until_s = time.monotonic() + seconds
        while b"\n" not in self._read:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not select.select([self.popen.stdout], [], [], left_s)[0]:
                return None
            data = os.read(self.popen.stdout.fileno(), 65536)
            if not data:
                raise FunctionError("the process ended by itself; see the log")
            self._read += data
        line, _, rest = bytes(self._read).partition(b"\n")
        self._read[:] = rest
        return json.loads(line)
