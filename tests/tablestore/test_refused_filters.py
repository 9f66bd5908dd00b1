"""Filters that no SDK makes are refused: patterns that are none, values that are none, too deep."""

from __future__ import annotations

import pytest
from tablestore import OTSClient
from tablestore.protobuf import table_store_filter_pb2 as pf
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore, values
from tests.tablestore.clients import make_table, put
from tests.tablestore.raw import send
from tests.tablestore.wire_rows import KEY, row


def column(value: bytes = values.encode("v"), pattern: str | None = None) -> pf.Filter:
    """Compare column "a"."""
    compared = pf.SingleColumnValueFilter(
        comparator=pf.CT_EQUAL,
        column_name="a",
        column_value=value,
        filter_if_missing=False,
        latest_version_only=True,
    )
    if pattern is not None:
        compared.value_trans_rule.regex = pattern
    return pf.Filter(type=pf.FT_SINGLE_COLUMN_VALUE, filter=compared.SerializeToString())


def negated(times: int) -> pf.Filter:
    """Negate a comparison so many times."""
    found = column()
    for _ in range(times):
        inner = pf.CompositeColumnValueFilter(combinator=pf.LO_NOT, sub_filters=[found])
        found = pf.Filter(type=pf.FT_COMPOSITE_COLUMN_VALUE, filter=inner.SerializeToString())
    return found


def answer(store: TableStore, sdk: OTSClient, wanted: pf.Filter) -> tuple[int, str]:
    """Read a row through a filter: status, and message of a refusal."""
    make_table(sdk)
    put(sdk, "k", [("a", "v")])
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY), max_versions=1)
    request.filter = wanted.SerializeToString()
    found = send(store, "GetRow", request.SerializeToString())
    return found.status, "" if found.status == 200 else found.error[2]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (column(pattern="("), "Invalid regex: (."),
        (column(b"\x09"), "VT_INF_MIN is an invalid type for the attribute column."),
        (column(b"\x03\x01\0\0\0\xff"), "Value of column a must be UTF8 encoding."),
    ],
    ids=["a broken pattern", "a border", "no text"],
)
def test_comparisons(store: TableStore, sdk: OTSClient, wanted: pf.Filter, message: str) -> None:
    """What a column is compared with is a value that a column can have, or a pattern."""
    assert answer(store, sdk, wanted) == (400, message)


@pytest.mark.parametrize(("times", "taken"), [(0, True), (19, True), (20, False), (3000, False)])
def test_depth(store: TableStore, sdk: OTSClient, times: int, taken: bool) -> None:
    """Filters stand within filters as deep as ten of them can, each negated."""
    refused = (400, "The count of filter exceeds the max:10.")
    assert answer(store, sdk, negated(times)) == ((200, "") if taken else refused)
