"""Provide the checks with settings, clients and descriptions, each read at most once.

If something cannot be read, every check that needs it gets the reason, as CannotCheckError or
CheckSkippedError.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate
from typing import Any, TypeVar
from urllib.parse import urlsplit

import certifi
import urllib3

from ots_sync import client as ots_client
from ots_sync import settings
from ots_sync.errors import SettingsError, SyncError, TableStoreError
from ots_sync.settings import Settings
from ots_tools import aws, function, target
from ots_tools.doctor.findings import CannotCheckError, CheckSkippedError, NotFoundError
from ots_tools.target import TableDefinition

T = TypeVar("T")
AwsClient = Callable[[str], Any]
"""Returns the boto3 client for the name of an AWS service."""

SAMPLE_ITEMS = 200
"""Items of the source table that are read as a sample: about 100 kB, a few read units."""

_COLUMN_TYPES = {str: target.STRING, int: target.INTEGER, bytearray: target.BINARY}
_NOT_FOUND = ("ResourceNotFoundException", "NoSuchBucket", "NoSuchEntity", "404")
_TIMEOUT = urllib3.Timeout(connect=5, read=10)  # seconds


class UnreachableError(Exception):
    """An endpoint does not respond; the message says why, and what to check."""


def aws_call(call: Callable[[], T]) -> T:
    """Return the result of an AWS call; an error contains AWS's code, never its message.

    Raises NotFoundError or CannotCheckError.
    """
    try:
        return call()
    except Exception as error:
        code = aws.error_code(error)
        operation = getattr(error, "operation_name", None)
        if not code:
            raise
        if code in _NOT_FOUND:
            raise NotFoundError(f"{operation} found nothing of that name ({code})") from None
        if operation:
            raise CannotCheckError(f"AWS rejected {operation}: {code}") from None
        raise CannotCheckError(
            f"AWS cannot be used ({code}): check region, credentials and network"
        ) from None


@dataclass(slots=True)
class DoctorContext:
    """Everything that the checks need.

    `environ` contains the function's settings, and `own_environ` those of the user who runs the
    doctor. `time_s` returns the time of this machine.
    """

    environ: Mapping[str, str]
    fallback: Mapping[str, Any]
    own_environ: Mapping[str, str]
    function_name: str | None
    source_name: str | None
    client: AwsClient
    time_s: Callable[[], float]
    _cache: dict[str, tuple[Any, Exception | None]] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the function's settings."""
        try:
            return settings.load(self.environ, self.fallback)
        except SettingsError:
            raise CannotCheckError("the settings above are not valid") from None

    def writer_client(self) -> Any:
        """Return the SDK's client as the function has it, with the function's access key."""
        return self._cached("writer", lambda: ots_client.connect(self.settings()))

    def operator_client(self) -> Any:
        """Return the SDK's client with the user's own access key, or else the function's."""
        if not (self.own_environ.get("OTS_ID") or self.own_environ.get("OTS_SECRET_ARN")):
            return self.writer_client()
        environ = function.with_own_credentials(self.environ, self.own_environ)
        return self._cached(
            "operator", lambda: ots_client.connect(settings.load(environ, self.fallback))
        )

    def definition(self) -> TableDefinition:
        """Return the target table's definition. Raises TableStoreError."""
        table = self.settings().table_name
        return self._cached(
            "definition", lambda: target.describe_table(self.operator_client(), table)
        )

    def function(self) -> Mapping[str, Any]:
        """Return the function's configuration in Lambda."""
        name = self.function_name
        if not name:
            raise CheckSkippedError("name the deployed function: --function NAME")
        client = self.client("lambda")
        return self._cached(
            "function",
            lambda: aws_call(lambda: client.get_function_configuration(FunctionName=name)),
        )

    def mappings(self) -> list[Mapping[str, Any]]:
        """Return the function's event source mappings that read a DynamoDB stream."""
        name = self.function()["FunctionName"]
        pages = self.client("lambda").get_paginator("list_event_source_mappings")

        def read() -> list[Mapping[str, Any]]:
            found = [
                mapping
                for page in pages.paginate(FunctionName=name)
                for mapping in page["EventSourceMappings"]
            ]
            return [m for m in found if ":dynamodb:" in m.get("EventSourceArn", "")]

        return self._cached("mappings", lambda: aws_call(read))

    def source(self) -> Mapping[str, Any]:
        """Return the description of the source table: the named one, or that of the mapping."""
        name = self.source_name or self._source_of_mapping()
        client = self.client("dynamodb")
        return self._cached(
            "source", lambda: aws_call(lambda: client.describe_table(TableName=name)["Table"])
        )

    def _source_of_mapping(self) -> str:
        if not self.function_name:
            raise CheckSkippedError("name the source table: --table NAME")
        tables = {mapping["EventSourceArn"].split("/")[1] for mapping in self.mappings()}
        if len(tables) != 1:
            raise CheckSkippedError(
                f"the function's mappings read {len(tables)} tables: name the source table with "
                "--table NAME"
            )
        return str(*tables)

    def source_key(self) -> dict[str, str]:
        """Return the source table's keys and types (S, N, B), the partition key first."""
        found = self.source()
        types = {a["AttributeName"]: a["AttributeType"] for a in found["AttributeDefinitions"]}
        names = sorted(found["KeySchema"], key=lambda key: key["KeyType"] != "HASH")
        return {key["AttributeName"]: types[key["AttributeName"]] for key in names}

    def expected_key(self) -> dict[str, str]:
        """Return the key that the target needs: the names and order of PRIMARY_KEY, with types."""
        types = self.settings().primary_key
        if None not in types.values():
            return {name: _COLUMN_TYPES[kind] for name, kind in types.items() if kind}
        source = self.source_key()
        if source.keys() != types.keys():
            raise CannotCheckError("PRIMARY_KEY does not name the source table's keys")
        return {name: target.KEY_TYPES[source[name]] for name in types}

    def probe_key(self) -> dict[str, str]:
        """Return the same key, or a guess if the types are not known; enough for a probe."""
        try:
            return self.expected_key()
        except (CheckSkippedError, CannotCheckError):
            return dict.fromkeys(self.settings().primary_key, target.STRING)

    def write_error(self) -> TableStoreError | None:
        """Return the error of a write that changes nothing, with the function's access key."""
        client, key, name = self.writer_client(), self.probe_key(), self.settings().table_name
        return self._cached("write_error", lambda: target.probe_write(client, name, key))

    def endpoint_time_s(self) -> float | None:
        """Return the time at the instance's endpoint. Raises UnreachableError."""
        url = self.settings().endpoint
        return self._cached("endpoint_time", lambda: read_time_s(url))

    def sample_items(self) -> list[Mapping[str, Any]]:
        """Return some items of the source table, whose values must not be shown."""
        table, client = self.source()["TableName"], self.client("dynamodb")
        return self._cached(
            "sample",
            lambda: aws_call(lambda: client.scan(TableName=table, Limit=SAMPLE_ITEMS)["Items"]),
        )

    def _cached(self, name: str, read: Callable[[], T]) -> T:
        """Return the result of `read`, or raise its error; it is called once per name.

        An endpoint that does not respond then costs one timeout.
        """
        if name not in self._cache:
            try:
                self._cache[name] = (read(), None)
            except (CannotCheckError, CheckSkippedError, UnreachableError, SyncError) as error:
                self._cache[name] = (None, error)
        result, reason = self._cache[name]
        if reason is not None:
            raise reason
        return result  # type: ignore[no-any-return]


def read_time_s(url: str) -> float | None:
    """Return the time in seconds since 1970 at an endpoint, from the Date of any HTTP response.

    The request is not signed and has no body. Raises UnreachableError if there is no response.
    """
    host = urlsplit(url).hostname
    pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=certifi.where())
    try:
        response = pool.request("GET", url, retries=False, timeout=_TIMEOUT, redirect=False)
    except urllib3.exceptions.NameResolutionError:
        raise UnreachableError(
            f"the host {host} does not exist: check OTS_INSTANCE and OTS_REGION, or OTS_ENDPOINT "
            "(the domain ends in .ots.aliyuncs.com)"
        ) from None
    except urllib3.exceptions.SSLError:
        raise UnreachableError(f"TLS with {host} failed: check OTS_ENDPOINT") from None
    except urllib3.exceptions.NewConnectionError:  # before its base class below
        raise UnreachableError(f"{host} accepts no connection: check OTS_ENDPOINT") from None
    except urllib3.exceptions.ConnectTimeoutError:
        raise UnreachableError(
            f"{host} does not respond. The domain of a VPC or of the internal network is reachable "
            "from inside Alibaba Cloud only: use the public one, or check the firewalls in between"
        ) from None
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"{host} sends no response ({type(error).__name__})") from None
    finally:
        pool.clear()
    date = parsedate(response.headers.get("Date", ""))
    return calendar.timegm(date) if date else None
