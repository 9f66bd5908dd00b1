"""Invalid filters that no SDK sends."""

from __future__ import annotations

import pytest
from tablestore import OTSClient
from tablestore.protobuf import table_store_filter_pb2 as pf
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore
from ots_local.tablestore.storage import values
from tests.tablestore.support.clients import make_table, put
from tests.tablestore.support.encoded_rows import KEY, row
from tests.tablestore.support.raw_http import send


def column(value: bytes = values.encode("v"), pattern: str | None = None) -> pf.Filter:
    """Return a comparison of column "a"."""
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
    """Return a comparison that is negated a number of times."""
    found = column()
    for _ in range(times):
        inner = pf.CompositeColumnValueFilter(combinator=pf.LO_NOT, sub_filters=[found])
        found = pf.Filter(type=pf.FT_COMPOSITE_COLUMN_VALUE, filter=inner.SerializeToString())
    return found


def read_with(store: TableStore, sdk: OTSClient, wanted: pf.Filter) -> tuple[int, str]:
    """Read a row with a filter; return the status and the error message."""
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
    ids=["invalid pattern", "range bound", "not UTF-8"],
)
def test_invalid_value_or_pattern_in_a_filter_is_rejected(
    store: TableStore, sdk: OTSClient, wanted: pf.Filter, message: str
) -> None:
    assert read_with(store, sdk, wanted) == (400, message)


@pytest.mark.parametrize(("times", "accepted"), [(0, True), (19, True), (20, False), (3000, False)])
def test_filters_nest_as_deep_as_ten_negated_conditions_can(
    store: TableStore, sdk: OTSClient, times: int, accepted: bool
) -> None:
    error = (400, "The count of filter exceeds the max:10.")
    assert read_with(store, sdk, negated(times)) == ((200, "") if accepted else error)
