"""What a check comes to: a mark and words go in, one line for a terminal and an exit code come out.

No finding carries a secret or a value of an item; names of attributes and settings are shown.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

NAME_WIDTH = 17


class Mark(Enum):
    """How a check went: sign and colour."""

    GOOD = ("✓", "green")
    NOTE = ("!", "yellow")
    TO_DO = ("✗", "bold red")
    UNSEEN = ("?", "magenta")
    NOT_ASKED = ("-", "dim")


class Finding(NamedTuple):
    """What one check says."""

    mark: Mark
    words: str


class UnseenError(Exception):
    """A check cannot look; its words say why."""


class AbsentError(UnseenError):
    """What a check is about is not there; its words say what."""


class NotAskedError(Exception):
    """A check has nothing to look at; its words say what it would take."""


def good(words: str) -> Finding:
    """All right."""
    return Finding(Mark.GOOD, words)


def note(words: str) -> Finding:
    """It works, but could be better."""
    return Finding(Mark.NOTE, words)


def to_do(words: str) -> Finding:
    """Something has to be done; the words say what."""
    return Finding(Mark.TO_DO, words)


def line(name: str, finding: Finding) -> Table:
    """One line; long words go on below themselves."""
    sign, style = finding.mark.value
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=NAME_WIDTH)
    table.add_column(ratio=1, overflow="fold")
    words = f"could not look: {finding.words}" if finding.mark is Mark.UNSEEN else finding.words
    muted = "dim" if finding.mark is Mark.NOT_ASKED else ""
    table.add_row(Text(sign, style), Text(name, muted), Text(words, muted))
    return table


def exit_code(findings: Collection[Finding]) -> int:
    """0: nothing to do. 1: something has to be done. 2: not that, but some could not look."""
    marks = {finding.mark for finding in findings}
    if Mark.TO_DO in marks:
        return 1
    return 2 if Mark.UNSEEN in marks else 0
