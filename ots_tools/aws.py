"""The name of an AWS service goes in, and an endpoint or none; a boto3 client comes out.

An endpoint on this machine gets made-up credentials: nobody's own are for whoever listens there.
Refuses an endpoint that is no URL.
"""

from __future__ import annotations

import ipaddress
import os
from typing import Any, cast
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError

ATTEMPTS = 6
"""Of one call, first included; boto3 waits between them."""


def client(
    service: str,
    endpoint: str | None = None,
    *,
    connections: int = 10,
    attempts: int = ATTEMPTS,
) -> Any:
    """A client of a service at an endpoint, at AWS_ENDPOINT_URL..., or at AWS itself.

    Safe for many threads. Raises ConfigurationError for an endpoint that is no URL.
    """
    import boto3
    from botocore.config import Config

    url = endpoint or _from_environ(service)
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The endpoint of {service} must be a URL, such as http://127.0.0.1:8000."
        )
    local = url is not None and _is_loopback(url)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        s3={"addressing_style": "path"} if local else None,  # bucket.127.0.0.1 is no host
    )
    made_up: dict[str, Any] = {
        "region_name": os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    return boto3.client(
        cast("Any", service), endpoint_url=url, config=config, **(made_up if local else {})
    )


def _from_environ(service: str) -> str | None:
    name = service.upper().replace("-", "_")
    return os.environ.get(f"AWS_ENDPOINT_URL_{name}") or os.environ.get("AWS_ENDPOINT_URL") or None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
