"""What the function prints in Lambda (its log and its metrics) goes to a file while a block lasts.

The function writes to standard output; whoever shows something beside it holds the real one.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

LOCAL = Path(__file__).parent.parent / ".local"
"""Git-ignored: what the local parts keep between runs."""


@dataclass(slots=True)
class FunctionLog:
    """The file, from its beginning to its end."""

    path: Path
    file: TextIO
    seen: int = 0

    def news(self) -> list[str]:
        """The lines that have come since this was asked last."""
        self.file.flush()
        lines = self.path.read_text("utf-8").splitlines()
        self.seen, begin = len(lines), self.seen
        return lines[begin:]


@contextlib.contextmanager
def kept(path: Path) -> Iterator[FunctionLog]:
    """Begin the file anew, and write there what goes to standard output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        yield FunctionLog(path, file)


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Show it on standard error, as it comes."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def short(path: Path) -> str:
    """The path as a person here would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
