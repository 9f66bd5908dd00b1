"""Every error that ots-sync raises, as one tree; none carries an item's value or a secret.

SyncError
├── ConfigurationError      every record would fail: someone has to change something
│   └── SettingsError       the settings are at fault, all faults at once
├── RefusedError            this record or row can never be written as it is
├── UndoneError             something is not done: Lambda has to deliver it again
├── StoreError              a call to Table Store failed as a whole
└── QuarantineError         a refused record could not be stored
"""

from __future__ import annotations

from collections.abc import Sequence


class SyncError(Exception):
    """The root: catch this to catch whatever ots-sync raises on purpose."""


class ConfigurationError(SyncError):
    """Every record would fail until someone changes the deployment; the message says what."""


class SettingsError(ConfigurationError):
    """One or more settings are missing or wrong; `faults` holds a sentence for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The settings are not usable:\n" + "\n".join(f"- {f}" for f in faults))


class RefusedError(SyncError):
    """A record or row that can never succeed as it is.

    `code` is one word for machines; the message is for people and names fields, never values.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class UndoneError(SyncError):
    """At least one record is not done, and an exception is the only safe way to say so."""


class StoreError(SyncError):
    """A call to Table Store that failed whole; `code` is a key of `codes.VERDICTS` or unknown."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class QuarantineError(SyncError):
    """A refused record could not be put into quarantine, so it is not done."""
