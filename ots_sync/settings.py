"""Read the settings from environment variables, and from config/example_config.py where unset.

Every fault is reported at once, each with the name of the setting, what was found (never a secret)
and what would be right. `SETTINGS`, at the end of the file, lists each setting once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ots_sync import column_names, numeric
from ots_sync.errors import SettingsError
from ots_sync.limits import PRIMARY_KEY_COLUMNS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEY_TYPES = {"string": str, "integer": int, "binary": bytearray}
# Increases when the same settings produce other rows than before.
_ROW_FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `primary_key`: column name -> type or None, in the table's order."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    instance: str
    endpoint: str
    table_name: str
    primary_key: Mapping[str, type | None]
    secret_arn: str
    sts_token: str = field(repr=False)
    region: str
    timeout_s: float
    allow_http: bool
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
        """16 hexadecimal digits that change when the same item would produce another row."""
        row_format = [
            _ROW_FORMAT_VERSION,
            list(self.primary_key),
            self.column_names,
            sorted(self.column_types.items()),
        ]
        return hashlib.sha256(json.dumps(row_format).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its field in `Settings`, its parser, default and description."""

    name: str
    field: str
    parse: Callable[[str], Any]
    default: str | None
    meaning: str
    secret: bool = False


def load(environ: Mapping[str, str], fallback: Mapping[str, Any]) -> Settings:
    """Return the settings from `environ`, and from `fallback` where a variable is unset or empty.

    Raises SettingsError with one sentence per fault.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for setting in SETTINGS:
        text = _text(environ, setting.name) or _text(fallback, setting.name)
        try:
            values[setting.field] = setting.parse(text or setting.default or "")
        except InvalidValueError as expected:
            found = "" if setting.secret or not text else f" is {_shown(text)}, but"
            faults.append(f"{setting.name}{found or ':'} {expected}")
    faults += _combined_faults(values)
    if faults:
        raise SettingsError(faults)
    if not values["endpoint"]:
        values["endpoint"] = f"https://{values['instance']}.{values['region']}.ots.aliyuncs.com"
    return Settings(**values)


def _combined_faults(values: Mapping[str, Any]) -> list[str]:
    """Return the faults of settings that are valid alone, but not together."""
    faults = []
    if values.get("secret_arn") == "":
        faults += [
            f"{name}: missing. Set it, or set OTS_SECRET_ARN to a secret that contains it"
            for name, field in (("OTS_ID", "access_key_id"), ("OTS_SECRET", "access_key_secret"))
            if not values[field]
        ]
    endpoint = values.get("endpoint", "-")
    if not endpoint and values.get("region") == "":
        faults.append(
            "OTS_ENDPOINT and OTS_REGION: both missing. Set OTS_ENDPOINT, or set OTS_REGION for "
            "the instance's public domain"
        )
    is_http = endpoint.startswith("http:") and urlsplit(endpoint).hostname not in LOOPBACK
    if is_http and not values.get("allow_http", True):
        faults.append(
            f"OTS_ENDPOINT is {_shown(endpoint)}, but plain http sends the data unencrypted: use "
            "https, or set OTS_ALLOW_HTTP=1"
        )
    return faults


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value).strip()


def _shown(text: str) -> str:
    text = re.sub(r"//[^/]*@", "//...@", text)  # a URL can contain a password
    return repr(text if len(text) <= 60 else text[:57] + "...")


# Parsers: each takes the text of one setting and returns its value.


class InvalidValueError(ValueError):
    """The text of a setting is not valid; the message says what would be, not what was found."""


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    """Return a parser for text that matches the whole pattern."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise InvalidValueError(expected if text else f"missing; {expected}")
        return text

    return parse


def _optional(parse: Callable[[str], str]) -> Callable[[str], str]:
    """Return a parser that also accepts an unset setting, as ''."""
    return lambda text: parse(text) if text else ""


def _endpoint(text: str) -> str:
    """Parse the URL of an instance. A path is not valid because the signature does not cover it."""
    try:
        parts = urlsplit(text)
        ok = parts.scheme in ("http", "https") and bool(parts.hostname)
        ok = ok and not any(letter.isspace() for letter in text)
        ok = ok and parts.path in ("", "/") and not parts.query and not parts.fragment
        ok = ok and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        ok = False
    if not ok:
        raise InvalidValueError(
            "it must be a URL such as https://instance.region.ots.aliyuncs.com, without a path"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _primary_key(text: str) -> dict[str, type | None]:
    expected = (
        f"name 1-{PRIMARY_KEY_COLUMNS} key columns in the target table's order, such as "
        "user_id,action_time or user_id:string,action_time:integer"
    )
    if not text:
        raise InvalidValueError(f"missing; {expected}")
    key: dict[str, type | None] = {}
    for part in text.split(","):
        name, _, type_name = (piece.strip() for piece in part.partition(":"))
        if not name or name in key or (":" in part and type_name not in KEY_TYPES):
            raise InvalidValueError(f"{expected}; types are {', '.join(KEY_TYPES)}")
        if not column_names.is_valid(name):
            raise InvalidValueError(
                "a key column has the same name as in the source, and Table Store accepts only "
                "letters, digits and _, no digit first, at most 255 bytes (and _0x is reserved for "
                "escaped names)"
            )
        key[name] = KEY_TYPES[type_name] if type_name else None
    if len(key) > PRIMARY_KEY_COLUMNS:
        raise InvalidValueError(expected)
    return key


def _column_types(text: str) -> dict[str, str]:
    types: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, type_name = (piece.strip() for piece in part.rpartition(":"))
        if not name or type_name not in numeric.NUMBER_TYPES or name in types:
            raise InvalidValueError(
                "list columns with the type of their numbers, such as price:String,qty:Integer; "
                f"types are {', '.join(numeric.NUMBER_TYPES)}"
            )
        types[name] = type_name
    return types


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise InvalidValueError(f"it must be one of {', '.join(choices)}")
        return text

    return parse


def _boolean(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false"):
        raise InvalidValueError("it must be 1 or 0")
    return text.lower() in ("1", "true")


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 1 <= float(text) <= 300:
        raise InvalidValueError("it must be a number of seconds from 1 to 300")
    return float(text)


def _concurrency(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
        raise InvalidValueError("it must be a whole number from 1 to 100")
    return int(text)


SETTINGS: tuple[Setting, ...] = (
    Setting("OTS_ID", "access_key_id", str, None, "AccessKey ID for Table Store.", True),
    Setting("OTS_SECRET", "access_key_secret", str, None, "AccessKey secret.", True),
    Setting(
        "OTS_INSTANCE",
        "instance",
        _matching(
            r"[A-Za-z][A-Za-z0-9-]{1,14}[A-Za-z0-9]",
            "it must be an instance name: 3-16 letters, digits and hyphens",
        ),
        None,
        "Name of the Table Store instance.",
    ),
    Setting(
        "OTS_ENDPOINT",
        "endpoint",
        _optional(_endpoint),
        None,
        "URL of the instance. If unset, the public domain in `OTS_REGION`.",
    ),
    Setting(
        "TABLE_NAME",
        "table_name",
        _matching(
            r"[A-Za-z_][A-Za-z0-9_]{0,254}",
            "it must be a table name: letters, digits and _, no digit first",
        ),
        None,
        "Target table.",
    ),
    Setting(
        "PRIMARY_KEY",
        "primary_key",
        _primary_key,
        None,
        "Key columns in the target table's order, optionally with types: "
        "`user_id:string,action_time:integer`.",
    ),
    Setting(
        "OTS_SECRET_ARN",
        "secret_arn",
        _optional(
            _matching(
                r"arn:[a-z-]+:secretsmanager:[^\s]+",
                "it must be the ARN of a Secrets Manager secret",
            )
        ),
        None,
        "Secrets Manager secret with `OTS_ID` and `OTS_SECRET` (and `OTS_STS_TOKEN`) as JSON, "
        "instead of the variables.",
    ),
    Setting(
        "OTS_STS_TOKEN", "sts_token", str, None, "Security token of temporary credentials.", True
    ),
    Setting(
        "OTS_REGION",
        "region",
        _optional(
            _matching(
                r"[a-z]{2,}(-[a-z0-9]+)+",
                "it must be an Alibaba Cloud region ID such as cn-hangzhou",
            )
        ),
        None,
        "Alibaba Cloud region of the instance. If set, requests have a V4 signature.",
    ),
    Setting(
        "OTS_TIMEOUT",
        "timeout_s",
        _seconds,
        "15",
        "Seconds to wait for a response from Table Store. Must exceed the service's own timeout.",
    ),
    Setting(
        "OTS_ALLOW_HTTP",
        "allow_http",
        _boolean,
        "0",
        "`1` allows plain http to hosts other than this machine.",
    ),
    Setting(
        "COLUMN_NAMES",
        "column_names",
        _choice(*column_names.MODES),
        "escape",
        "`escape` maps attribute names to documented column names; `verbatim` sends them "
        "unchanged.",
    ),
    Setting(
        "COLUMN_TYPES",
        "column_types",
        _column_types,
        "",
        "Types for the numbers of columns: `price:String,qty:Integer,ratio:Double`.",
    ),
    Setting(
        "MAX_CONCURRENCY",
        "max_concurrency",
        _concurrency,
        "16",
        "Concurrent requests to Table Store, 1 to 100.",
    ),
    Setting(
        "PARTIAL_RESPONSE",
        "partial_response",
        _boolean,
        "0",
        "`1` returns batchItemFailures. Set it only if the event source mapping has "
        "ReportBatchItemFailures.",
    ),
    Setting(
        "QUARANTINE",
        "quarantine",
        _optional(
            _matching(
                r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S*",
                "it must be s3://bucket/prefix, or file:///path on a laptop",
            )
        ),
        None,
        "Where rejected records are stored: `s3://bucket/prefix`, or `file:///path` locally.",
    ),
)
