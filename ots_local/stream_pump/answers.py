"""What a handler answered goes in; how far Lambda takes the batch to be done comes out.

Documented meanings: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
Where the documentation is silent the reading here is the one that hides least: an answer that
Lambda cannot read as a report of failures is taken for success, a report with a fault for failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WHOLE_BATCH = -1
"""Nothing of the batch is done, and the answer names no place to begin again."""


def first_failed(answer: Any, sequence_numbers: Sequence[str]) -> int | None:
    """The position from which the batch is not done; None: all done; or WHOLE_BATCH.

    Documented as success: an empty or null response, an empty or null list. As failure of the
    whole batch: an empty or null identifier, a wrong key in an entry; an unknown identifier too.
    Several identifiers: the lowest sequence number counts, as a number, and all from there on.
    A wrong key at the top is an empty response: success, and records are lost silently.
    """
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return WHOLE_BATCH
    positions = {number: position for position, number in enumerate(sequence_numbers)}
    named = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in failures]
    known = [name for name in named if isinstance(name, str) and name in positions]
    return positions[min(known, key=int)] if len(known) == len(named) else WHOLE_BATCH
