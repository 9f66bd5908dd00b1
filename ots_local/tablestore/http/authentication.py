"""Authenticate requests and sign responses.

Signature V2 is HMAC-SHA1 with the secret. Signature V4 is HMAC-SHA256 with a key derived for one
day and region.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/user-key-security-for-tablestore
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.settings import Settings, is_instance_name

API_VERSION = "2015-12-31"
_PREFIX = "x-ots-"
_V2, _V4 = "x-ots-signature", "x-ots-signaturev4"
_REQUIRED = (
    "x-ots-apiversion",
    "x-ots-accesskeyid",
    "x-ots-instancename",
    "x-ots-date",
    "x-ots-contentmd5",
)


@dataclass(slots=True)
class Authenticator:
    """Authenticates the requests for one instance; caches derived V4 keys."""

    settings: Settings
    _keys: dict[tuple[str, str], bytes] = field(default_factory=dict)  # by date and region

    def authenticate(self, path: str, headers: Mapping[str, str], body: bytes, now: float) -> bytes:
        """Check the headers and the body of a request; return the key that signs its response.

        Raises:
            ServiceError: OTSParameterInvalid for a missing or malformed header, OTSAuthFailed for
                a wrong one.
        """
        for header in _REQUIRED:
            if not headers.get(header):
                raise invalid_parameter(f"Missing header: {header}.")
        if headers["x-ots-apiversion"] != API_VERSION:
            raise invalid_parameter(f"Invalid API version: {headers['x-ots-apiversion']}.")
        self._check_date(headers["x-ots-date"], now)
        name = headers["x-ots-instancename"]
        if not is_instance_name(name):
            raise invalid_parameter(f"Invalid instance name: '{name}'.")
        if name != self.settings.instance:
            raise ServiceError("OTSAuthFailed", "The instance is not found.")
        if headers["x-ots-accesskeyid"] != self.settings.access_key_id:
            raise ServiceError("OTSAuthFailed", "The AccessKey ID does not exist.")
        key = self._check_signature(path, headers, now)
        if headers.get("x-ots-ststoken") != self.settings.sts_token:
            raise ServiceError("OTSAuthFailed", "The STS token is invalid.")
        if headers["x-ots-contentmd5"] != md5(body):
            raise ServiceError(
                "OTSAuthFailed",
                "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
            )
        return key

    def _check_date(self, text: str, now: float) -> None:
        try:
            date = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise invalid_parameter(f"Invalid date format: {text}.") from None
        if abs(date.timestamp() - now) > limits.DATE_WINDOW:
            raise ServiceError(
                "OTSAuthFailed", f"Mismatch between system time and x-ots-date: {text}."
            )

    def _check_signature(self, path: str, headers: Mapping[str, str], now: float) -> bytes:
        if _V4 in headers:
            date, region = headers.get("x-ots-signdate", ""), headers.get("x-ots-signregion", "")
            if not region or self.settings.region not in (None, region):
                raise ServiceError("OTSAuthFailed", "Signature mismatch.")
            self._check_sign_date(date, now)
            if (date, region) not in self._keys:
                self._keys[date, region] = derive_v4_key(
                    self.settings.access_key_secret, date, region
                )
            key = self._keys[date, region]
            given, expected = headers[_V4], sign_v4(path, headers, key)
        elif _V2 in headers:
            secret = self.settings.access_key_secret
            key = secret.encode()
            given, expected = headers[_V2], sign_v2(path, headers, secret)
        else:
            raise invalid_parameter(f"Missing header: {_V2}.")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise ServiceError("OTSAuthFailed", "Signature mismatch.")
        return key

    def _check_sign_date(self, text: str, now: float) -> None:
        """Check the date of a V4 signature: its UTC day, with the date window around midnight."""
        days = {
            datetime.fromtimestamp(now + shift, timezone.utc).strftime("%Y%m%d")
            for shift in (-limits.DATE_WINDOW, 0, limits.DATE_WINDOW)
        }
        if text not in days:
            raise ServiceError("OTSAuthFailed", "Signature mismatch.")


def md5(body: bytes) -> str:
    """Return the Base64 MD5 of a body, as in the x-ots-contentmd5 header."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def sign_v2(path: str, headers: Mapping[str, str], secret: str) -> str:
    """Sign a request with the secret (V2)."""
    return _hmac(secret.encode(), _request_text(path, headers), "sha1")


def sign_v4(path: str, headers: Mapping[str, str], key: bytes) -> str:
    """Sign a request with a key from `derive_v4_key` (V4)."""
    return _hmac(key, _request_text(path, headers) + "ots", "sha256")


def derive_v4_key(secret: str, date: str, region: str) -> bytes:
    """Derive the V4 key of one day (YYYYMMDD) and region."""
    key = ("aliyun_v4" + secret).encode()
    for part in (date, region, "ots", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(key)


def sign_response(path: str, headers: Mapping[str, str], key: bytes) -> str:
    """Sign a response with the key that `Authenticator.authenticate` returned."""
    return _hmac(key, _header_text(headers) + "\n" + path, "sha1")


def _request_text(path: str, headers: Mapping[str, str]) -> str:
    signed = {name: value for name, value in headers.items() if name not in (_V2, _V4)}
    return f"{path}\nPOST\n\n{_header_text(signed)}\n"


def _header_text(headers: Mapping[str, str]) -> str:
    return "\n".join(
        sorted(f"{name}:{value.strip()}" for name, value in headers.items() if name[:6] == _PREFIX)
    )


def _hmac(key: bytes, text: str, method: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), method)).decode()
