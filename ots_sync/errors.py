"""Define every error that ots-sync raises; none carries an item's value or a secret.

SyncError
├── ConfigurationError        every record would fail until someone changes the deployment
│   └── SettingsError         the settings are wrong; all faults at once
├── RejectedError             this record or row can never be written as it is
├── UnprocessedRecordsError   Lambda must deliver some records again
├── TableStoreError           a call to Table Store failed, or one row of it
└── QuarantineError           a rejected record could not be stored
"""

from __future__ import annotations

from collections.abc import Sequence
from traceback import extract_tb


class SyncError(Exception):
    """Base of all errors that ots-sync raises on purpose."""


class ConfigurationError(SyncError):
    """Every record would fail until someone changes the deployment; the message says what."""


class SettingsError(ConfigurationError):
    """One or more settings are missing or wrong; `faults` has one sentence for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The settings are not valid:\n" + "\n".join(f"- {f}" for f in faults))


class RejectedError(SyncError):
    """A record or row that can never be written as it is.

    `code` is one word for programs. The message is for people; it names fields, never values.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class UnprocessedRecordsError(SyncError):
    """At least one record is unprocessed, and only an exception makes Lambda deliver it again."""


class TableStoreError(SyncError):
    """A failed call, or a failed row of a call; `code` is a key of `retry.ERROR_CLASSES` or new."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class QuarantineError(SyncError):
    """A rejected record could not be stored in quarantine, so it stays unprocessed."""


def printable(text: object, limit: int) -> str:
    """Return at most `limit` ASCII characters, with escapes for everything that is not printable.

    Text from outside can then neither forge a line of the log nor fill it.
    """
    return ascii(str(text))[1:-1][:limit]


def quoted(name: object, limit: int = 64) -> str:
    """Return a name in quotes, with escapes as in `printable`."""
    return ascii(name)[:limit]


def describe_unexpected(error: BaseException) -> str:
    """Return the type and the code location of an error, without its message.

    The message of an error that the code does not expect can hold a value of the data.
    """
    frame = extract_tb(error.__traceback__)[-1]
    file_name = frame.filename.rpartition("/")[2]
    return f"an unexpected {type(error).__name__} in {file_name}, {frame.name}, line {frame.lineno}"
