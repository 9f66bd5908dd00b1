"""Signatures of requests and answers: headers and a secret in, a signature out; stdlib only.

V2 is HMAC-SHA1 with the secret; V4 is HMAC-SHA256 with a key derived for one day and region.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/user-key-security-for-tablestore
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

PREFIX = "x-ots-"
V2, V4 = "x-ots-signature", "x-ots-signaturev4"


def md5(body: bytes) -> str:
    """Make the text of a body's MD5 as the service's headers carry it."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def sign_v2(path: str, headers: Mapping[str, str], secret: str) -> str:
    """Sign a request with a secret."""
    return _hmac(secret.encode(), _request_text(path, headers), "sha1")


def sign_v4(path: str, headers: Mapping[str, str], key: bytes) -> str:
    """Sign a request with a key that `v4_key` made."""
    return _hmac(key, _request_text(path, headers) + "ots", "sha256")


def v4_key(secret: str, date: str, region: str) -> bytes:
    """Derive the key of one day (YYYYMMDD) and region."""
    key = ("aliyun_v4" + secret).encode()
    for part in (date, region, "ots", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(key)


def sign_answer(path: str, headers: Mapping[str, str], key: bytes) -> str:
    """Sign an answer, with the secret's bytes or the V4 key."""
    return _hmac(key, _header_text(headers) + "\n" + path, "sha1")


def _request_text(path: str, headers: Mapping[str, str]) -> str:
    signed = {name: value for name, value in headers.items() if name not in (V2, V4)}
    return f"{path}\nPOST\n\n{_header_text(signed)}\n"


def _header_text(headers: Mapping[str, str]) -> str:
    return "\n".join(
        sorted(f"{name}:{value.strip()}" for name, value in headers.items() if name[:6] == PREFIX)
    )


def _hmac(key: bytes, text: str, method: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), method)).decode()
