"""Consumed capacity units follow the 4 KB rule of the service."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    Condition,
    DeleteRowItem,
    OTSClient,
    PutRowItem,
    Row,
    TableInBatchGetRowItem,
)

from tests.tablestore.support.clients import batch, make_table, put, put_item

KEY = [("id", "k")]
NAMES = len("idka")


def units(consumed: Any) -> tuple[int, int]:
    """Return read and write units."""
    return consumed.read, consumed.write


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, 1), (4096 - NAMES, 1), (4097 - NAMES, 2), (8192 - NAMES, 2), (8193 - NAMES, 3)],
)
def test_each_begun_4_kib_of_a_row_is_one_unit(client: OTSClient, size: int, expected: int) -> None:
    """Keys, names and values count."""
    make_table(client)
    cells = [("a", "x" * size)]
    consumed, _ = client.put_row("t", Row(KEY, cells), Condition("IGNORE"))
    assert units(consumed) == (0, expected)
    consumed, _ = client.update_row("t", Row(KEY, {"put": cells}), Condition("IGNORE"))
    assert units(consumed) == (0, expected)
    consumed, _, _ = client.get_row("t", KEY)
    assert units(consumed) == (expected, 0)
    found = client.batch_write_row(batch(put_item("k", cells)))
    assert units(found.get_put_by_table("t")[0].consumed) == (0, expected)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [KEY], [], None, 1))
    assert units(client.batch_get_row(keys).get_result_by_table("t")[0].consumed) == (expected, 0)
    consumed, _ = client.delete_row("t", Row(KEY), Condition("IGNORE"))
    assert units(consumed) == (0, 1)


def test_condition_costs_a_read_unit_whether_it_holds_or_not(client: OTSClient) -> None:
    make_table(client)
    put(client, "k")
    met = PutRowItem(Row(KEY, [("a", 1)]), Condition("EXPECT_EXIST"))
    unmet = DeleteRowItem(Row([("id", "none")]), Condition("EXPECT_EXIST"))
    found = client.batch_write_row(batch(met, unmet))
    assert units(found.get_put_by_table("t")[0].consumed) == (1, 1)
    assert units(found.get_delete_by_table("t")[0].consumed) == (1, 1)


def test_reading_a_missing_row_costs_one_unit(client: OTSClient) -> None:
    make_table(client)
    assert units(client.get_row("t", KEY)[0]) == (1, 0)
    consumed, _, _, _ = client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert units(consumed) == (1, 0)


def test_range_rounds_up_the_sum_of_its_rows(client: OTSClient) -> None:
    make_table(client)
    items = [put_item(f"{number}", [("a", "x" * 1000)]) for number in range(9)]
    client.batch_write_row(batch(*items))
    consumed, _, _, _ = client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert units(consumed) == (-(-9 * (1000 + NAMES) // 4096), 0)
