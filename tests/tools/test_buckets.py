"""The buckets find what a comparison of two dictionaries finds, in any order and size."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ots_tools.buckets import SOURCE, TARGET, Buckets, Entry
from ots_tools.digests import REFUSED, differing, digest, key_bytes, primary_key

KEYS = st.integers(0, 30)
DIGESTS = st.sampled_from([b"a" * 16, b"b" * 16, REFUSED])


@given(
    source=st.dictionaries(KEYS, DIGESTS),
    target=st.dictionaries(KEYS, st.sampled_from([b"a" * 16, b"b" * 16])),
    count=st.integers(1, 4),
    most_bytes=st.sampled_from([100, 1 << 20]),
)
def test_comparison_equals_that_of_two_dictionaries(
    source: dict[int, bytes], target: dict[int, bytes], count: int, most_bytes: int
) -> None:
    """Also where a bucket is too large and is spread again, however often."""
    with TemporaryDirectory() as folder:
        buckets = Buckets(Path(folder), count, most_bytes=most_bytes)
        for key, found in target.items():
            buckets.add(TARGET, [Entry(b"%d" % key, found)])
        for key, found in source.items():
            buckets.add(SOURCE, [Entry(b"%d" % key, found, b"item %d" % key)])
        found = {(one.kind, int(one.key), one.item_key) for one in buckets.differences()}
    expected = set()
    for key in source.keys() | target.keys():
        item_key = b"item %d" % key if key in source else b""
        if source.get(key) == REFUSED:
            expected.add(("rejected", key, item_key))
        elif key not in target:
            expected.add(("missing", key, item_key))
        elif key not in source:
            expected.add(("extra", key, item_key))
        elif source[key] != target[key]:
            expected.add(("different", key, item_key))
    assert found == expected


VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(),
    st.binary().map(bytearray),
)


@given(one=st.dictionaries(st.text(), VALUES), other=st.dictionaries(st.text(), VALUES))
def test_digests_are_equal_exactly_where_no_column_differs(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert (digest(one) == digest(other)) == (differing(one, other) == [])


def test_types_and_order_of_columns() -> None:
    """2, 2.0, true and "2" are four values; the order of columns is none."""
    values = [2, 2.0, "2", True, 1, bytearray(b"2")]
    assert len({digest({"n": value}) for value in values}) == len(values)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": bytearray(b"x")}) == digest({"a": b"x"})


@given(st.lists(st.one_of(st.text(), st.integers(), st.binary().map(bytearray)), min_size=1))
def test_row_key_is_read_back_as_it_was(values: list[object]) -> None:
    names = [f"k{number}" for number in range(len(values))]
    key = list(zip(names, values, strict=True))
    found = primary_key(key_bytes(key), names)  # type: ignore[arg-type]
    assert found == key
    assert [type(value) for _, value in found] == [type(value) for value in values]
