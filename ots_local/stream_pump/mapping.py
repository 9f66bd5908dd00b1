"""The settings of an event source mapping, with Lambda's names; refuses what Lambda refuses.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
"""Of an event; not adjustable. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""

RETENTION_S = 86_400
"""A stream forgets a record after 24 hours, whatever the mapping says."""


class MappingError(ValueError):
    """Settings that Lambda would refuse; the message names each with its range."""


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """How records become invocations; -1 means without a limit."""

    batch_size: int = 100
    maximum_batching_window_s: float = 0
    parallelization_factor: int = 1
    maximum_retry_attempts: int = -1
    maximum_record_age_s: float = -1
    bisect_batch_on_function_error: bool = False
    report_batch_item_failures: bool = False
    starting_position: Literal["TRIM_HORIZON", "LATEST"] = "TRIM_HORIZON"
    enabled: bool = True
    on_failure: Callable[[dict[str, Any]], None] | None = None
    """Receives the document that Lambda puts into S3 for records it gives up. Whatever it raises
    ends the pump: a record that is neither done nor kept is never passed over."""

    def __post_init__(self) -> None:
        age = self.maximum_record_age_s
        faults = [
            f"{name}={value!r} (may be {wanted})"
            for name, value, legal, wanted in (
                ("batch_size", self.batch_size, 1 <= self.batch_size <= 10_000, "1 to 10000"),
                (
                    "maximum_batching_window_s",
                    self.maximum_batching_window_s,
                    0 <= self.maximum_batching_window_s <= 300,
                    "0 to 300",
                ),
                (
                    "parallelization_factor",
                    self.parallelization_factor,
                    1 <= self.parallelization_factor <= 10,
                    "1 to 10",
                ),
                (
                    "maximum_retry_attempts",
                    self.maximum_retry_attempts,
                    -1 <= self.maximum_retry_attempts <= 10_000,
                    "-1 to 10000",
                ),
                (
                    "maximum_record_age_s",
                    age,
                    age == -1 or 60 <= age <= 604_800,
                    "-1, 60 to 604800",
                ),
                (
                    "starting_position",
                    self.starting_position,
                    self.starting_position in ("TRIM_HORIZON", "LATEST"),
                    "TRIM_HORIZON or LATEST",
                ),
            )
            if not legal
        ]
        if faults:
            raise MappingError("Lambda would refuse this mapping: " + "; ".join(faults))
