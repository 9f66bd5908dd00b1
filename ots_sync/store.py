"""Rows to write go in, an acknowledgement per row comes out: the only room that speaks the SDK.

One BatchWriteRow a call, never retried here: the SDK's own retries and urllib3's are switched off.
Every exception of the SDK and the network becomes a StoreError whose code stands in `codes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from traceback import clear_frames
from typing import Any

import urllib3
from google.protobuf.message import DecodeError
from tablestore import (
    BatchWriteRowRequest,
    Condition,
    DeleteRowItem,
    OTSClient,
    OTSClientError,
    OTSServiceError,
    PutRowItem,
    Row,
    RowExistenceExpectation,
    TableInBatchWriteRowItem,
    UpdateRowItem,
)
from tablestore.auth import RequestContext
from tablestore.encoder import NATIVE_ENCODER_AVAILABLE
from tablestore.protobuf.table_store_pb2 import BatchWriteRowResponse
from tablestore.retry import NoRetryPolicy

from ots_sync.credentials import SecretProvider, provider
from ots_sync.errors import StoreError
from ots_sync.settings import Settings
from ots_sync.transport import CONNECT_TIMEOUT_S, keep_our_times
from ots_sync.writes import RowWrite

_API = "BatchWriteRow"
_IGNORE = Condition(RowExistenceExpectation.IGNORE)
_ABSENT = Condition(RowExistenceExpectation.EXPECT_NOT_EXIST)


def connect(settings: Settings, *, enable_native: bool = True) -> OTSClient:
    """The SDK's client for the settings, which never tries twice; it opens no connection yet.

    A secret is read here, for it takes a time that no call can reckon with.
    Raises ConfigurationError when it cannot be.
    """
    source = provider(settings)
    source.get_credentials()
    client = OTSClient(
        settings.endpoint,
        instance_name=settings.instance,
        credentials_provider=source,
        region=settings.region or None,
        socket_timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=settings.timeout_s),
        max_connection=settings.max_concurrency,
        retry_policy=NoRetryPolicy(),
        enable_native=enable_native,
        native_fallback=False,
    )
    keep_our_times(client)
    return client


def is_native() -> bool:
    """Whether the SDK's fast encoder loads in this Python."""
    return bool(NATIVE_ENCODER_AVAILABLE)


def batch_write_row(
    client: OTSClient, table_name: str, put_row_items: Sequence[RowWrite]
) -> list[StoreError | None]:
    """Writes the rows by one BatchWriteRow; for each, None when acknowledged, or what was said.

    The SDK encodes, signs, sends and checks; its answer is read here, for its own way of reading
    makes objects of every row, where nearly always there is nothing to be told of it.
    Raises StoreError when the call failed as a whole.
    """
    native = NATIVE_ENCODER_AVAILABLE and client.enable_native
    request = BatchWriteRowRequest()
    items = [_item(write, native) for write in put_row_items]
    request.add(TableInBatchWriteRowItem(table_name, items))
    credentials = client.credentials_provider.get_credentials()
    signing = client._signer, RequestContext(credentials)  # noqa: SLF001 - as its own calls do
    try:
        path, headers, body = client.protocol.make_request(_API, *signing, request)
    except (
        OTSClientError,
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        RuntimeError,
    ) as error:
        raise StoreError("NotEncodable", type(error).__name__) from None
    try:
        answer = client.connection.send_receive(path, headers, body)
        client.protocol.handle_error(_API, path, *answer, *signing)
        return _acknowledgements(answer[-1], table_name, len(items))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - of the SDK and the network, each with its name
        _let_go(error)
        raise _told(error, client, credentials) from None


def _item(write: RowWrite, native: bool) -> Any:
    primary_key = list(write.primary_key)
    if write.kind == "delete":
        return DeleteRowItem(Row(primary_key), _IGNORE)
    columns: Sequence[Any] = write.columns
    if not native:
        # The Python encoder counts characters where it should count bytes: names go as bytes.
        columns = [(name.encode(), value) for name, value in columns]
    if write.kind == "put":
        return PutRowItem(Row(primary_key, columns), _ABSENT if write.only_if_absent else _IGNORE)
    cells: dict[str, Any] = {"put": columns} if columns else {}
    if write.deleted:
        # The one form that each encoder gets right at any length of the names.
        cells["delete_all"] = (
            list(write.deleted)
            if native
            else [(name.encode(), None, None) for name in write.deleted]
        )
    return UpdateRowItem(Row(primary_key, cells), _IGNORE)


def _acknowledgements(body: bytes, table_name: str, rows: int) -> list[StoreError | None]:
    """The answer, row by row. Raises StoreError when it has not one for each: an answer belongs to
    a row by its position alone, so that of a shorter one nobody knows what it acknowledges.
    """
    tables = BatchWriteRowResponse.FromString(body).tables
    answers = [
        None if row.is_ok else StoreError(row.error.code or "NoErrorCode", _said(row.error.message))
        for table in tables
        if table.table_name == table_name
        for row in table.rows
    ]
    if len(answers) != rows:
        raise StoreError("NotAcknowledged", f"the answer names {len(answers)} of {rows} rows")
    return answers


def _said(message: object) -> str:
    """The service's words so that they can neither forge a line of a log nor flood it."""
    return ascii(str(message or ""))[1:-1][:_SAID]


_SAID = 300


def _told(error: Exception, client: OTSClient, credentials: Any) -> Exception:
    if isinstance(error, OTSServiceError):
        return _service_error(error, client, credentials)
    if isinstance(error, OTSClientError):
        return _client_error(error)
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        return _network_error(error)
    if isinstance(error, (DecodeError, LookupError, TypeError, ValueError, ArithmeticError)):
        return StoreError("AnswerUnreadable", type(error).__name__)
    return error


def _let_go(error: BaseException | None) -> None:
    """Frees what the error's frames hold, the request's body among it: they refer to the error
    itself, so that only the garbage collector would, megabytes a call later.
    """
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _service_error(error: Any, client: OTSClient, credentials: Any) -> StoreError:
    code = error.get_error_code() or "NoErrorCode"
    source = client.credentials_provider
    rotates = code == "OTSAuthFailed" and isinstance(source, SecretProvider)
    if rotates and source.renewed(credentials):
        return StoreError("CredentialsRenewed", "the secret was read again and has changed")
    words = _said(error.get_error_message()) or f"HTTP status {error.get_http_status()}"
    return StoreError(code, words)


def _client_error(error: Any) -> StoreError:
    status = error.get_http_status()
    if status is not None and 200 <= int(status) < 300:
        return StoreError("AnswerNotTrusted", "the answer's signature, digest or date is wrong")
    return StoreError("GatewayError", f"HTTP status {status} without Table Store's own error")


def _network_error(error: Exception) -> StoreError:
    name = type(error).__name__
    if error.__cause__ is not None:
        name += f" because of {type(error.__cause__).__name__}"
    never_sent = (
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.EmptyPoolError,
    )
    if isinstance(error, never_sent):
        return StoreError("ConnectFailed", name)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return StoreError("ReadTimeout", name)
    return StoreError("ConnectionBroken", name)
