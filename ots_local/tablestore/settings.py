"""How strict a local Table Store is and who may use it: frozen Settings, nothing else.

Where the service's documentation and the tests of its official SDKs disagree, the strict reading
is the default here and a flag loosens it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


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


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance: its name, who may use it, and how strict it is."""

    instance: str = "local"
    access_key_id: str = "local-key-id"
    access_key_secret: str = "local-key-secret"  # noqa: S105 - public, of no use elsewhere
    sts_token: str | None = None
    region: str | None = None  # of V4 signatures; None takes any
    lenient: Leniency = Leniency()

    def environ(self, endpoint: str) -> dict[str, str]:
        """Name the variables by which a program finds this instance."""
        found = {
            "OTS_ENDPOINT": endpoint,
            "OTS_ID": self.access_key_id,
            "OTS_SECRET": self.access_key_secret,
            "OTS_INSTANCE": self.instance,
        }
        return found if self.sts_token is None else {**found, "OTS_STS_TOKEN": self.sts_token}


def loosened(settings: Settings, **flags: bool) -> Settings:
    """Change some flags of leniency."""
    return replace(settings, lenient=replace(settings.lenient, **flags))
