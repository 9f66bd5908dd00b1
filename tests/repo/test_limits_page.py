"""Check docs/limits.md against ots_sync/limits.py and the converter."""

from __future__ import annotations

import json

from ots_sync import limits
from ots_sync.connection import CONNECT_TIMEOUT_S, MAX_IDLE_S, SEND_TIMEOUT_S, max_call_s
from ots_sync.converter import to_column
from ots_sync.invocation import RESPONSE_RESERVE_S
from ots_sync.outcome import MAX_LISTED_REJECTIONS
from ots_sync.quarantine import MAX_STORE_S
from tests.support.pages import read, table_under

PAGE = read("docs/limits.md")
MAX_ITEM_KB = 400


def test_every_constant_is_listed_with_its_value() -> None:
    constants = {name: value for name, value in vars(limits).items() if name.isupper()}
    rows = table_under("## Table Store", PAGE) + table_under("## DynamoDB", PAGE)
    listed = {constant.strip("`"): value for _, value, constant, *_ in rows}
    assert listed == {name: f"{value:,}" for name, value in constants.items()}


def test_sizes_after_conversion_are_those_of_the_converter() -> None:
    rows = table_under("## Item sizes after conversion", PAGE)
    assert len(rows) >= 8
    for example, source_bytes, target_bytes, count, reached in rows:
        element = json.loads(example.strip("`"))
        one, two = (len(str(to_column({"L": [element] * n})).encode()) for n in (1, 2))
        fitting = (limits.COLUMN_VALUE_BYTES - 1) // (two - one)
        size_kb = -(-fitting * int(source_bytes) // 1024)
        assert (target_bytes, count) == (str(two - one), f"{fitting:,}"), example
        assert reached.startswith(f"{size_kb} KB" if size_kb <= MAX_ITEM_KB else "never"), example


def test_numbers_of_the_function_are_those_of_the_code() -> None:
    rows = {name: value for name, value, _ in table_under("## ots-sync", PAGE)}
    needed_s = round(max_call_s(0) + MAX_STORE_S + RESPONSE_RESERVE_S)
    assert rows["time that an invocation needs at least"] == f"`OTS_TIMEOUT` + {needed_s} s"
    times = f"{CONNECT_TIMEOUT_S:.0f} s, {SEND_TIMEOUT_S:.0f} s, {MAX_IDLE_S:.0f} s"
    assert rows["connect, send and idle time of a connection"] == times
    assert rows["rejections described in one log line"] == str(MAX_LISTED_REJECTIONS)
