"""How strict a local Table Store is and who may use it: frozen Settings, nothing else.

Where the service's documentation and the tests of its official SDKs disagree, the strict reading
is the default here and a flag loosens it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Leniency:
    """What is let through although the documentation says otherwise; all off by default."""

    column_names: bool = False
    """Any column name that does not begin with "#", as official tests write them."""
    duplicate_rows: bool = False
    """One key several times in a BatchWriteRow, applied in order, when nothing depends on it."""
    columns_to_get: bool = False
    """1,024 columns to get instead of 128."""
    unknown_table_per_row: bool = False
    """An unknown table in a batch fails its rows instead of the whole request."""
    sub_filters: bool = False
    """More than two filters under one AND or OR."""
    timestamp_bytes: bool = False
    """8 bytes for a timestamp are counted only where the request gives one."""
    no_conflicts: bool = False
    """Requests that write one row at the same time wait instead of being refused."""


LOOSE = Leniency(**dict.fromkeys((field.name for field in fields(Leniency)), True))


_INSTANCE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,14}[A-Za-z0-9]", re.ASCII)


def is_instance_name(name: str) -> bool:
    """Tell whether an instance can have a name."""
    return _INSTANCE.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance: its name, who may use it, and how strict it is."""

    instance: str = "local"
    access_key_id: str = "local-key-id"
    access_key_secret: str = "local-key-secret"  # noqa: S105 - public, of no use elsewhere
    sts_token: str | None = None
    region: str | None = None  # of V4 signatures; None takes any
    lenient: Leniency = Leniency()
    table_rate: float | None = None  # tables made, changed and deleted a second; None: any number

    def __post_init__(self) -> None:
        """Refuse an instance's name that the service does not give.

        Raises:
            ValueError: 3 to 16 letters, digits and hyphens make a name; a letter begins it, and no
                hyphen ends it.
        """
        if not is_instance_name(self.instance):
            raise ValueError(
                f"invalid instance name {self.instance!r}: 3 to 16 letters, digits and hyphens, "
                "a letter first, no hyphen last"
            )

    def environ(self, endpoint: str) -> dict[str, str]:
        """Name the variables by which a program finds this instance."""
        found = {
            "OTS_ENDPOINT": endpoint,
            "OTS_ID": self.access_key_id,
            "OTS_SECRET": self.access_key_secret,
            "OTS_INSTANCE": self.instance,
        }
        return found if self.sts_token is None else {**found, "OTS_STS_TOKEN": self.sts_token}
