"""Provide the SDK with credentials from the settings or from Secrets Manager.

The secret is read once per execution environment, and again when Table Store rejects it. An error
about its format never shows its content.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tablestore.credentials import Credentials, CredentialsProvider

from ots_sync.errors import ConfigurationError
from ots_sync.settings import Settings

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5


class SecretProvider(CredentialsProvider):  # type: ignore[misc]  # the SDK has no types
    """Credentials from a secret. Thread-safe. `fetch(force)` returns the secret's text."""

    def __init__(self, fetch: Callable[[bool], str]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None

    def get_credentials(self) -> Credentials:
        """Return the credentials; the SDK calls this before each request."""
        with self._lock:
            if self._credentials is None:
                self._credentials = _parse(self._fetch(False))
            return self._credentials

    def refresh(self, rejected: Credentials) -> bool:
        """Read the secret again; return whether it differs from the rejected credentials."""
        with self._lock:
            if self._credentials is rejected:
                self._credentials = _parse(self._fetch(True))
            return _parts(self._credentials) != _parts(rejected)


def credentials_provider(settings: Settings) -> CredentialsProvider:
    """Return the provider that the settings define."""
    if settings.secret_arn:
        return SecretProvider(lambda force: _fetch_secret(settings.secret_arn, force))
    from tablestore.credentials import StaticCredentialsProvider

    return StaticCredentialsProvider(
        settings.access_key_id, settings.access_key_secret, settings.sts_token or None
    )


def _fetch_secret(arn: str, force: bool) -> str:
    # This imports boto3, which takes a fifth of a second; only functions with a secret need it.
    from aws_lambda_powertools.utilities import parameters
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # The defaults of boto3 wait for minutes, longer than the timeout of the function.
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    try:
        source = parameters.SecretsProvider(boto_config=config)
        return str(source.get(arn, force_fetch=force))
    except (parameters.exceptions.GetParameterError, BotoCoreError) as error:
        cause = type(error.__cause__ or error).__name__
        raise ConfigurationError(
            f"The secret in OTS_SECRET_ARN cannot be read ({cause}). Check the ARN, and that the "
            "function's role allows secretsmanager:GetSecretValue on it."
        ) from None


def _parse(text: str) -> Credentials:
    try:
        secret: Any = json.loads(text)
        key_id, key_secret = secret["OTS_ID"], secret["OTS_SECRET"]
        token = secret.get("OTS_STS_TOKEN") or None
        valid = all(isinstance(part, str) and part for part in (key_id, key_secret))
    except (ValueError, TypeError, KeyError, AttributeError):
        valid = False
    if not valid:
        raise ConfigurationError(
            "The secret in OTS_SECRET_ARN must be a JSON object with the strings OTS_ID and "
            "OTS_SECRET, and optionally OTS_STS_TOKEN."
        )
    return Credentials(key_id, key_secret, token)


def _parts(credentials: Credentials | None) -> tuple[Any, ...]:
    if credentials is None:
        return ()
    return (
        credentials.get_access_key_id(),
        credentials.get_access_key_secret(),
        credentials.get_security_token(),
    )
