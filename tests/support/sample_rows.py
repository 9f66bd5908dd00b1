"""What the sample events end in: rows by the values of their key, as a snapshot of a table is.

Written down by hand from the type table, so that no code of ours decides what is right.
"""

from __future__ import annotations

from typing import Any

PUT = {
    "number": 123,
    "number_2": 2.3,
    "null": "",
    "binary": bytes([0x01, 0x23, 0x15]),
    "binary_set": b'["ARE=","ASM="]',
    "bool": True,
    "bool_2": False,
    "list": '[{"S":"a"},{"N":"1"}]',
    "map": '{"key1":{"S":"value1"}}',
    "str": "This is test!",
    "num_set": '["1","2"]',
    "str_set": '["a","b"]',
}
UPDATED = {
    "number": 456,
    "number_2": 3,
    "binary": bytes([0x01, 0x23, 0x15]),
    "bool": True,
    "bool_2": True,
    "list": '[{"S":"a"},{"N":"2"},{"BOOL":true}]',
    "map": '{"key1":{"S":"value2"},"key2":{"L":[{"NULL":true}]}}',
    "str": "This is an update!",
    "num_set": '["1","2"]',
    "str_set": '["a","b","c"]',
    "added": "new in this update",
}
SAMPLE = ("sample-user", 1529280000)

# By the name of the event file, over an empty table.
ROWS: dict[str, dict[Any, Any]] = {
    "ttl_delete": {},
    "empty": {},
    "unknown_fields": {("sample-unknown-fields", 1529280000): {"a": "1"}},
    "new_image_only": {("sample-new-image", 1529280000): {"a": "2"}},
    "redelivered": {("sample-redelivered", 1529280000): {"count": 3}},
    "bare_item": {("sample-bare", 1529280000): {}, ("sample-bare", 1529280001): {}},
    "hot_key": {
        ("sample-hot-key", 1529280000): {"count": 5, "third": "stays"},
        ("sample-hot-key", 1529280001): {"count": 1},
    },
    "nested": {
        ("sample-nested", 1529280000): {
            "bytes": bytes(range(256)),
            "depth_32": '[{"L":' * 30 + '[{"S":"bottom"}]' + "}]" * 30,
            "empty_binary": b"",
            "empty_list": "[]",
            "empty_map": "{}",
            "empty_member": '["","a"]',
            "empty_string": "",
            "false": False,
            "false_null": "",
            "map": '{"a":{"L":[{"B":"ASM="},{"BS":["ARE=","ASM="]},{"BOOL":true},{"NULL":true},'
            '{"M":{}},{"L":[]},{"S":""}]},"z":{"M":{"a":{"NS":["1.5","10","9"]},'
            '"b":{"SS":["a","b"]}}}}',
            "nul": "a\x00b",
            "text": '日本語 😀 "quoted" \\ / \u2028',
        }
    },
    "edge_numbers": {
        ("sample-numbers", -(2**63)): {
            "above_int64": "9223372036854775808",
            "below_int64": "-9223372036854775809",
            "beyond_double_integers": 9007199254740993,
            "digits_38": "12345678901234567890123456789012345678",
            "digits_38_fraction": "-1.2345678901234567890123456789012345678",
            "digits_51": "100000000000000007629769841092" + "0" * 21,
            "double_shortest": 0.30000000000000004,
            "exponent_fraction": 2.5,
            "exponent_integer": 600,
            "in_list": '[{"N":"9223372036854775808"},{"N":"0.' + "0" * 129 + '1"},{"N":"0.1"}]',
            "in_set": '["-0.5","0","0.' + "0" * 129 + '1","9223372036854775807"]',
            "int64_max": 2**63 - 1,
            "int64_min": -(2**63),
            "largest": "9" * 38 + "0" * 88,
            "largest_plain": "9" * 38 + "0" * 88,
            "minus_one": -1,
            "negative_fraction": -2.5,
            "not_a_double": "0.3000000000000000041",
            "smallest": 1e-130,
            "smallest_plain": 1e-130,
            "tenth": 0.1,
            "zero": 0,
        }
    },
    "odd_names": {
        ("sample-names", 1529280000): {
            "User_Id": "not the key: names keep their case",
            "_": 1,
            "_0x23_hash": 6,
            "_0x30_x20": "leading digit, no underscore",
            "_0x37__leading_digit": 5,
            "_0xf09f9880_": "emoji",
            "__0x5f_0x20_": "looks escaped, underscore before",
            "aws_0x3a_rep_0x3a_deleting": False,
            "dashed_0x2d_name": 4,
            "dotted_0x2e_name": 3,
            "line_0x0a_feed": "control character",
            "na_0xc3af_ve": "accent",
            "n" * 255: "255 bytes, the most a column name takes",
            "plain_name": "fits as it is",
            "quote_0x22_and_0x5c_backslash": "json",
            "with_0x2e_space": 2,
        }
    },
}
