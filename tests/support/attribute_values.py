"""Generate attribute values of DynamoDB's ten types, and column values, with hypothesis.

Both DynamoDB and a column can store all of them. A test that needs an invalid value builds it.
"""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Tagged = dict[str, Any]

TEXT = st.text(max_size=12)
BYTES = st.binary(max_size=12)
NUMBERS = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.builds(
        lambda digits, exponent: str(Decimal(digits).scaleb(exponent)),
        st.integers(-(10**38) + 1, 10**38 - 1),
        st.integers(-90, 80),
    ),
    st.sampled_from(["0", "-0", "1", "2.5", "9223372036854775807", "9223372036854775808"]),
)


def base64(raw: bytes) -> str:
    """Return bytes as Lambda's events encode them."""
    return b64encode(raw).decode()


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "S": TEXT,
    "N": NUMBERS,
    "B": BYTES.map(base64),
    "BOOL": st.booleans(),
    "NULL": st.just(True),
}
SETS: dict[str, st.SearchStrategy[Any]] = {
    "SS": st.lists(TEXT, min_size=1, max_size=4, unique=True),
    "NS": st.lists(NUMBERS, min_size=1, max_size=4, unique_by=lambda n: Decimal(n)),
    "BS": st.lists(BYTES, min_size=1, max_size=4, unique=True).map(
        lambda members: list(map(base64, members))
    ),
}


def tagged(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Tagged]:
    """Return values of these types, each with its type tag."""
    return st.one_of([_with_tag(tag, values) for tag, values in strategies.items()])


def _with_tag(tag: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Tagged]:
    return values.map(lambda value: {tag: value})


FLAT = tagged({**SCALARS, **SETS})
VALUES: st.SearchStrategy[Tagged] = st.recursive(
    FLAT,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda members: {"L": members}),
        st.dictionaries(TEXT, inner, max_size=4).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)
COLUMN_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(max_size=40),
    st.binary(max_size=40).map(bytearray),
)
