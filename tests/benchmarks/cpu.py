"""CPU a record: the whole function, each step of the arrow, and what stands beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from boto3.dynamodb.types import TypeDeserializer

from ots_sync import changes, pipeline, rows, writer
from ots_sync import client as ots_client
from ots_sync.outcome import build_response
from tests.benchmarks import article, floor
from tests.benchmarks.subject import Context, acknowledged, handler, open_subject
from tests.benchmarks.turns import Case
from tests.benchmarks.workloads import ARTICLE, HOT, UPDATES, Workload, events, images

EVENT_RECORDS = 1_000
"""As the template sets it; ten thousand of 1.2 KB are more than Lambda hands over at once."""

PUT_ROWS = 200
TEN_THOUSAND = "function, one event"


def whole(endpoint: str, records: int) -> dict[str, Case]:
    """The function on the article's item, between the SDK alone and the others."""
    door, client = open_subject(endpoint), floor.connect(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    function = handler(door)

    def of(workload: Workload) -> Case:
        return Case(events(workload, records, EVENT_RECORDS), json.loads, function, records)

    def writes(text: str) -> Any:
        return floor.writes_of(json.loads(text), door.row_mapper())

    def put_rows(items: Any) -> None:
        for item in items:
            client.put_row(floor.TABLE, item.row, item.condition)

    return {
        "SDK alone": Case(
            texts,
            lambda text: floor.requests_of(writes(text)),
            lambda requests: floor.send(client, requests),
            records,
        ),
        "function": Case(texts, json.loads, function, records),
        "function, updates": of(UPDATES),
        "function, hot keys": of(HOT),
        TEN_THOUSAND: Case(events(ARTICLE, records, records), json.loads, function, records),
        "article's algorithm": Case(
            texts, json.loads, lambda event: article.handle(event, client), records
        ),
        "one PutRow a record": Case(
            events(ARTICLE, PUT_ROWS, PUT_ROWS),
            lambda text: [floor.item_of(write) for write in writes(text)],
            put_rows,
            PUT_ROWS,
        ),
    }


def steps(endpoint: str, records: int) -> dict[str, Case]:
    """The steps of the arrow, each by itself on what the one before it made."""
    door = open_subject(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    means = replace(door.build_context(Context()).writer, send=acknowledged)
    ports = replace(door.build_context(Context()), writer=means)

    def understood(text: str) -> Any:
        return changes.parse_event(json.loads(text))[0]

    def translated(text: str) -> Any:
        return rows.map_changes(understood(text), door.row_mapper())[0]

    def packed(text: str) -> Any:
        writes = [row.writes[0] for row in translated(text)]
        return [[writes[position] for position in batch] for batch in writer.pack(writes)]

    def send(calls: Any) -> None:
        for call in calls:
            ots_client.batch_write_row(door.client(), floor.TABLE, call)

    def tell(outcome: Any) -> None:
        door.telemetry().report(outcome, floor.TABLE)
        build_response(outcome, partial_response=True)

    prepared: dict[str, tuple[Callable[[str], Any], Callable[[Any], object]]] = {
        "read": (json.loads, changes.parse_event),
        "translate": (understood, lambda given: rows.map_changes(given, door.row_mapper())),
        "write, without the calls": (translated, lambda given: writer.write_rows(given, means)),
        "write, the calls": (packed, send),
        "build_response": (
            lambda text: pipeline.run(json.loads(text), door.row_mapper(), ports),
            tell,
        ),
    }
    return {name: Case(texts, *both, records) for name, both in prepared.items()}


def decoding(endpoint: str, records: int) -> dict[str, Case]:
    """Images to values alone: ours to columns, the others to Python's types."""
    door = open_subject(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    deserialize = TypeDeserializer().deserialize

    def columns(items: Any) -> None:
        for image in items:
            door.generate_attribute(image, ())

    def boto3_images(text: str) -> Any:
        items = images(json.loads(text))
        for image in items:  # it takes bytes where Lambda's events have base64
            image["binary"] = {"B": base64.b64decode(image["binary"]["B"])}
        return items

    def boto3(items: Any) -> None:
        for image in items:
            for tagged in image.values():
                deserialize(tagged)

    def powertools(event: Any) -> None:
        for record in DynamoDBStreamEvent(event).records:
            assert record.dynamodb is not None
            assert record.dynamodb.new_image

    return {
        "ours, to columns": Case(texts, lambda text: images(json.loads(text)), columns, records),
        "boto3's TypeDeserializer": Case(texts, boto3_images, boto3, records),
        "Powertools' DynamoDBStreamEvent": Case(texts, json.loads, powertools, records),
    }


def codecs(endpoint: str, records: int) -> dict[str, Case]:
    """The SDK's codec in Python, which is used where the native one does not load."""
    door = open_subject(endpoint, enable_native=False)
    client = floor.connect(endpoint, enable_native=False)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    return {
        "SDK alone, Python codec": Case(
            texts,
            lambda text: floor.requests_of(floor.writes_of(json.loads(text), door.row_mapper())),
            lambda requests: floor.send(client, requests),
            records,
        ),
        "function, Python codec": Case(texts, json.loads, handler(door), records),
    }


def shapes(endpoint: str, workloads: tuple[Workload, ...], records: int) -> dict[str, Case]:
    """The function on every shape of records; fewer of the large ones."""
    function = handler(open_subject(endpoint))
    cases = {}
    for workload in workloads:
        count = records // 10 if workload.name == "large texts" else records
        size = min(EVENT_RECORDS, count) if workload.name != "large texts" else 100
        cases[workload.name] = Case(events(workload, count, size), json.loads, function, count)
    return cases
