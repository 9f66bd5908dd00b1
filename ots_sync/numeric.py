"""Convert DynamoDB numbers to an Integer, a Double or their exact digits.

The text must match a strict grammar and DynamoDB's range before it is parsed, and it never passes
through a decimal context: a number arrives exactly, or is rejected.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ots_sync.errors import RejectedError
from ots_sync.limits import (
    INTEGER_MAX,
    INTEGER_MIN,
    NUMBER_DIGITS,
    NUMBER_EXPONENT_MAX,
    NUMBER_EXPONENT_MIN,
)

NUMBER_TYPES = ("Integer", "Double", "String")
"""The types that COLUMN_TYPES can give to all numbers of a column."""

_GRAMMAR = re.compile(r"(-?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,6}))?")
# The fast path for most numbers. An integer of so few digits is within 64 bits. A decimal with at
# most 15 significant digits is the shortest text of its double.
_SHORT_INTEGER = 18
_SHORT_DECIMAL = 16  # characters, including the point
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


class Number(NamedTuple):
    """A parsed number: sign, significant digits without outer zeros, power of ten."""

    negative: bool
    digits: str
    exponent: int


def parse(value: Any) -> Number:
    """Return the normalized number; raises RejectedError for malformed text or an invalid range."""
    number = _parse(value) if isinstance(value, str) else None
    if number is None:
        raise RejectedError("MalformedNumber", "an N is not a number")
    if len(number.digits) > NUMBER_DIGITS:
        raise RejectedError("NumberRange", f"an N has more than {NUMBER_DIGITS} digits")
    magnitude = number.exponent + len(number.digits) - 1
    if not NUMBER_EXPONENT_MIN <= magnitude <= NUMBER_EXPONENT_MAX:
        raise RejectedError("NumberRange", "an N is outside DynamoDB's range")
    return number


def _parse(value: str) -> Number | None:
    match = _GRAMMAR.fullmatch(value)
    if match is None:
        return None
    sign, whole, fraction, bare_fraction, power = match.groups()
    fraction = fraction or bare_fraction or ""
    digits = ((whole or "") + fraction).lstrip("0")
    exponent = int(power or 0) - len(fraction)
    significant = digits.rstrip("0")
    if not significant:
        return Number(False, "0", 0)
    return Number(sign == "-", significant, exponent + len(digits) - len(significant))


def to_column(value: Any) -> int | float | str:
    """Return an int if it fits into 64 bits, a float if that is exact, otherwise the digits."""
    if type(value) is str:
        if len(value) <= _SHORT_INTEGER and value.isdigit() and value.isascii():
            return int(value)
        if len(value) <= _SHORT_DECIMAL and _DECIMAL.fullmatch(value):
            double = float(value)
            return int(double) if double.is_integer() else double
    number = parse(value)
    if number.exponent >= 0:
        integer = _integer(number)
        return integer if INTEGER_MIN <= integer <= INTEGER_MAX else _decimal_text(number)
    exact = _double(number)
    return _decimal_text(number) if exact is None else exact


def cast_to(value: Any, number_type: str) -> int | float | str:
    """Return the number as the given type; raises RejectedError if that would round it."""
    number = parse(value)
    if number_type == "String":
        return _decimal_text(number)
    if number_type == "Double":
        double = _double(number)
        if double is not None:
            return double
    elif number.exponent >= 0 and INTEGER_MIN <= _integer(number) <= INTEGER_MAX:
        return _integer(number)
    raise RejectedError(
        "ColumnType", f"an N is not exact as {number_type}, the type of its column in COLUMN_TYPES"
    )


def to_decimal_text(value: Any) -> str:
    """Return the exact digits: no exponent, no redundant zeros, no negative zero."""
    if type(value) is str and value.isdigit() and value.isascii() and value[0] != "0":
        return value if len(value) <= _SHORT_INTEGER else _decimal_text(parse(value))
    return _decimal_text(parse(value))


def _integer(number: Number) -> int:
    magnitude: int = int(number.digits) * 10**number.exponent
    return -magnitude if number.negative else magnitude


def _double(number: Number) -> float | None:
    """Return the double whose shortest text is exactly this number, or None."""
    sign = "-" if number.negative else ""
    double = float(f"{sign}{number.digits}e{number.exponent}")
    return double if _parse(repr(double)) == number else None


def _decimal_text(number: Number) -> str:
    sign = "-" if number.negative else ""
    if number.exponent >= 0:
        return f"{sign}{number.digits}{'0' * number.exponent}"
    whole = len(number.digits) + number.exponent
    if whole > 0:
        return f"{sign}{number.digits[:whole]}.{number.digits[whole:]}"
    return f"{sign}0.{'0' * -whole}{number.digits}"
