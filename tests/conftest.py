"""Isolate tests from the developer's environment and from the network.

The one exception is the real Table Store instance that variables can name.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

import pytest
from hypothesis import settings

from tests.support import real_instance

# The same examples on every machine and in every run; HYPOTHESIS_PROFILE=thorough draws new ones.
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

SETTING_PREFIXES = ("OTS_", "AWS_", "POWERTOOLS_", "COLUMN_")
SETTING_NAMES = {"TABLE_NAME", "PRIMARY_KEY", "QUARANTINE", "MAX_CONCURRENCY", "PARTIAL_RESPONSE"}


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the developer's settings, and replace AWS credentials by fictitious ones."""
    for name in list(os.environ):
        if name in SETTING_NAMES or name.startswith(SETTING_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _is_allowed(host: object) -> bool:
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text in _REAL_INSTANCE:
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text.endswith(".localhost")


def _block_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise for every connection to another machine; the interpreter calls this hook before it."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_allowed(host):
        raise RuntimeError(f"A test connects to {host!r}. Tests may connect to 127.0.0.1 only.")


_REAL_INSTANCE = real_instance.hosts()  # resolved before the hook would prevent it
sys.addaudithook(_block_network)
