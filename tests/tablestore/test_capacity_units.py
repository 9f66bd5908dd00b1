"""What an operation is said to consume follows the service's rule of 4 KB."""

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

from tests.tablestore.clients import batch, make_table, put, put_item

KEY = [("id", "k")]
FRAMING = len("idka")


def units(consumed: Any) -> tuple[int, int]:
    """Tell read and write units."""
    return consumed.read, consumed.write


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, 1), (4096 - FRAMING, 1), (4097 - FRAMING, 2), (8192 - FRAMING, 2), (8193 - FRAMING, 3)],
)
def test_rows(client: OTSClient, size: int, expected: int) -> None:
    """Each 4,096 bytes of key, names and values is a unit, begun ones too."""
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
    asked = BatchGetRowRequest()
    asked.add(TableInBatchGetRowItem("t", [KEY], [], None, 1))
    assert units(client.batch_get_row(asked).get_result_by_table("t")[0].consumed) == (expected, 0)
    consumed, _ = client.delete_row("t", Row(KEY), Condition("IGNORE"))
    assert units(consumed) == (0, 1)


def test_conditions_read(client: OTSClient) -> None:
    """A condition costs a unit of reading, whether it holds or not."""
    make_table(client)
    put(client, "k")
    met = PutRowItem(Row(KEY, [("a", 1)]), Condition("EXPECT_EXIST"))
    unmet = DeleteRowItem(Row([("id", "none")]), Condition("EXPECT_EXIST"))
    found = client.batch_write_row(batch(met, unmet))
    assert units(found.get_put_by_table("t")[0].consumed) == (1, 1)
    assert units(found.get_delete_by_table("t")[0].consumed) == (1, 1)


def test_nothing_found(client: OTSClient) -> None:
    """Looking costs a unit where there is nothing."""
    make_table(client)
    assert units(client.get_row("t", KEY)[0]) == (1, 0)
    consumed, _, _, _ = client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert units(consumed) == (1, 0)


def test_ranges_are_counted_together(client: OTSClient) -> None:
    """The rows of a range are summed before they are rounded up."""
    make_table(client)
    items = [put_item(f"{number}", [("a", "x" * 1000)]) for number in range(9)]
    client.batch_write_row(batch(*items))
    consumed, _, _, _ = client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert units(consumed) == (-(-9 * (1000 + FRAMING) // 4096), 0)
