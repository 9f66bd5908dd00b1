"""Redirect the output of the function, its log and metrics, to a file or to standard error.

The function writes to standard output, as in Lambda. Open a console on standard output before the
redirection starts.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

LOCAL = Path(__file__).parent.parent / ".local"
"""The directory, ignored by git, for files that are kept between runs."""


@dataclass(slots=True)
class FunctionLog:
    """The log file of the running function."""

    path: Path
    file: TextIO
    lines_read: int = 0

    def read_new_lines(self) -> list[str]:
        """Return the lines that were written since the previous call."""
        self.file.flush()
        lines = self.path.read_text("utf-8").splitlines()
        self.lines_read, start = len(lines), self.lines_read
        return lines[start:]


@contextlib.contextmanager
def redirect_to_file(path: Path) -> Iterator[FunctionLog]:
    """Write standard output to this file, which is emptied first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        yield FunctionLog(path, file)


@contextlib.contextmanager
def redirect_to_stderr() -> Iterator[None]:
    """Write standard output to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def display_path(path: Path) -> str:
    """Return the path relative to the working directory, if it is below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
