"""Rows to write go in, runs of them that are each one legal BatchWriteRow come out, in their order.

It asks for no more rows than the next run takes, so that they can be made while others are sent.

As few as the limits on rows, counted bytes and body allow; a row that is over them alone has been
refused or cut into steps before it comes here.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/batchwriterow
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ots_sync.limits import BATCH_COUNTED_BYTES, BODY_BYTES, ROWS_PER_BATCH
from ots_sync.writes import RowWrite


def pack(writes: Iterable[RowWrite]) -> Iterator[range]:
    """The positions of `writes` batch by batch; every position once, in order."""
    start = end = counted = body = 0
    for position, write in enumerate(writes):
        counted += write.counted_bytes
        body += write.body_bytes
        if (counted > BATCH_COUNTED_BYTES or body > BODY_BYTES) and position > start:
            yield range(start, position)
            start, counted, body = position, write.counted_bytes, write.body_bytes
        end = position + 1
        if end - start == ROWS_PER_BATCH:
            yield range(start, end)
            start, counted, body = end, 0, 0
    if start < end:
        yield range(start, end)
