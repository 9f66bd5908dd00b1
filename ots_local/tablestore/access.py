"""Who may make a request: headers and body in, the key that signs the answer out, or a refusal."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ots_local.tablestore import limits, signing
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.settings import Settings, is_instance_name

API_VERSION = "2015-12-31"
_REQUIRED = (
    "x-ots-apiversion",
    "x-ots-accesskeyid",
    "x-ots-instancename",
    "x-ots-date",
    "x-ots-contentmd5",
)


@dataclass(slots=True)
class Gate:
    """Checks requests for one instance, remembering the V4 keys that it derived."""

    settings: Settings
    keys: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def admit(self, path: str, headers: Mapping[str, str], body: bytes, now: float) -> bytes:
        """Check a request; returns the key for signing its answer.

        Raises:
            ServiceError: OTSParameterInvalid for what is missing or malformed, OTSAuthFailed for
                what is wrong.
        """
        for header in _REQUIRED:
            if not headers.get(header):
                raise invalid(f"Missing header: {header}.")
        if headers["x-ots-apiversion"] != API_VERSION:
            raise invalid(f"Invalid API version: {headers['x-ots-apiversion']}.")
        self._check_date(headers["x-ots-date"], now)
        name = headers["x-ots-instancename"]
        if not is_instance_name(name):
            raise invalid(f"Invalid instance name: '{name}'.")
        if name != self.settings.instance:
            raise ServiceError("OTSAuthFailed", "The instance is not found.")
        if headers["x-ots-accesskeyid"] != self.settings.access_key_id:
            raise ServiceError("OTSAuthFailed", "The AccessKey ID does not exist.")
        key = self._check_signature(path, headers, now)
        if headers.get("x-ots-ststoken") != self.settings.sts_token:
            raise ServiceError("OTSAuthFailed", "The STS token is invalid.")
        if headers["x-ots-contentmd5"] != signing.md5(body):
            raise ServiceError(
                "OTSAuthFailed",
                "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
            )
        return key

    def _check_date(self, text: str, now: float) -> None:
        try:
            date = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise invalid(f"Invalid date format: {text}.") from None
        if abs(date.timestamp() - now) > limits.DATE_WINDOW:
            raise ServiceError(
                "OTSAuthFailed", f"Mismatch between system time and x-ots-date: {text}."
            )

    def _check_signature(self, path: str, headers: Mapping[str, str], now: float) -> bytes:
        if signing.V4 in headers:
            date, region = headers.get("x-ots-signdate", ""), headers.get("x-ots-signregion", "")
            if not region or self.settings.region not in (None, region):
                raise ServiceError("OTSAuthFailed", "Signature mismatch.")
            self._check_sign_date(date, now)
            if (date, region) not in self.keys:
                self.keys[date, region] = signing.v4_key(
                    self.settings.access_key_secret, date, region
                )
            key = self.keys[date, region]
            given, expected = headers[signing.V4], signing.sign_v4(path, headers, key)
        elif signing.V2 in headers:
            secret = self.settings.access_key_secret
            key = secret.encode()
            given, expected = headers[signing.V2], signing.sign_v2(path, headers, secret)
        else:
            raise invalid(f"Missing header: {signing.V2}.")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise ServiceError("OTSAuthFailed", "Signature mismatch.")
        return key

    def _check_sign_date(self, text: str, now: float) -> None:
        """A derived key is good for its day in UTC, and a little around midnight."""
        days = {
            datetime.fromtimestamp(now + shift, timezone.utc).strftime("%Y%m%d")
            for shift in (-limits.DATE_WINDOW, 0, limits.DATE_WINDOW)
        }
        if text not in days:
            raise ServiceError("OTSAuthFailed", "Signature mismatch.")
