"""What the checks look at, each thing looked at once; a look that fails says why, to every check.

Where from (a function's name, a file's settings, the environment) goes in; settings, clients and
descriptions come out. Refuses by UnseenError and NotAskedError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ots_sync import client as ots_client
from ots_sync import settings
from ots_sync.errors import SettingsError, SyncError, TableStoreError
from ots_sync.settings import Settings
from ots_tools import deployed, target_table
from ots_tools.doctor.endpoint import UnreachableError, date_of
from ots_tools.doctor.findings import NotAskedError, UnseenError
from ots_tools.doctor.seeing import seen
from ots_tools.target_table import Definition

T = TypeVar("T")
AwsClient = Callable[[str], Any]
"""The name of an AWS service -> its boto3 client."""

SAMPLE = 200
"""Items of the source table that are looked at: 100 kB or so, some read units."""

_TYPE_NAMES = {str: "STRING", int: "INTEGER", bytearray: "BINARY"}


@dataclass(slots=True)
class World:
    """`environ` holds the function's settings, `own` those of whoever runs this.

    `wall_s` is the time of this machine.
    """

    environ: Mapping[str, str]
    fallback: Mapping[str, Any]
    own: Mapping[str, str]
    function_name: str | None
    source_name: str | None
    client: AwsClient
    wall_s: Callable[[], float]
    _seen: dict[str, tuple[Any, Exception | None]] = field(default_factory=dict)

    def settings(self) -> Settings:
        """The function's settings. Raises SettingsError the first time it is asked by a check."""
        try:
            return settings.load(self.environ, self.fallback)
        except SettingsError:
            raise UnseenError("the settings above are not usable") from None

    def writer(self) -> Any:
        """The SDK's client as the function has it, with the function's access key."""
        return self._once("writer", lambda: ots_client.connect(self.settings()))

    def operator(self) -> Any:
        """The SDK's client of whoever runs this: their own access key, or the function's."""
        if not (self.own.get("OTS_ID") or self.own.get("OTS_SECRET_ARN")):
            return self.writer()
        environ = deployed.merged(self.environ, self.own)
        return self._once(
            "operator", lambda: ots_client.connect(settings.load(environ, self.fallback))
        )

    def definition(self) -> Definition:
        """The target table's definition. Raises TableStoreError."""
        table = self.settings().table_name
        return self._once("definition", lambda: target_table.describe(self.operator(), table))

    def function(self) -> Mapping[str, Any]:
        """What Lambda tells of the function."""
        name = self.function_name
        if not name:
            raise NotAskedError("name the deployed function: --function NAME")
        client = self.client("lambda")
        return self._once(
            "function", lambda: seen(lambda: client.get_function_configuration(FunctionName=name))
        )

    def mappings(self) -> list[Mapping[str, Any]]:
        """The function's event source mappings that read a stream of DynamoDB's."""
        name = self.function()["FunctionName"]
        pages = self.client("lambda").get_paginator("list_event_source_mappings")

        def look() -> list[Mapping[str, Any]]:
            found = [
                mapping
                for page in pages.paginate(FunctionName=name)
                for mapping in page["EventSourceMappings"]
            ]
            return [m for m in found if ":dynamodb:" in m.get("EventSourceArn", "")]

        return self._once("mappings", lambda: seen(look))

    def source(self) -> Mapping[str, Any]:
        """What DynamoDB tells of the source table, named or found in the function's mapping."""
        name = self.source_name or self._source_of_mapping()
        client = self.client("dynamodb")
        return self._once(
            "source", lambda: seen(lambda: client.describe_table(TableName=name)["Table"])
        )

    def _source_of_mapping(self) -> str:
        if not self.function_name:
            raise NotAskedError("name the source table: --table NAME")
        tables = {mapping["EventSourceArn"].split("/")[1] for mapping in self.mappings()}
        if len(tables) != 1:
            raise NotAskedError("the function has not one source: name it by --table NAME")
        return str(*tables)

    def source_key(self) -> dict[str, str]:
        """The source table's keys and their types (S, N, B), the partition key first."""
        found = self.source()
        types = {a["AttributeName"]: a["AttributeType"] for a in found["AttributeDefinitions"]}
        names = sorted(found["KeySchema"], key=lambda key: key["KeyType"] != "HASH")
        return {key["AttributeName"]: types[key["AttributeName"]] for key in names}

    def wanted_key(self) -> dict[str, str]:
        """The key that the target needs: PRIMARY_KEY's names in its order, the source's types."""
        types = self.settings().primary_key
        if None not in types.values():
            return {name: _TYPE_NAMES[kind] for name, kind in types.items() if kind}
        source = self.source_key()
        if source.keys() != types.keys():
            raise UnseenError("PRIMARY_KEY does not name the source table's keys")
        return {name: target_table.KEY_TYPES[source[name]] for name in types}

    def probe_key(self) -> dict[str, str]:
        """The same, or a guess where types are not known: good enough to ask for permission."""
        try:
            return self.wanted_key()
        except (NotAskedError, UnseenError):
            return dict.fromkeys(self.settings().primary_key, target_table.STRING)

    def answer(self) -> TableStoreError | None:
        """What Table Store says to the function's access key and a write that changes nothing."""
        client, key, name = self.writer(), self.probe_key(), self.settings().table_name
        return self._once("answer", lambda: target_table.ask_to_write(client, name, key))

    def store_date(self) -> float | None:
        """The time at the instance's endpoint. Raises UnreachableError."""
        url = self.settings().endpoint
        return self._once("date", lambda: date_of(url))

    def sample(self) -> list[Mapping[str, Any]]:
        """Some items of the source table; their values go nowhere."""
        table, client = self.source()["TableName"], self.client("dynamodb")
        look = lambda: client.scan(TableName=table, Limit=SAMPLE)["Items"]  # noqa: E731
        return self._once("sample", lambda: seen(look))

    def _once(self, name: str, look: Callable[[], T]) -> T:
        """A look that is had once, its failure too: an endpoint that hangs costs one wait."""
        if name not in self._seen:
            try:
                self._seen[name] = (look(), None)
            except (UnseenError, NotAskedError, UnreachableError, SyncError) as error:
                self._seen[name] = (None, error)
        found, refusal = self._seen[name]
        if refusal is not None:
            raise refusal
        return found  # type: ignore[no-any-return]
