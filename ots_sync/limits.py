"""Every number of Table Store, DynamoDB and Lambda that the function keeps to, with its source.

The local Table Store writes its own limits down a second time, on purpose: if one side is wrong,
the two must disagree. Units are in the names; "bytes" are UTF-8 bytes.
"""

from __future__ import annotations

# https://www.alibabacloud.com/help/en/tablestore/developer-reference/batchwriterow
ROWS_PER_BATCH = 200
# Exactly 4 MiB. Counted are names and values of key and attribute columns, and 8 for a cell's
# timestamp; whether an omitted timestamp counts is not documented, so it always does here.
BATCH_COUNTED_BYTES = 4_194_304
CELL_TIMESTAMP_BYTES = 8
# https://www.alibabacloud.com/help/en/tablestore/product-overview/limits-on-wide-column-model
# "5 MB", decimal or binary is not said: the smaller, less room for the table's name and framing.
BODY_BYTES = 5_000_000 - 4_096
# What the wire form adds at most to a cell and to a row (measured on both encoders of the SDK).
BODY_BYTES_PER_CELL = 18
BODY_BYTES_PER_ROW = 96
COLUMNS_PER_WRITE = 1_024
PRIMARY_KEY_COLUMNS = 4
KEY_VALUE_BYTES = 1_024
COLUMN_VALUE_BYTES = 2_097_152
COLUMN_NAME_BYTES = 255
# https://www.alibabacloud.com/help/en/tablestore/product-overview/naming-conventions-and-data-types
INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
NUMBER_BYTES = 8
BOOLEAN_BYTES = 1

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
NUMBER_DIGITS = 38
NUMBER_EXPONENT_MIN = -130
NUMBER_EXPONENT_MAX = 125
NESTING_LEVELS = 32
