"""The text of one setting goes in, its value comes out; refuses with what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ots_sync import names, numerics
from ots_sync.limits import PRIMARY_KEY_COLUMNS

KEY_TYPES = {"string": str, "integer": int, "binary": bytearray}


class WrongError(ValueError):
    """Says what would be right, without a word of what was found."""


def matching(pattern: re.Pattern[str], right: str) -> Callable[[str], str]:
    """Text that is all of the pattern."""

    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise WrongError(right if text else f"missing; {right}")
        return text

    return read


def optional(read: Callable[[str], str]) -> Callable[[str], str]:
    """The same, or '' when nothing is set."""
    return lambda text: read(text) if text else ""


def endpoint(text: str) -> str:
    """The URL of an instance, without a path: the signature would not cover one."""
    right = "it must be a URL such as https://instance.region.ots.aliyuncs.com, without a path"
    try:
        parts = urlsplit(text)
        ok = parts.scheme in ("http", "https") and bool(parts.hostname)
        ok = ok and not any(letter.isspace() for letter in text)
        ok = ok and parts.path in ("", "/") and not parts.query and not parts.fragment
        ok = ok and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        ok = False
    if not ok:
        raise WrongError(right)
    return f"{parts.scheme}://{parts.netloc}"


def primary_key(text: str) -> dict[str, type | None]:
    """The key columns in order, each with its type where one is given."""
    right = (
        f"name 1-{PRIMARY_KEY_COLUMNS} key columns in the target table's order, such as "
        "user_id,action_time or user_id:string,action_time:integer"
    )
    if not text:
        raise WrongError(f"missing; {right}")
    key: dict[str, type | None] = {}
    for part in text.split(","):
        name, _, kind = (piece.strip() for piece in part.partition(":"))
        if not name or name in key or (":" in part and kind not in KEY_TYPES):
            raise WrongError(right + f"; types are {', '.join(KEY_TYPES)}")
        if not names.fits(name):
            raise WrongError(
                "a key column keeps the source's name, and Table Store takes only letters, digits "
                "and _, no digit first, at most 255 bytes (and _0x is the escape's own mark)"
            )
        key[name] = KEY_TYPES[kind] if kind else None
    if len(key) > PRIMARY_KEY_COLUMNS:
        raise WrongError(right)
    return key


def column_types(text: str) -> dict[str, str]:
    """Column names, each with the type that its numbers take."""
    pins: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, kind = (piece.strip() for piece in part.rpartition(":"))
        if not name or kind not in numerics.PINS or name in pins:
            raise WrongError(
                "list columns with the type that their numbers take, such as price:String,qty:"
                f"Integer; types are {', '.join(numerics.PINS)}"
            )
        pins[name] = kind
    return pins


def choice(*choices: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise WrongError(f"it must be one of {', '.join(choices)}")
        return text

    return read


def switch(text: str) -> bool:
    """On or off."""
    if text.lower() not in ("1", "0", "true", "false"):
        raise WrongError("it must be 1 or 0")
    return text.lower() in ("1", "true")


def seconds(text: str) -> float:
    """A number of seconds."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 1 <= float(text) <= 300:
        raise WrongError("it must be a number of seconds from 1 to 300")
    return float(text)


def concurrency(text: str) -> int:
    """A number of calls."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
        raise WrongError("it must be a whole number from 1 to 100")
    return int(text)
