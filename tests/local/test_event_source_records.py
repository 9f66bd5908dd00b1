"""Test the conversion of a record from GetRecords to a record in a Lambda event."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ots_local.event_source import lambda_record

ARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"
LOCAL_ARN = "arn:aws:dynamodb:ddblocal:000000000000:table/t/stream/2026-01-01T00:00:00.000"
EVENTS = Path(__file__).parents[2] / "events"


def _record(**fields: Any) -> dict[str, Any]:
    change = {
        "ApproximateCreationDateTime": datetime(2026, 1, 1, 0, 0, 1, 999_999, timezone.utc),
        "Keys": {"id": {"S": "a"}},
        "NewImage": {"id": {"S": "a"}},
        "SequenceNumber": "100000000000000000001",
        "SizeBytes": 7,
        "StreamViewType": "NEW_IMAGE",
        **fields.pop("dynamodb", {}),
    }
    return {
        "eventID": "0123456789abcdef0123456789abcdef",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        **fields,
    }


@pytest.mark.parametrize("name", ["test_data_put", "test_data_update", "test_data_delete"])
def test_record_has_exactly_the_fields_of_the_sample_events(name: str) -> None:
    """The envelope fields are exactly those of a Lambda event."""
    (sample,) = json.loads((EVENTS / f"{name}.json").read_text())["Records"]
    record = copy.deepcopy(sample)
    del record["eventSourceARN"]
    images = {part for part in ("NewImage", "OldImage") if part in record["dynamodb"]}
    record["dynamodb"] = {**record["dynamodb"], **{part: {"id": {"S": "a"}} for part in images}}
    delivered = lambda_record(record, ARN)
    assert delivered.keys() == sample.keys()
    assert delivered["dynamodb"].keys() == sample["dynamodb"].keys()


def test_valid_record_only_gains_the_stream_arn_and_json_types() -> None:
    record = _record()
    before = copy.deepcopy(record)
    delivered = lambda_record(record, ARN)
    assert record == before
    expected = _record(eventSourceARN=ARN, dynamodb={"ApproximateCreationDateTime": 1_767_225_601})
    assert delivered == expected
    assert json.loads(json.dumps(delivered)) == delivered


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        pytest.param({"eventVersion": "1.0"}, "eventVersion", "1.1", id="version"),
        pytest.param({"awsRegion": "us-east-1"}, "awsRegion", "eu-west-1", id="region of the ARN"),
        pytest.param(
            {"eventID": "0123456789AB-CDEF-0123-4567-89ABCDEF"},
            "eventID",
            "0123456789abcdef0123456789abcdef",
            id="event ID is a UUID",
        ),
        pytest.param(
            {"userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}},
            "userIdentity",
            {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
            id="identity from GetRecords",
        ),
        pytest.param(
            {"userIdentity": {"principalId": "a", "type": "b"}},
            "userIdentity",
            {"principalId": "a", "type": "b"},
            id="identity as in Lambda",
        ),
        pytest.param({"newField": {"x": 1}}, "newField", {"x": 1}, id="unknown field"),
    ],
)
def test_envelope_field_is_corrected(fields: dict[str, Any], field: str, expected: Any) -> None:
    assert lambda_record(_record(**fields), ARN)[field] == expected


def test_invalid_region_becomes_a_valid_one() -> None:
    assert lambda_record(_record(awsRegion="ddblocal"), LOCAL_ARN)["awsRegion"] == "us-east-1"


def test_invalid_event_id_is_replaced_by_the_same_id_every_time() -> None:
    event_ids = [
        lambda_record(_record(eventID="7"), arn)["eventID"] for arn in (ARN, ARN, LOCAL_ARN)
    ]
    assert all(re.fullmatch("[0-9a-f]{32}", event_id) for event_id in event_ids)
    assert event_ids[0] == event_ids[1] != event_ids[2]


def test_unknown_event_name_becomes_a_ttl_deletion() -> None:
    delivered = lambda_record(_record(eventName="UNKNOWN_TO_SDK_VERSION"), ARN)
    assert delivered["eventName"] == "REMOVE"
    assert delivered["userIdentity"] == {
        "type": "Service",
        "principalId": "dynamodb.amazonaws.com",
    }


@pytest.mark.parametrize("created", [1_767_225_601, 1_767_225_601.0, 1_767_225_601.75])
def test_numeric_creation_time_is_rounded_down_to_seconds(created: float) -> None:
    delivered = lambda_record(_record(dynamodb={"ApproximateCreationDateTime": created}), ARN)
    seconds = delivered["dynamodb"]["ApproximateCreationDateTime"]
    assert seconds == 1_767_225_601
    assert isinstance(seconds, int)


def test_bytes_become_base64_at_any_depth_and_nothing_else_changes() -> None:
    image = {
        "b": {"B": b"\x01\x23\x15"},
        "bs": {"BS": [b"", b"\xff"]},
        "l": {"L": [{"B": b"\x00"}, {"M": {"x": {"BS": [b"a"]}}}]},
        "rest": {"L": [{"S": ""}, {"N": "1E-130"}, {"BOOL": False}, {"NULL": True}, {"M": {}}]},
        "sets": {"M": {"s": {"SS": ["b", "a"]}, "n": {"NS": ["2", "1.50"]}}},
    }
    change = lambda_record(_record(dynamodb={"NewImage": image}), ARN)["dynamodb"]
    assert change["NewImage"] == {
        **image,
        "b": {"B": "ASMV"},
        "bs": {"BS": ["", "/w=="]},
        "l": {"L": [{"B": "AA=="}, {"M": {"x": {"BS": ["YQ=="]}}}]},
    }


@pytest.mark.parametrize(
    ("image", "size"),
    [
        ({"é": {"S": "é"}}, 4),
        ({"n": {"N": "123"}}, 3),
        ({"b": {"B": b"123"}}, 4),
        ({"x": {"BOOL": True}, "y": {"NULL": True}}, 4),
        ({"l": {"L": [{"S": "ab"}, {"S": ""}]}}, 8),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 8),
        ({"s": {"SS": ["a", "bc"]}}, 4),
        ({"s": {"BS": [b"a", b"bc"]}}, 4),
    ],
)
def test_missing_size_is_calculated(image: dict[str, Any], size: int) -> None:
    """The size of keys and image, by DynamoDB's rule for items."""
    record = _record(dynamodb={"SizeBytes": 0, "Keys": {"k": {"S": "a"}}, "NewImage": image})
    assert lambda_record(record, ARN)["dynamodb"]["SizeBytes"] == 2 + size
