"""What a request brings: its headers and body in, plain text and bytes out; refuses long bodies."""

from __future__ import annotations

from aiohttp import web

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError


class GoneError(Exception):
    """The client went away, or broke off, before it had said everything."""


def read_headers(request: web.BaseRequest) -> dict[str, str]:
    """Read the headers by their names in lower case; bytes that are no UTF-8 become U+FFFD."""
    return {
        name.lower(): value
        if value.isascii()
        else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, value in request.headers.items()
    }


async def read_body(request: web.BaseRequest) -> bytes:
    """Read a body to its end, but keep no more of it than the service takes.

    Raises:
        ServiceError: OTSRequestBodyTooLarge.
        GoneError: the body is not what was announced.
    """
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    parts: list[bytes] = []
    size = 0
    try:
        while part := await request.content.readany():
            size += len(part)
            if size <= limits.BODY_BYTES:
                parts.append(part)
    except (OSError, web.RequestPayloadError):
        raise GoneError from None
    if size > limits.BODY_BYTES:
        raise ServiceError("OTSRequestBodyTooLarge")
    return b"".join(parts)
