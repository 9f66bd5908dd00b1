"""Define the result of a check: a status and a message, as one line on a terminal.

A finding contains no secret and no value of an item. It can contain names of attributes and
settings.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

NAME_WIDTH = 18


class Status(Enum):
    """The status of a check: its mark and its color."""

    OK = ("✓", "green")
    WARNING = ("!", "yellow")
    ERROR = ("✗", "bold red")
    UNKNOWN = ("?", "magenta")
    SKIPPED = ("-", "dim")


class Finding(NamedTuple):
    """The result of one check."""

    status: Status
    message: str


class CannotCheckError(Exception):
    """A check could not be made; the message says why."""


class NotFoundError(CannotCheckError):
    """The object of a check does not exist; the message says which."""


class CheckSkippedError(Exception):
    """A check does not apply, or needs another option; the message says which."""


def ok(message: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(Status.OK, message)


def warning(message: str) -> Finding:
    """Return a finding of something that works but can be improved."""
    return Finding(Status.WARNING, message)


def error(message: str) -> Finding:
    """Return a finding that needs action; the message says which."""
    return Finding(Status.ERROR, message)


def line(name: str, finding: Finding) -> Table:
    """Return the line of a check; a long message is wrapped in its column."""
    mark, style = finding.status.value
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=NAME_WIDTH)
    table.add_column(ratio=1, overflow="fold")
    is_unknown = finding.status is Status.UNKNOWN
    message = f"not checked: {finding.message}" if is_unknown else finding.message
    text_style = "dim" if finding.status is Status.SKIPPED else ""
    table.add_row(Text(mark, style), Text(name, text_style), Text(message, text_style))
    return table


def exit_code(findings: Collection[Finding]) -> int:
    """Return 1 if an action is needed, else 2 if something could not be checked, else 0."""
    statuses = {finding.status for finding in findings}
    if Status.ERROR in statuses:
        return 1
    return 2 if Status.UNKNOWN in statuses else 0
