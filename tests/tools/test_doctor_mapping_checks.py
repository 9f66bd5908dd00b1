"""Test the check of a mapping that gives up too early, too late, or without a destination."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools.doctor.findings import Status
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.support.doctor import deploy, doctor_context, message, status

NO_DESTINATION: dict[str, Any] = {"DestinationConfig": {}}


@pytest.mark.parametrize(
    ("mapping", "expected", "text"),
    [
        ({"MaximumRetryAttempts": 3}, Status.WARNING, "after 3 retries"),
        ({"MaximumRecordAgeInSeconds": 43199}, Status.WARNING, "after 43199 s"),
        ({"MaximumRecordAgeInSeconds": 43200}, Status.OK, "stored"),
        ({"MaximumRecordAgeInSeconds": 86399}, Status.OK, "stored"),
        ({"MaximumRecordAgeInSeconds": 86400}, Status.WARNING, "until the stream drops the record"),
        ({"MaximumRecordAgeInSeconds": -1}, Status.WARNING, "until the stream drops the record"),
        ({"BisectBatchOnFunctionError": False}, Status.WARNING, "BisectBatchOnFunctionError"),
        (NO_DESTINATION, Status.ERROR, "CHANGES GET LOST"),
        (
            {**NO_DESTINATION, "MaximumRecordAgeInSeconds": -1},
            Status.WARNING,
            "on-failure destination",
        ),
        (
            {**NO_DESTINATION, "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": 3},
            Status.ERROR,
            "CHANGES GET LOST",
        ),
    ],
)
def test_mapping_that_gives_up_batches_is_reported(
    mapping: dict[str, Any],
    expected: Status,
    text: str,
    dynamodb: DynamoDB,
    source_table: SourceTable,
) -> None:
    function = deploy(dynamodb, source_table.stream_arn, ENVIRON, mapping=mapping)
    found = doctor_context(ENVIRON, dynamodb, function=function)
    assert status("failed batches", found) is expected
    assert text in message("failed batches", found)
