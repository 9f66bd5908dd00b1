"""Test buckets and digests: they find every difference, in any order and at any size."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ots_tools.compare.buckets import SOURCE, TARGET, Buckets, Entry
from ots_tools.compare.digests import (
    REJECTED,
    decode_key,
    differing_columns,
    encode_key,
    row_digest,
)

KEYS = st.integers(0, 30)
DIGESTS = st.sampled_from([b"a" * 16, b"b" * 16, REJECTED])


@given(
    source=st.dictionaries(KEYS, DIGESTS),
    target=st.dictionaries(KEYS, st.sampled_from([b"a" * 16, b"b" * 16])),
    count=st.integers(1, 4),
    max_bytes=st.sampled_from([100, 1 << 20]),
)
def test_buckets_find_the_same_as_comparing_two_dictionaries(
    source: dict[int, bytes], target: dict[int, bytes], count: int, max_bytes: int
) -> None:
    """Also if a bucket is too large and is split, however often."""
    with TemporaryDirectory() as folder:
        buckets = Buckets(Path(folder), count, max_bytes=max_bytes)
        for key, digest in target.items():
            buckets.add(TARGET, [Entry(b"%d" % key, digest)])
        for key, digest in source.items():
            buckets.add(SOURCE, [Entry(b"%d" % key, digest, b"item %d" % key)])
        found = {(one.kind, int(one.key), one.item_key) for one in buckets.differences()}
    expected = set()
    for key in source.keys() | target.keys():
        item_key = b"item %d" % key if key in source else b""
        if source.get(key) == REJECTED:
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
def test_digests_are_equal_exactly_if_no_column_differs(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert (row_digest(one) == row_digest(other)) == (differing_columns(one, other) == [])


def test_digest_depends_on_types_and_not_on_column_order() -> None:
    """2, 2.0, true and "2" are four values."""
    values = [2, 2.0, "2", True, 1, bytearray(b"2")]
    assert len({row_digest({"n": value}) for value in values}) == len(values)
    assert row_digest({"a": 1, "b": 2}) == row_digest({"b": 2, "a": 1})
    assert row_digest({"a": bytearray(b"x")}) == row_digest({"a": b"x"})


@given(st.lists(st.one_of(st.text(), st.integers(), st.binary().map(bytearray)), min_size=1))
def test_decoded_key_equals_encoded_key(values: list[object]) -> None:
    names = [f"k{number}" for number in range(len(values))]
    key = list(zip(names, values, strict=True))
    found = decode_key(encode_key(key), names)  # type: ignore[arg-type]
    assert found == key
    assert [type(value) for _, value in found] == [type(value) for value in values]
