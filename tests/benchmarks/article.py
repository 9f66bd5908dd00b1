"""Implement the article's algorithm as it describes it, to compare its cost.

Each record becomes one row, and calls are sent one after the other. Changes of a key are not
merged, sizes and limits are not checked, and responses are ignored. docs/performance.md has the
data that it loses.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tablestore import (
    BatchWriteRowRequest,
    Condition,
    DeleteRowItem,
    PutRowItem,
    Row,
    RowExistenceExpectation,
    TableInBatchWriteRowItem,
    UpdateRowItem,
)

from tests.benchmarks.sdk_alone import TABLE
from tests.support.builders import KEY_LIST

ROWS_PER_CALL = 200


def handle(event: Mapping[str, Any], client: Any) -> None:
    """Write an event, 200 rows per call."""
    items = [_item(record["eventName"], record["dynamodb"]) for record in event["Records"]]
    for start in range(0, len(items), ROWS_PER_CALL):
        request = BatchWriteRowRequest()
        request.add(TableInBatchWriteRowItem(TABLE, items[start : start + ROWS_PER_CALL]))
        client.batch_write_row(request)


def _item(event_name: str, body: Mapping[str, Any]) -> Any:
    key = [(name, _value(body["Keys"][name])) for name in KEY_LIST]
    condition = Condition(RowExistenceExpectation.IGNORE)
    if event_name == "REMOVE":
        return DeleteRowItem(Row(key), condition)
    new = body["NewImage"]
    if event_name == "INSERT":
        return PutRowItem(Row(key, _columns(new)), condition)
    old = body["OldImage"]
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    removed = [name for name in old if name not in new]
    columns: dict[str, Any] = {"put": _columns(changed)}
    if removed:
        columns["delete_all"] = removed
    return UpdateRowItem(Row(key, columns), condition)


def _columns(image: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    return [(name, _value(tagged)) for name, tagged in image.items() if name not in KEY_LIST]


def _value(tagged: Mapping[str, Any]) -> Any:
    ((tag, value),) = tagged.items()
    if tag == "N":
        return float(value) if "." in value else int(value)
    if tag == "B":
        return bytearray(base64.b64decode(value))
    if tag == "NULL":
        return ""
    if tag in ("S", "BOOL"):
        return value
    return bytearray(json.dumps(value).encode()) if tag == "BS" else json.dumps(value)
