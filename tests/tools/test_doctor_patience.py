"""The doctor on a mapping that gives up: too early, with the stream, or with nothing kept."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools.doctor.findings import Mark
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.doctor_rig import deploy, mark, words, world

NOWHERE: dict[str, Any] = {"DestinationConfig": {}}


@pytest.mark.parametrize(
    ("mapping", "expected", "said"),
    [
        ({"MaximumRetryAttempts": 3}, Mark.NOTE, "after 3 retries"),
        ({"MaximumRecordAgeInSeconds": 43199}, Mark.NOTE, "after 43199 s"),
        ({"MaximumRecordAgeInSeconds": 43200}, Mark.GOOD, "kept"),
        ({"MaximumRecordAgeInSeconds": 86399}, Mark.GOOD, "kept"),
        ({"MaximumRecordAgeInSeconds": 86400}, Mark.NOTE, "until the stream forgets"),
        ({"MaximumRecordAgeInSeconds": -1}, Mark.NOTE, "until the stream forgets"),
        ({"BisectBatchOnFunctionError": False}, Mark.NOTE, "BisectBatchOnFunctionError"),
        (NOWHERE, Mark.TO_DO, "CHANGES GET LOST"),
        ({**NOWHERE, "MaximumRecordAgeInSeconds": -1}, Mark.NOTE, "on-failure destination"),
        (
            {**NOWHERE, "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": 3},
            Mark.TO_DO,
            "CHANGES GET LOST",
        ),
    ],
)
def test_mapping_that_gives_up_is_told_and_more_so_where_it_keeps_nothing(
    mapping: dict[str, Any],
    expected: Mark,
    said: str,
    dynamodb: DynamoDB,
    source_table: SourceTable,
) -> None:
    function = deploy(dynamodb, source_table.stream_arn, ENVIRON, mapping=mapping)
    found = world(ENVIRON, dynamodb, function=function)
    assert mark("failed batches", found) is expected
    assert said in words("failed batches", found)
