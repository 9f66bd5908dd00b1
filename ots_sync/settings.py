"""Environment variables, over config/example_config.py, go in; one frozen Settings comes out.

Every fault of a configuration is reported at once, each with the setting's name, what was found
(never a secret) and what would be right. The table of settings is at the foot.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ots_sync import names, readings
from ots_sync.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Goes up when the same settings would make other rows than before.
_SHAPE_VERSION = 1

_INSTANCE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,14}[A-Za-z0-9]")
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `primary_key`: column name -> type or None, in the table's order."""

    instance: str
    endpoint: str
    table_name: str
    primary_key: Mapping[str, type | None]
    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    secret_arn: str
    sts_token: str = field(repr=False)
    region: str
    timeout_s: float
    column_names: str
    column_types: Mapping[str, str]
    max_concurrency: int
    partial_response: bool
    quarantine: str

    @property
    def key_list(self) -> tuple[str, ...]:
        """The names of the key columns, in the target table's order."""
        return tuple(self.primary_key)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ when the same item would make another row."""
        shape = [
            _SHAPE_VERSION,
            list(self.primary_key),
            self.column_names,
            sorted(self.column_types.items()),
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: how it is read, and what a person needs to know of it."""

    name: str
    read: Callable[[str], Any]
    default: str | None
    meaning: str
    secret: bool = False


def load(environ: Mapping[str, str], fallback: Mapping[str, Any]) -> Settings:
    """The settings from `environ`, and each that is not there, or empty, from `fallback`.

    Raises SettingsError with a sentence for every fault.
    """
    found: dict[str, Any] = {}
    faults: list[str] = []
    for setting in SETTINGS:
        text = _text(environ, setting.name) or _text(fallback, setting.name)
        try:
            found[setting.name] = setting.read(text or setting.default or "")
        except readings.WrongError as right:
            shown = "" if setting.secret or not text else f" is {_shown(text)}, but"
            faults.append(f"{setting.name}{shown or ':'} {right}")
    if found.get("OTS_SECRET_ARN") == "":
        faults += [
            f"{name}: missing. Set it, or let OTS_SECRET_ARN name a secret that holds it"
            for name in ("OTS_ID", "OTS_SECRET")
            if not found[name]
        ]
    endpoint, region = found.get("OTS_ENDPOINT", "-"), found.get("OTS_REGION")
    if not endpoint and region == "":
        faults.append(
            "OTS_ENDPOINT and OTS_REGION: both missing. Set OTS_ENDPOINT, or OTS_REGION for the "
            "instance's public domain"
        )
    endpoint = endpoint or f"https://{found.get('OTS_INSTANCE')}.{region}.ots.aliyuncs.com"
    is_plain = endpoint.startswith("http:") and urlsplit(endpoint).hostname not in LOOPBACK
    if is_plain and not found.get("OTS_ALLOW_HTTP", True):
        faults.append(
            f"OTS_ENDPOINT is {_shown(endpoint)}, but plain http sends data readable by all on "
            "the way: use https, or set OTS_ALLOW_HTTP=1"
        )
    if faults:
        raise SettingsError(faults)
    return Settings(
        instance=found["OTS_INSTANCE"],
        endpoint=endpoint,
        table_name=found["TABLE_NAME"],
        primary_key=found["PRIMARY_KEY"],
        access_key_id=found["OTS_ID"],
        access_key_secret=found["OTS_SECRET"],
        secret_arn=found["OTS_SECRET_ARN"],
        sts_token=found["OTS_STS_TOKEN"],
        region=found["OTS_REGION"],
        timeout_s=found["OTS_TIMEOUT"],
        column_names=found["COLUMN_NAMES"],
        column_types=found["COLUMN_TYPES"],
        max_concurrency=found["MAX_CONCURRENCY"],
        partial_response=found["PARTIAL_RESPONSE"],
        quarantine=found["QUARANTINE"],
    )


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value).strip()


def _shown(text: str) -> str:
    text = re.sub(r"//[^/]*@", "//...@", text)  # a URL can hold a password
    return repr(text if len(text) <= 60 else text[:57] + "...")


SETTINGS: tuple[Setting, ...] = (
    Setting("OTS_ID", str, None, "AccessKey ID for Table Store.", True),
    Setting("OTS_SECRET", str, None, "AccessKey secret.", True),
    Setting(
        "OTS_INSTANCE",
        readings.matching(
            _INSTANCE, "it must be an instance name: 3-16 letters, digits and hyphens"
        ),
        None,
        "Name of the Table Store instance.",
    ),
    Setting(
        "OTS_ENDPOINT",
        readings.optional(readings.endpoint),
        None,
        "Domain of the instance; without it the public domain, from `OTS_REGION`.",
    ),
    Setting(
        "TABLE_NAME",
        readings.matching(_TABLE, "it must be a table name: letters, digits and _, no digit first"),
        None,
        "Table to write.",
    ),
    Setting(
        "PRIMARY_KEY",
        readings.primary_key,
        None,
        "Key columns in the target table's order, types if you like: "
        "`user_id:string,action_time:integer`.",
    ),
    Setting(
        "OTS_SECRET_ARN",
        readings.optional(
            readings.matching(
                re.compile(r"arn:[a-z-]+:secretsmanager:[^\s]+"),
                "it must be the ARN of a Secrets Manager secret",
            )
        ),
        None,
        "Secrets Manager secret with `OTS_ID` and `OTS_SECRET` (and `OTS_STS_TOKEN`) as JSON, "
        "instead of the two variables.",
    ),
    Setting("OTS_STS_TOKEN", str, None, "Security token of temporary credentials.", True),
    Setting(
        "OTS_REGION",
        readings.optional(
            readings.matching(_REGION, "it must be Alibaba's name of a region, such as cn-hangzhou")
        ),
        None,
        "Alibaba's region of the instance; also selects the V4 signature.",
    ),
    Setting(
        "OTS_TIMEOUT",
        readings.seconds,
        "15",
        "Seconds to wait for an answer of Table Store. Must exceed the service's own time-out.",
    ),
    Setting(
        "OTS_ALLOW_HTTP",
        readings.switch,
        "0",
        "`1` allows plain http to other hosts than this machine.",
    ),
    Setting(
        "COLUMN_NAMES",
        readings.choice(*names.MODES),
        "escape",
        "`escape` maps attribute names to documented column names; `verbatim` passes them on.",
    ),
    Setting(
        "COLUMN_TYPES",
        readings.column_types,
        "",
        "Type that the numbers of a column take: `price:String,qty:Integer,ratio:Double`.",
    ),
    Setting(
        "MAX_CONCURRENCY", readings.concurrency, "16", "Calls in flight side by side, 1 to 100."
    ),
    Setting(
        "PARTIAL_RESPONSE",
        readings.switch,
        "0",
        "`1` answers with batchItemFailures; only for a mapping with ReportBatchItemFailures.",
    ),
    Setting(
        "QUARANTINE",
        readings.optional(
            readings.matching(
                re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S*"),
                "it must be s3://bucket/prefix, or file:///path on a laptop",
            )
        ),
        None,
        "Where refused records are kept: `s3://bucket/prefix`, or `file:///path` locally.",
    ),
)
