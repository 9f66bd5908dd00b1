"""Test the conversion of numbers, exact or rejected, on both sides of every boundary."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync import numeric
from ots_sync.errors import RejectedError
from ots_tools.items import to_attribute

D38 = "12345678901234567890123456789012345678"

COLUMNS = {
    # Integer: integral and within 64 bits, in any notation.
    "0": 0,
    "-0": 0,
    "0.000": 0,
    "0e5": 0,
    "7": 7,
    "007": 7,
    "+1": None,
    "-7": -7,
    "1.0": 1,
    "1.": 1,
    "1e3": 1000,
    "1E+3": 1000,
    "1200e-2": 12,
    "999999999999999999": 999999999999999999,
    "1000000000000000000": 10**18,
    "9223372036854775807": 2**63 - 1,
    "9223372036854775808": "9223372036854775808",
    "-9223372036854775808": -(2**63),
    "-9223372036854775809": "-9223372036854775809",
    "9.223372036854775807e18": 2**63 - 1,
    "9.223372036854775808e18": "9223372036854775808",
    # Double: not integral, and its shortest text is the same number.
    "2.3": 2.3,
    "-2.50": -2.5,
    ".5": 0.5,
    "0.1": 0.1,
    "1.7976931348623157": 1.7976931348623157,
    "0.30000000000000004": 0.30000000000000004,
    "0.30000000000000002": "0.30000000000000002",  # a double prints ...004
    "8.00000000000001": 8.00000000000001,
    "8.000000000000001": "8.000000000000001",  # a double prints ...002
    "1e-130": 1e-130,
    "-1E-130": -1e-130,
    "9.9e-131": None,
    # String: the exact digits, without an exponent.
    "0.1234567890123456789": "0.1234567890123456789",
    D38: D38,
    f"-{D38}": f"-{D38}",
    f"{D38}9": None,
    f"-0.{D38}": f"-0.{D38}",
    f"-0.{D38}1": None,
    f"0.000{D38}": f"0.000{D38}",
    f"{D38[:20]}.{D38[20:]}": f"{D38[:20]}.{D38[20:]}",
    f"{D38}e10": D38 + "0" * 10,
    f"{D38}e-40": f"0.00{D38}",
    D38 + "0" * 13: D38 + "0" * 13,  # 51 digits, 38 of them significant
    D38 + "0" * 12 + "1": None,
    "1" + "0" * 50: "1" + "0" * 50,
    "1e125": "1" + "0" * 125,
    "9." + "9" * 37 + "E+125": "9" * 38 + "0" * 88,
    "1e126": None,
    "-1e125": "-1" + "0" * 125,
    # Not numbers.
    "": None,
    " 1": None,
    "1 ": None,
    "1\n": None,
    "1_000": None,
    "1,000": None,
    "\uff11\uff12": None,
    "٣": None,
    "NaN": None,
    "Infinity": None,
    "-inf": None,
    "0x10": None,
    "1e": None,
    "e1": None,
    ".": None,
    "-": None,
    "--1": None,
    "1e9999999": None,
    "1e999999": None,
    "1.2.3": None,
}


@pytest.mark.parametrize(("text", "column"), COLUMNS.items(), ids=lambda value: repr(value)[:40])
def test_number_is_converted_exactly_or_rejected(text: str, column: object) -> None:
    if column is None:
        with pytest.raises(RejectedError, match="an N "):
            numeric.to_column(text)
    else:
        assert same(numeric.to_column(text), column)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, b"1", ["1"], {"N": "1"}], ids=repr)
def test_number_that_is_not_text_is_rejected(value: object) -> None:
    """DynamoDB sends numbers as text; a JSON number may already have been rounded."""
    for convert in (
        numeric.to_column,
        numeric.to_decimal_text,
        lambda v: numeric.cast_to(v, "Integer"),
    ):
        with pytest.raises(RejectedError, match="not a number"):
            convert(value)


@pytest.mark.parametrize(
    ("text", "decimal"),
    {
        "1.50": "1.5",
        "-0.0": "0",
        "1e3": "1000",
        "1.5e-3": "0.0015",
        "007": "7",
        "-12.30e1": "-123",
        "1E-130": "0." + "0" * 129 + "1",
    }.items(),
)
def test_decimal_text_is_without_exponent_and_redundant_zeros(text: str, decimal: str) -> None:
    assert numeric.to_decimal_text(text) == decimal


CASTS = [
    ("2", "Integer", 2),
    ("2.0", "Integer", 2),
    ("2.5", "Integer", None),
    ("9223372036854775807", "Integer", 2**63 - 1),
    ("9223372036854775808", "Integer", None),
    ("2", "Double", 2.0),
    ("-0", "Double", 0.0),
    ("2.5", "Double", 2.5),
    ("9007199254740992", "Double", 9007199254740992.0),
    ("9007199254740993", "Double", None),
    ("1e125", "Double", 1e125),
    (D38, "Double", None),
    ("2", "String", "2"),
    ("2.50", "String", "2.5"),
    ("1e2", "String", "100"),
]


@pytest.mark.parametrize(("text", "number_type", "column"), CASTS)
def test_cast_to_a_type_is_exact_or_rejected(text: str, number_type: str, column: object) -> None:
    if column is None:
        with pytest.raises(RejectedError, match=f"not exact as {number_type}"):
            numeric.cast_to(text, number_type)
    else:
        assert same(numeric.cast_to(text, number_type), column)


def same(one: object, other: object) -> bool:
    """Return whether the types are equal too: 2, 2.0 and True are three columns."""
    return type(one) is type(other) and one == other


DIGITS = st.integers(-(10**38) + 1, 10**38 - 1)


@given(digits=DIGITS, exponent=st.integers(-130, 125))
def test_every_dynamodb_number_converts_back_exactly(digits: int, exponent: int) -> None:
    """Nothing is rounded, whichever type the column has."""
    number = Decimal(digits).scaleb(exponent)
    text = str(number)
    if number and not -130 <= number.adjusted() <= 125:
        with pytest.raises(RejectedError):
            numeric.to_column(text)
        return
    column = numeric.to_column(text)
    again = to_attribute(column, "N")["N"]
    assert Decimal(again) == number
    assert "e" not in again.lower()
    assert again == numeric.to_decimal_text(text)
    is_integer = number == number.to_integral_value() and -(2**63) <= number < 2**63
    assert isinstance(column, int) == is_integer


@given(digits=DIGITS, exponent=st.integers(-60, 60), notation=st.sampled_from(["f", "e", "E"]))
def test_notation_of_a_number_does_not_matter(digits: int, exponent: int, notation: str) -> None:
    """A number with and without an exponent has the same column."""
    number = Decimal(digits).scaleb(exponent)
    if number and not -130 <= number.adjusted() <= 125:
        return
    assert same(numeric.to_column(format(number, notation)), numeric.to_column(str(number)))
