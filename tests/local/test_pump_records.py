"""A record as a stream gives it becomes the record that Lambda delivers, whoever is DynamoDB."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ots_local.stream_pump import lambda_record

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
def test_a_record_has_the_fields_of_the_sample_events(name: str) -> None:
    """The fields of the envelope are those of Lambda's event, no more and no less."""
    (sample,) = json.loads((EVENTS / f"{name}.json").read_text())["Records"]
    given = copy.deepcopy(sample)
    del given["eventSourceARN"]
    images = {part for part in ("NewImage", "OldImage") if part in given["dynamodb"]}
    given["dynamodb"] = {**given["dynamodb"], **{part: {"id": {"S": "a"}} for part in images}}
    delivered = lambda_record(given, ARN)
    assert delivered.keys() == sample.keys()
    assert delivered["dynamodb"].keys() == sample["dynamodb"].keys()


def test_a_right_record_only_gains_the_streams_arn_and_json_types() -> None:
    given = _record()
    before = copy.deepcopy(given)
    delivered = lambda_record(given, ARN)
    assert given == before
    wanted = _record(eventSourceARN=ARN, dynamodb={"ApproximateCreationDateTime": 1_767_225_601})
    assert delivered == wanted
    assert json.loads(json.dumps(delivered)) == delivered


@pytest.mark.parametrize(
    ("given", "field", "wanted"),
    [
        pytest.param({"eventVersion": "1.0"}, "eventVersion", "1.1", id="version"),
        pytest.param({"awsRegion": "us-east-1"}, "awsRegion", "eu-west-1", id="region of the ARN"),
        pytest.param(
            {"eventID": "0123456789AB-CDEF-0123-4567-89ABCDEF"},
            "eventID",
            "0123456789abcdef0123456789abcdef",
            id="a UUID for an event ID",
        ),
        pytest.param(
            {"userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}},
            "userIdentity",
            {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
            id="identity as GetRecords writes it",
        ),
        pytest.param(
            {"userIdentity": {"principalId": "a", "type": "b"}},
            "userIdentity",
            {"principalId": "a", "type": "b"},
            id="identity as Lambda writes it",
        ),
        pytest.param({"newField": {"x": 1}}, "newField", {"x": 1}, id="unknown field"),
    ],
)
def test_the_envelope_is_mended(given: dict[str, Any], field: str, wanted: Any) -> None:
    assert lambda_record(_record(**given), ARN)[field] == wanted


def test_a_region_that_is_none_becomes_one() -> None:
    assert lambda_record(_record(awsRegion="ddblocal"), LOCAL_ARN)["awsRegion"] == "us-east-1"


def test_an_event_id_is_made_where_none_fits_and_is_the_same_each_time() -> None:
    made = [lambda_record(_record(eventID="7"), arn)["eventID"] for arn in (ARN, ARN, LOCAL_ARN)]
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in made)
    assert made[0] == made[1] != made[2]


def test_an_event_name_that_the_sdk_does_not_know_is_a_deletion_by_ttl() -> None:
    delivered = lambda_record(_record(eventName="UNKNOWN_TO_SDK_VERSION"), ARN)
    assert delivered["eventName"] == "REMOVE"
    assert delivered["userIdentity"] == {
        "type": "Service",
        "principalId": "dynamodb.amazonaws.com",
    }


@pytest.mark.parametrize("created", [1_767_225_601, 1_767_225_601.0, 1_767_225_601.75])
def test_a_creation_time_that_is_a_number_is_cut_to_seconds(created: float) -> None:
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
def test_a_size_that_is_missing_is_counted(image: dict[str, Any], size: int) -> None:
    """Keys and image, by DynamoDB's own rule for items."""
    given = _record(dynamodb={"SizeBytes": 0, "Keys": {"k": {"S": "a"}}, "NewImage": image})
    assert lambda_record(given, ARN)["dynamodb"]["SizeBytes"] == 2 + size
