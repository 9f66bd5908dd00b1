"""Test that mapping settings are valid exactly if Lambda accepts them."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.event_source import EventSourceMapping, MappingError


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 10_001}, "batch_size=10001"),
        ({"maximum_batching_window_s": 301}, "maximum_batching_window_s"),
        ({"parallelization_factor": 0}, "parallelization_factor=0"),
        ({"parallelization_factor": 11}, "parallelization_factor=11"),
        ({"maximum_retry_attempts": -2}, "maximum_retry_attempts=-2"),
        ({"maximum_retry_attempts": 10_001}, "maximum_retry_attempts=10001"),
        ({"maximum_record_age_s": 59}, "maximum_record_age_s=59"),
        ({"maximum_record_age_s": 604_801}, "maximum_record_age_s=604801"),
        ({"starting_position": "AT_TIMESTAMP"}, "starting_position='AT_TIMESTAMP'"),
        ({"batch_size": 0, "parallelization_factor": 0}, "batch_size=0.*parallelization_factor=0"),
    ],
)
def test_settings_that_lambda_rejects_are_rejected(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(MappingError, match=named):
        EventSourceMapping(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 10_000, "maximum_batching_window_s": 300, "parallelization_factor": 10},
        {"maximum_retry_attempts": 10_000, "maximum_record_age_s": 604_800},
        {"maximum_retry_attempts": 0, "maximum_record_age_s": 60},
    ],
)
def test_settings_at_lambdas_limits_are_valid(settings: dict[str, Any]) -> None:
    EventSourceMapping(**settings)
