"""An HTTP client for requests that no SDK sends: any body, any headers, any signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of an error response."""
        found = pb.Error()
        found.ParseFromString(self.body)
        return self.status, found.code, found.message


def send(
    store: TableStore,
    api: str,
    body: bytes,
    change: Mapping[str, str | None] | None = None,
    method: str = "POST",
) -> Response:
    """Send a signed request; `change` replaces headers after the signature, None removes one."""
    headers: dict[str, str | None] = {**signed(store, api, body), **(change or {})}
    address = urlsplit(store.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        present = {name: value for name, value in headers.items() if value is not None}
        connection.request(method, f"/{api}", body, present)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, found, response.read())
    finally:
        connection.close()


def signed(
    store: TableStore, api: str, body: bytes, change: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the headers of a request with a V2 signature, which covers `change` too."""
    headers = {
        "x-ots-date": date(datetime.now(timezone.utc)),
        "x-ots-apiversion": "2015-12-31",
        "x-ots-accesskeyid": store.access_key_id,
        "x-ots-instancename": store.instance,
        "x-ots-contentmd5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        **(change or {}),
    }
    lines = "\n".join(f"{name}:{value}" for name, value in sorted(headers.items()))
    text = f"/{api}\nPOST\n\n{lines}\n"
    digest = hmac.digest(store.access_key_secret.encode(), text.encode(), "sha1")
    return {**headers, "x-ots-signature": base64.b64encode(digest).decode()}


def date(moment: datetime) -> str:
    """Format a time as in the x-ots-date header."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
