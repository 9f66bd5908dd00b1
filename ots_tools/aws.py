"""Create boto3 clients, and map errors of AWS calls without their messages.

The message of an AWS error can contain a key value, so the tools use only its code.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError

MAX_ATTEMPTS = 6
"""Attempts per call, including the first; boto3 waits between them."""


def client(
    service: str,
    endpoint: str | None = None,
    *,
    connections: int = 10,
    attempts: int = MAX_ATTEMPTS,
) -> Any:
    """Return a client for a service, which several threads may use.

    The endpoint is `endpoint`, else AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL, else AWS. For
    an endpoint on this machine the client gets placeholder credentials, because a local process
    must not receive the user's own. Raises ConfigurationError if the endpoint is not a URL.
    """
    import boto3
    from botocore.config import Config

    url = endpoint or _endpoint_from_environ(service)
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The endpoint of {service} must be a URL, such as http://127.0.0.1:8000."
        )
    is_local = url is not None and _is_loopback(url)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        s3={"addressing_style": "path"} if is_local else None,  # bucket.127.0.0.1 is not a host
    )
    placeholders: dict[str, Any] = {
        "region_name": os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    return boto3.client(
        cast("Any", service), endpoint_url=url, config=config, **(placeholders if is_local else {})
    )


def error_code(error: BaseException) -> str:
    """Return the code of an AWS error, or the type of another error of botocore, else ''."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__ if isinstance(error, BotoCoreError) else ""


@contextmanager
def map_aws_errors(to_error: Callable[[str], Exception]) -> Iterator[None]:
    """Raise `to_error(code)` in place of an AWS error; other errors pass unchanged."""
    try:
        yield
    except Exception as error:
        code = error_code(error)
        if not code:
            raise
        raise to_error(code) from None


def _endpoint_from_environ(service: str) -> str | None:
    name = service.upper().replace("-", "_")
    return os.environ.get(f"AWS_ENDPOINT_URL_{name}") or os.environ.get("AWS_ENDPOINT_URL") or None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
