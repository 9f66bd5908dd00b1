"""A clean world for each test: no settings of the developer's own, no way off this machine.

The one exception is a real instance of Table Store that variables name.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

import pytest
from hypothesis import settings

from tests.support import real_instance

# The same examples on every machine and in every run; `HYPOTHESIS_PROFILE=thorough` draws new ones.
settings.register_profile("lean", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "lean"))

pytest_plugins = [
    "tests.support.fixtures_dynamodb",
    "tests.support.fixtures_tablestore",
    "tests.tools.support.fixtures_migration",
    "tests.tools.support.fixtures_backfill_function",
    "tests.tools.support.fixtures_deployed",
]

SETTINGS = ("OTS_", "AWS_", "POWERTOOLS_", "COLUMN_")
SETTING = {"TABLE_NAME", "PRIMARY_KEY", "QUARANTINE", "MAX_CONCURRENCY", "PARTIAL_RESPONSE"}


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell sets must not decide a test; nor can a real key be used by one."""
    for name in list(os.environ):
        if name in SETTING or name.startswith(SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _stays_here(host: object) -> bool:
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text in _REAL:
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text.endswith(".localhost")


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every way out; the interpreter reports each socket call here before it makes it."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _stays_here(host):
        raise RuntimeError(f"a test wanted to reach {host!r}; tests reach 127.0.0.1 only")


_REAL = real_instance.hosts()  # looked up before the hook would stop it
sys.addaudithook(_loopback_only)
