"""Reading back gives what went in; what DynamoDB does not keep of a value does not show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ots_sync import converter
from ots_tools.items import to_attribute
from tests.support.attribute_values import VALUES


def meaning(tagged: Any) -> Any:
    """A value without what DynamoDB does not keep: orders of maps and sets, spellings, base64."""
    ((tag, value),) = tagged.items()
    if tag == "N":
        return tag, Decimal(value)
    if tag in ("B", "BS"):
        raw = [value] if tag == "B" else value
        return tag, frozenset(str(converter.to_key({"B": one})) for one in raw)
    if tag in ("SS", "NS"):
        return tag, frozenset(map(Decimal, value) if tag == "NS" else value)
    if tag == "L":
        return tag, tuple(map(meaning, value))
    if tag == "M":
        return tag, frozenset((name, meaning(inner)) for name, inner in value.items())
    return tag, value


@given(VALUES)
def test_reading_back_gives_what_went_in(tagged: dict[str, Any]) -> None:
    """Given the type, a column is the attribute again; and written once more it is the column."""
    ((tag, _),) = tagged.items()
    column = converter.to_column(tagged)
    again = to_attribute(column, tag)
    assert meaning(again) == meaning(tagged)
    assert converter.to_column(again) == column


@given(VALUES, st.randoms(use_true_random=False))
def test_order_of_maps_and_sets_and_the_form_of_binaries_do_not_show(
    tagged: dict[str, Any], random: Any
) -> None:
    """Lambda's events and boto3's answers of the same item make the same column."""
    assert converter.to_column(shuffled(tagged, random)) == converter.to_column(tagged)


def shuffled(tagged: Any, random: Any) -> dict[str, Any]:
    """The same value, maps and sets in another order, binaries as bytes."""
    ((tag, value),) = tagged.items()
    if tag == "L":
        return {tag: [shuffled(inner, random) for inner in value]}
    if tag == "M":
        names = random.sample(sorted(value), len(value))
        return {tag: {name: shuffled(value[name], random) for name in names}}
    if tag == "B":
        return {tag: bytes(converter.to_key({"B": value}))}  # type: ignore[call-overload]
    if tag == "BS":
        members = [bytes(converter.to_key({"B": one})) for one in value]  # type: ignore[call-overload]
        return {tag: random.sample(members, len(members))}
    if tag in ("SS", "NS"):
        return {tag: random.sample(value, len(value))}
    return {tag: value}
