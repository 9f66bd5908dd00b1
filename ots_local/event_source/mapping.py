"""Define and validate the settings of an event source mapping, with Lambda's names and limits.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""The size limit of an event. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""

RETENTION_S = 86_400
"""A record leaves the stream after 24 hours, independent of the mapping."""


class MappingError(ValueError):
    """Lambda would reject these settings; the message has each with its valid range."""


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """The settings that turn records into invocations; -1 means no limit."""

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
    """Receives the document that Lambda puts into S3 for discarded records. If it raises, the
    poller stops, because it never skips a record that is neither done nor stored."""

    def __post_init__(self) -> None:
        max_age_s = self.maximum_record_age_s
        faults = [
            f"{name}={value!r} (valid: {valid})"
            for name, value, is_valid, valid in (
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
                    max_age_s,
                    max_age_s == -1 or 60 <= max_age_s <= 604_800,
                    "-1, 60 to 604800",
                ),
                (
                    "starting_position",
                    self.starting_position,
                    self.starting_position in ("TRIM_HORIZON", "LATEST"),
                    "TRIM_HORIZON or LATEST",
                ),
            )
            if not is_valid
        ]
        if faults:
            raise MappingError("Lambda would reject this mapping: " + "; ".join(faults))
