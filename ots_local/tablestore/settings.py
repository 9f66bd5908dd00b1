"""Settings of an emulated instance: its name, its credentials and how strict it is.

Where the documentation of the service and the test suites of its official SDKs disagree, the
emulator follows the documentation unless a flag of `Leniency` is set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Leniency:
    """What the emulator accepts although the documentation excludes it; all off by default."""

    any_column_names: bool = False
    """Accept any column name that does not begin with "#", as the official SDK tests use them."""
    duplicate_rows: bool = False
    """Accept a key several times in one batch and apply its changes in order."""
    many_columns_to_get: bool = False
    """Accept 1,024 columns to get instead of 128."""
    unknown_table_per_row: bool = False
    """Let an unknown table in a batch fail its rows instead of the whole request."""
    many_sub_filters: bool = False
    """Accept more than two filters under one AND or OR."""
    explicit_timestamp_bytes: bool = False
    """Count 8 bytes for a timestamp only where the request contains one."""
    no_conflicts: bool = False
    """Do not reject requests that write the same row at the same time."""


LENIENT = Leniency(**dict.fromkeys((field.name for field in fields(Leniency)), True))


_INSTANCE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,14}[A-Za-z0-9]", re.ASCII)


def is_instance_name(name: str) -> bool:
    """Return whether a name is a valid instance name."""
    return _INSTANCE.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance: its name, its credentials and how strict it is."""

    instance: str = "local"
    access_key_id: str = "local-key-id"
    access_key_secret: str = "local-key-secret"  # noqa: S105 - public, not valid anywhere else
    sts_token: str | None = None
    region: str | None = None  # of V4 signatures; None accepts any
    leniency: Leniency = Leniency()
    table_rate: float | None = None  # table operations per second; None: unlimited

    def __post_init__(self) -> None:
        """Validate the instance name.

        Raises:
            ValueError: the name is not 3 to 16 letters, digits and hyphens, or does not begin with
                a letter, or ends with a hyphen.
        """
        if not is_instance_name(self.instance):
            raise ValueError(
                f"invalid instance name {self.instance!r}: use 3 to 16 letters, digits and "
                "hyphens, beginning with a letter and not ending with a hyphen"
            )

    def environ(self, endpoint: str) -> dict[str, str]:
        """Return the environment variables that a client of this instance needs."""
        found = {
            "OTS_ENDPOINT": endpoint,
            "OTS_ID": self.access_key_id,
            "OTS_SECRET": self.access_key_secret,
            "OTS_INSTANCE": self.instance,
        }
        return found if self.sts_token is None else {**found, "OTS_STS_TOKEN": self.sts_token}
