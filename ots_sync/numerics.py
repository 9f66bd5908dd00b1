"""A DynamoDB number as text goes in; an Integer, a Double or the exact digits come out.

Matched against a strict grammar and DynamoDB's range before anything is parsed, and never passed
through a decimal context: a number arrives exactly or is refused.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ots_sync.errors import RefusedError
from ots_sync.limits import (
    INTEGER_MAX,
    INTEGER_MIN,
    NUMBER_DIGITS,
    NUMBER_EXPONENT_MAX,
    NUMBER_EXPONENT_MIN,
)

PINS = ("Integer", "Double", "String")
"""The types that a column can be pinned to; each is what every number of the column becomes."""

_GRAMMAR = re.compile(r"(-?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,6}))?")
# What most numbers are. So few digits are within 64 bits; and of at most 15 significant digits a
# double's shortest text is the very decimal that it was read from.
_SHORT_INTEGER = 18
_SHORT_DECIMAL = 16  # characters, the point among them
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


class Number(NamedTuple):
    """A number taken apart: sign, significant digits without outer zeros, power of ten."""

    negative: bool
    digits: str
    exponent: int


def parse(value: Any) -> Number:
    """The one form of a number's text; refuses what is no number or beyond DynamoDB's range."""
    number = _taken_apart(value) if isinstance(value, str) else None
    if number is None:
        raise RefusedError("MalformedNumber", "an N is not a number")
    if len(number.digits) > NUMBER_DIGITS:
        raise RefusedError("NumberRange", f"an N has more than {NUMBER_DIGITS} digits")
    magnitude = number.exponent + len(number.digits) - 1
    if not NUMBER_EXPONENT_MIN <= magnitude <= NUMBER_EXPONENT_MAX:
        raise RefusedError("NumberRange", "an N is beyond DynamoDB's range")
    return number


def _taken_apart(value: str) -> Number | None:
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


def column(value: Any) -> int | float | str:
    """Integer where it is one within 64 bits, Double where that is exact, else the digits."""
    if type(value) is str:
        if len(value) <= _SHORT_INTEGER and value.isdigit() and value.isascii():
            return int(value)
        if len(value) <= _SHORT_DECIMAL and _DECIMAL.fullmatch(value):
            double = float(value)
            return int(double) if double.is_integer() else double
    number = parse(value)
    if number.exponent >= 0:
        integer = _integer(number)
        return integer if INTEGER_MIN <= integer <= INTEGER_MAX else _spelled(number)
    exact = _double(number)
    return _spelled(number) if exact is None else exact


def pinned(value: Any, pin: str) -> int | float | str:
    """The number as the pinned type, or refused: a pin never rounds."""
    number = parse(value)
    if pin == "String":
        return _spelled(number)
    if pin == "Double":
        double = _double(number)
        if double is not None:
            return double
    elif number.exponent >= 0 and INTEGER_MIN <= _integer(number) <= INTEGER_MAX:
        return _integer(number)
    raise RefusedError("PinnedType", f"an N does not fit the column's pinned type {pin}")


def plain(value: Any) -> str:
    """The exact digits: no exponent, no spare zeros, no negative zero."""
    if type(value) is str and value.isdigit() and value.isascii() and value[0] != "0":
        return value if len(value) <= _SHORT_INTEGER else _spelled(parse(value))
    return _spelled(parse(value))


def _integer(number: Number) -> int:
    size: int = int(number.digits) * 10**number.exponent
    return -size if number.negative else size


def _double(number: Number) -> float | None:
    """The double whose shortest text is this very number, or None when there is none."""
    sign = "-" if number.negative else ""
    double = float(f"{sign}{number.digits}e{number.exponent}")
    return double if _taken_apart(repr(double)) == number else None


def _spelled(number: Number) -> str:
    sign = "-" if number.negative else ""
    if number.exponent >= 0:
        return f"{sign}{number.digits}{'0' * number.exponent}"
    whole = len(number.digits) + number.exponent
    if whole > 0:
        return f"{sign}{number.digits[:whole]}.{number.digits[whole:]}"
    return f"{sign}0.{'0' * -whole}{number.digits}"
