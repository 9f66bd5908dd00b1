"""The settings go in, a credentials provider for the SDK comes out: plain, or Secrets Manager.

The secret is read once per container, and again when Table Store says that it is no longer valid.
Refuses a secret that does not hold what it should, without a word of what it holds.
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
    """Credentials from a secret; `fetch(renew)` returns its text. Safe for many threads."""

    def __init__(self, fetch: Callable[[bool], str]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None

    def get_credentials(self) -> Credentials:
        """What the SDK asks for before each call."""
        with self._lock:
            if self._credentials is None:
                self._credentials = _read(self._fetch(False))
            return self._credentials

    def renewed(self, refused: Credentials) -> bool:
        """Reads the secret again; whether what is in force now differs from what was refused."""
        with self._lock:
            if self._credentials is refused:
                self._credentials = _read(self._fetch(True))
            return _parts(self._credentials) != _parts(refused)


def provider(settings: Settings) -> CredentialsProvider:
    """The provider that the settings ask for."""
    if settings.secret_arn:
        return SecretProvider(lambda renew: _secret(settings.secret_arn, renew))
    from tablestore.credentials import StaticCredentialsProvider

    return StaticCredentialsProvider(
        settings.access_key_id, settings.access_key_secret, settings.sts_token or None
    )


def _secret(arn: str, renew: bool) -> str:
    # boto3 comes with this import, a fifth of a second that only those pay who use a secret.
    from aws_lambda_powertools.utilities import parameters
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # By itself boto3 would wait for minutes, longer than the function may.
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    try:
        source = parameters.SecretsProvider(boto_config=config)
        return str(source.get(arn, force_fetch=renew))
    except (parameters.exceptions.GetParameterError, BotoCoreError) as error:
        cause = type(error.__cause__ or error).__name__
        raise ConfigurationError(
            f"The secret that OTS_SECRET_ARN names cannot be read ({cause}). "
            "Check its ARN and that the function's role may secretsmanager:GetSecretValue on it."
        ) from None


def _read(text: str) -> Credentials:
    try:
        secret: Any = json.loads(text)
        key_id, key_secret = secret["OTS_ID"], secret["OTS_SECRET"]
        token = secret.get("OTS_STS_TOKEN") or None
        good = all(isinstance(part, str) and part for part in (key_id, key_secret))
    except (ValueError, TypeError, KeyError, AttributeError):
        good = False
    if not good:
        raise ConfigurationError(
            "The secret that OTS_SECRET_ARN names must be a JSON object with the texts OTS_ID and "
            "OTS_SECRET (and OTS_STS_TOKEN where there is one)."
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
