"""List the limits of Table Store, DynamoDB and Lambda that the function keeps, with their sources.

The local Table Store defines its limits a second time, on purpose: an error on one side then shows
as a difference. Units are in the names; "bytes" are bytes of UTF-8.
"""

from __future__ import annotations

# https://www.alibabacloud.com/help/en/tablestore/developer-reference/batchwriterow
ROWS_PER_BATCH = 200
# Exactly 4 MiB. The service counts names and values of key and attribute columns, and 8 bytes per
# cell for its timestamp. The documentation does not say whether an omitted timestamp counts; it
# counts here.
BATCH_COUNTED_BYTES = 4_194_304
CELL_TIMESTAMP_BYTES = 8
# https://www.alibabacloud.com/help/en/tablestore/product-overview/limits-on-wide-column-model
# The documentation says "5 MB". Here it is the smaller meaning of MB, less the size of the table's
# name and of the framing.
BODY_BYTES = 5_000_000 - 4_096
# The most that the wire format adds per cell and per row, measured with both encoders of the SDK.
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
