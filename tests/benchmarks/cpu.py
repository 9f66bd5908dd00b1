"""Define the measurements of processor time: the whole function, each step, and alternatives."""

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
from tests.benchmarks import article, sdk_alone
from tests.benchmarks.function import CONTEXT, acknowledge, invoker, open_handler
from tests.benchmarks.timing import Case
from tests.benchmarks.workloads import ARTICLE, HOT, UPDATES, Workload, events, images

EVENT_RECORDS = 1_000
"""The batch size in template.yaml. Lambda's limit of 6 MB allows fewer than 10,000 of 1.2 KB."""

PUT_ROWS = 200


def function_cases(endpoint: str, records: int) -> dict[str, Case]:
    """Return the function on the article's item, the SDK alone, and the alternatives."""
    handler, client = open_handler(endpoint), sdk_alone.connect(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    invoke = invoker(handler)

    def function_on(workload: Workload) -> Case:
        return Case(events(workload, records, EVENT_RECORDS), json.loads, invoke, records)

    def build_writes(text: str) -> Any:
        return sdk_alone.build_writes(json.loads(text), handler.row_mapper())

    def put_rows(items: Any) -> None:
        for item in items:
            client.put_row(sdk_alone.TABLE, item.row, item.condition)

    return {
        "SDK alone": Case(
            texts,
            lambda text: sdk_alone.build_requests(build_writes(text)),
            lambda requests: sdk_alone.send(client, requests),
            records,
        ),
        "function": Case(texts, json.loads, invoke, records),
        "function, updates": function_on(UPDATES),
        "function, hot keys": function_on(HOT),
        "function, one event": Case(events(ARTICLE, records, records), json.loads, invoke, records),
        "article's algorithm": Case(
            texts, json.loads, lambda event: article.handle(event, client), records
        ),
        "one PutRow per record": Case(
            events(ARTICLE, PUT_ROWS, PUT_ROWS),
            lambda text: [sdk_alone.to_sdk_item(write) for write in build_writes(text)],
            put_rows,
            PUT_ROWS,
        ),
    }


def step_cases(endpoint: str, records: int) -> dict[str, Case]:
    """Return the steps of the pipeline, each on the output of the step before."""
    handler = open_handler(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    context = handler.build_context(CONTEXT)
    writer_context = replace(context.writer, send=acknowledge)
    context = replace(context, writer=writer_context)

    def parse(text: str) -> Any:
        return changes.parse_event(json.loads(text))[0]

    def convert(text: str) -> Any:
        return rows.map_changes(parse(text), handler.row_mapper())[0]

    def pack(text: str) -> Any:
        writes = [row.writes[0] for row in convert(text)]
        return [[writes[position] for position in batch] for batch in writer.pack(writes)]

    def send(batches: Any) -> None:
        for batch in batches:
            ots_client.batch_write_row(handler.client(), sdk_alone.TABLE, batch)

    def respond(outcome: Any) -> None:
        handler.telemetry().report(outcome, sdk_alone.TABLE)
        build_response(outcome, partial_response=True)

    steps: dict[str, tuple[Callable[[str], Any], Callable[[Any], object]]] = {
        "parse": (json.loads, changes.parse_event),
        "convert": (parse, lambda parsed: rows.map_changes(parsed, handler.row_mapper())),
        "write, without requests": (
            convert,
            lambda mapped: writer.write_rows(mapped, writer_context),
        ),
        "write, requests only": (pack, send),
        "respond": (
            lambda text: pipeline.run(json.loads(text), handler.row_mapper(), context),
            respond,
        ),
    }
    return {name: Case(texts, *functions, records) for name, functions in steps.items()}


def decoding_cases(endpoint: str, records: int) -> dict[str, Case]:
    """Return the decoding of images: ours to columns, the others to Python's types."""
    handler = open_handler(endpoint)
    texts = events(ARTICLE, records, EVENT_RECORDS)
    deserialize = TypeDeserializer().deserialize

    def to_columns(items: Any) -> None:
        for image in items:
            handler.generate_attribute(image, ())

    def boto3_images(text: str) -> Any:
        items = images(json.loads(text))
        for image in items:  # boto3 expects bytes; Lambda's events have base64
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
        "ours, to columns": Case(texts, lambda text: images(json.loads(text)), to_columns, records),
        "boto3's TypeDeserializer": Case(texts, boto3_images, boto3, records),
        "Powertools' DynamoDBStreamEvent": Case(texts, json.loads, powertools, records),
    }


def python_codec_cases(endpoint: str, records: int) -> dict[str, Case]:
    """Return the SDK's Python codec, which is used where the native one does not load."""
    handler = open_handler(endpoint, enable_native=False)
    client = sdk_alone.connect(endpoint, enable_native=False)
    texts = events(ARTICLE, records, EVENT_RECORDS)

    def build_requests(text: str) -> Any:
        writes = sdk_alone.build_writes(json.loads(text), handler.row_mapper())
        return sdk_alone.build_requests(writes)

    return {
        "SDK alone, Python codec": Case(
            texts, build_requests, lambda requests: sdk_alone.send(client, requests), records
        ),
        "function, Python codec": Case(texts, json.loads, invoker(handler), records),
    }


def workload_cases(endpoint: str, workloads: tuple[Workload, ...], records: int) -> dict[str, Case]:
    """Return the function on every workload; fewer records of the large ones."""
    invoke = invoker(open_handler(endpoint))
    cases = {}
    for workload in workloads:
        count = records // 10 if workload.name == "large texts" else records
        size = min(EVENT_RECORDS, count) if workload.name != "large texts" else 100
        cases[workload.name] = Case(events(workload, count, size), json.loads, invoke, count)
    return cases
