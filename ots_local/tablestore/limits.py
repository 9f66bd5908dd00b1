"""The limits of Table Store that the emulator enforces.

`ots_sync` has its own copy, on purpose: if one of the two is wrong, a test fails. Neither module
imports the other.

Sources: https://www.alibabacloud.com/help/en/tablestore/product-overview/general-limits and
.../limits-on-the-widecolumn-model. A comment marks a number that comes from the test suites of the
official SDKs only.
"""

from __future__ import annotations

from typing import Final

BATCH_WRITE_ROWS: Final = 200  # rows per BatchWriteRow, all tables together
BATCH_WRITE_BYTES: Final = 4 * 1024 * 1024  # counted data per BatchWriteRow
ROW_WRITE_BYTES: Final = 4 * 1024 * 1024  # counted data per PutRow or UpdateRow
TIMESTAMP_BYTES: Final = 8  # counted per cell
BODY_BYTES: Final = 5_000_000  # per HTTP request; "5 MB" in the documentation
COLUMNS_PER_WRITE: Final = 1024  # puts, deletes and increments per row change
COLUMNS_TO_GET: Final = 128  # documented; the official SDK tests read 1,024
MANY_COLUMNS_TO_GET: Final = 1024  # official SDK tests
KEY_COLUMNS: Final = 4
KEY_VALUE_BYTES: Final = 1024  # per string or binary in a primary key
VALUE_BYTES: Final = 2 * 1024 * 1024  # per string or binary attribute
NAME_BYTES: Final = 255  # per name of a table or column
BATCH_GET_ROWS: Final = 100
RANGE_ROWS: Final = 5000  # rows per GetRange
RANGE_BYTES: Final = 4 * 1024 * 1024  # data read per GetRange
FILTERS: Final = 10  # conditions per filter
TABLES: Final = 64  # per instance
CAPACITY_UNIT_BYTES: Final = 4096
TIMESTAMP_END: Final = (2**63 - 1) // 1000  # milliseconds, exclusive; official SDK tests
MIN_TIME_TO_LIVE: Final = 86_400  # seconds, or -1
MAX_DEVIATION: Final = (2**63 - 1) // 1_000_000  # seconds between a timestamp and the clock
DEFINED_COLUMNS: Final = 32
DATE_WINDOW: Final = 900  # seconds between a request's date and the clock
