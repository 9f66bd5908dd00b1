"""Write rows through the Table Store SDK; the only module that uses its client.

Each function call sends one BatchWriteRow request and never retries: the retries of the SDK and of
urllib3 are disabled. Every exception of the SDK and the network becomes a TableStoreError with a
code of `retry.ERROR_CLASSES`.
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

from ots_sync.connection import CONNECT_TIMEOUT_S, configure_pool
from ots_sync.credentials import SecretProvider, credentials_provider
from ots_sync.errors import TableStoreError, printable
from ots_sync.model import RowWrite
from ots_sync.settings import Settings

_API = "BatchWriteRow"
_IGNORE = Condition(RowExistenceExpectation.IGNORE)
_EXPECT_NOT_EXIST = Condition(RowExistenceExpectation.EXPECT_NOT_EXIST)


def connect(settings: Settings, *, enable_native: bool = True) -> OTSClient:
    """Return an SDK client without retries; it opens no connection yet.

    Reads the secret now, because the timeout of a later call does not include that time. Raises
    ConfigurationError if the secret cannot be read.
    """
    provider = credentials_provider(settings)
    provider.get_credentials()
    client = OTSClient(
        settings.endpoint,
        instance_name=settings.instance,
        credentials_provider=provider,
        region=settings.region or None,
        socket_timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=settings.timeout_s),
        max_connection=settings.max_concurrency,
        retry_policy=NoRetryPolicy(),
        enable_native=enable_native,
        native_fallback=False,
    )
    configure_pool(client)
    return client


def has_native_encoder() -> bool:
    """Return whether the SDK's fast encoder loads in this Python."""
    return bool(NATIVE_ENCODER_AVAILABLE)


def batch_write_row(
    client: OTSClient, table_name: str, put_row_items: Sequence[RowWrite]
) -> list[TableStoreError | None]:
    """Write the rows with one BatchWriteRow; return None per acknowledged row, or its error.

    The SDK encodes, signs, sends and verifies. The response is parsed here because the SDK creates
    objects for every row, and almost every row is acknowledged without further data. Raises
    TableStoreError if the whole request failed.
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
        raise TableStoreError("NotEncodable", type(error).__name__) from None
    try:
        response = client.connection.send_receive(path, headers, body)
        client.protocol.handle_error(_API, path, *response, *signing)
        return _row_errors(response[-1], table_name, len(items))
    except TableStoreError:
        raise
    except Exception as error:  # noqa: BLE001 - errors of the SDK and the network get their codes
        _clear_tracebacks(error)
        raise _map_sdk_error(error, client, credentials) from None


def _item(write: RowWrite, native: bool) -> Any:
    primary_key = list(write.primary_key)
    if write.kind == "delete":
        return DeleteRowItem(Row(primary_key), _IGNORE)
    columns: Sequence[Any] = write.columns
    if not native:
        # The Python encoder counts characters instead of bytes, so names are passed as bytes.
        columns = [(name.encode(), value) for name, value in columns]
    if write.kind == "put":
        return PutRowItem(
            Row(primary_key, columns), _EXPECT_NOT_EXIST if write.only_if_absent else _IGNORE
        )
    cells: dict[str, Any] = {"put": columns} if columns else {}
    if write.delete_columns:
        # The only form that each encoder handles correctly for names of any length.
        cells["delete_all"] = (
            list(write.delete_columns)
            if native
            else [(name.encode(), None, None) for name in write.delete_columns]
        )
    return UpdateRowItem(Row(primary_key, cells), _IGNORE)


def _row_errors(body: bytes, table_name: str, rows: int) -> list[TableStoreError | None]:
    """Return the error of each row, or None. Raises TableStoreError if the number of rows differs:
    a result belongs to a row by position alone.
    """
    tables = BatchWriteRowResponse.FromString(body).tables
    errors = [
        None
        if row.is_ok
        else TableStoreError(row.error.code or "NoErrorCode", _message(row.error.message))
        for table in tables
        if table.table_name == table_name
        for row in table.rows
    ]
    if len(errors) != rows:
        raise TableStoreError("NotAcknowledged", f"the response names {len(errors)} of {rows} rows")
    return errors


def _message(message: object) -> str:
    return printable(message or "", _MESSAGE_CHARACTERS)


_MESSAGE_CHARACTERS = 300


def _map_sdk_error(error: Exception, client: OTSClient, credentials: Any) -> Exception:
    if isinstance(error, OTSServiceError):
        return _service_error(error, client, credentials)
    if isinstance(error, OTSClientError):
        return _client_error(error)
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        return _network_error(error)
    if isinstance(error, (DecodeError, LookupError, TypeError, ValueError, ArithmeticError)):
        return TableStoreError("ResponseUnreadable", type(error).__name__)
    return error


def _clear_tracebacks(error: BaseException | None) -> None:
    """Free what the error's frames hold, such as the request body: megabytes per call. The frames
    refer to the error itself, so only the garbage collector would free them.
    """
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _service_error(error: Any, client: OTSClient, credentials: Any) -> TableStoreError:
    code = error.get_error_code() or "NoErrorCode"
    provider = client.credentials_provider
    is_from_secret = code == "OTSAuthFailed" and isinstance(provider, SecretProvider)
    if is_from_secret and provider.refresh(credentials):
        return TableStoreError("CredentialsRefreshed", "the secret was read again and has changed")
    message = _message(error.get_error_message()) or f"HTTP status {error.get_http_status()}"
    return TableStoreError(code, message)


def _client_error(error: Any) -> TableStoreError:
    status = error.get_http_status()
    if status is not None and 200 <= int(status) < 300:
        return TableStoreError(
            "ResponseNotTrusted", "the response's signature, digest or date is wrong"
        )
    return TableStoreError("GatewayError", f"HTTP status {status} without an error of Table Store")


def _network_error(error: Exception) -> TableStoreError:
    name = type(error).__name__
    if error.__cause__ is not None:
        name += f" because of {type(error.__cause__).__name__}"
    never_sent = (
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.EmptyPoolError,
    )
    if isinstance(error, never_sent):
        return TableStoreError("ConnectFailed", name)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return TableStoreError("ReadTimeout", name)
    return TableStoreError("ConnectionBroken", name)
