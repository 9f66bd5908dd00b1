"""Rows to write go in, runs of them that are each one legal BatchWriteRow come out, in their order.

As few as the limits on rows, counted bytes and body allow; a row that is over them alone has been
refused or cut into steps before it comes here.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/batchwriterow
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ots_sync.limits import BATCH_COUNTED_BYTES, BODY_BYTES, ROWS_PER_BATCH
from ots_sync.writes import RowWrite


def pack(writes: Sequence[RowWrite]) -> Iterator[range]:
    """The positions of `writes` batch by batch; every position once, in order."""
    start = counted = body = 0
    for position, write in enumerate(writes):
        counted += write.counted_bytes
        body += write.body_bytes
        if (
            position - start == ROWS_PER_BATCH or counted > BATCH_COUNTED_BYTES or body > BODY_BYTES
        ) and position > start:
            yield range(start, position)
            start, counted, body = position, write.counted_bytes, write.body_bytes
    if start < len(writes):
        yield range(start, len(writes))
