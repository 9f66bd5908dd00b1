"""Table Store's limits, written down a second time: ots_sync has its own, and they must disagree
where one of them is wrong. So nothing here is imported from there, nor there from here.

Sources: https://www.alibabacloud.com/help/en/tablestore/product-overview/general-limits and
.../limits-on-the-widecolumn-model; where a number was seen in tests of the official SDKs only,
the line says so.
"""

from __future__ import annotations

from typing import Final

BATCH_WRITE_ROWS: Final = 200  # rows of one BatchWriteRow, all tables together
BATCH_WRITE_BYTES: Final = 4 * 1024 * 1024  # counted data of one BatchWriteRow
ROW_WRITE_BYTES: Final = 4 * 1024 * 1024  # counted data of one PutRow or UpdateRow
TIMESTAMP_BYTES: Final = 8  # counted for each cell
BODY_BYTES: Final = 5_000_000  # of one HTTP request; "5 MB" in the documentation
COLUMNS_PER_WRITE: Final = 1024  # puts, deletes and increments of one row change
COLUMNS_TO_GET: Final = 128  # documented; the official tests read 1,024
COLUMNS_TO_GET_TESTED: Final = 1024
KEY_COLUMNS: Final = 4
KEY_VALUE_BYTES: Final = 1024  # of a string or binary in a primary key
VALUE_BYTES: Final = 2 * 1024 * 1024  # of a string or binary attribute
NAME_BYTES: Final = 255  # of a table's or a column's name
BATCH_GET_ROWS: Final = 100
RANGE_ROWS: Final = 5000  # rows of one GetRange
RANGE_BYTES: Final = 4 * 1024 * 1024  # data read by one GetRange
FILTERS: Final = 10  # conditions in one filter
TABLES: Final = 64  # of one instance
CAPACITY_UNIT_BYTES: Final = 4096
TIMESTAMP_END: Final = (2**63 - 1) // 1000  # milliseconds, exclusive; official tests
MIN_TIME_TO_LIVE: Final = 86_400  # seconds, or -1
MAX_DEVIATION: Final = (2**63 - 1) // 1_000_000  # seconds that a timestamp may be off
DEFINED_COLUMNS: Final = 32
DATE_WINDOW: Final = 900  # seconds that a request's date may be off
