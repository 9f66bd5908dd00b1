"""Convert the attributes of an item to the columns of a row, as the settings define.

A rejection names the attribute, never its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ots_sync import converter, numeric
from ots_sync.column_names import to_column_name
from ots_sync.errors import ConfigurationError, RejectedError, quoted
from ots_sync.model import AttributeValue, Column, Image
from ots_sync.settings import Settings


class Columns:
    """The conversion of attributes to columns for one target table."""

    def __init__(self, settings: Settings) -> None:
        self._mode = settings.column_names
        self._key = settings.primary_key
        self._key_has_types = any(settings.primary_key.values())
        self._types = settings.column_types
        self._names = _NameCache(settings.column_names)

    def clear_cache(self) -> None:
        """Remove the cached names, so that no data of an event outlives its invocation."""
        self._names.clear()

    def primary_key(self, keys: Image) -> list[tuple[str, str | int | bytearray]]:
        """Return the key columns in the target table's order.

        Raises ConfigurationError if the keys are not those of PRIMARY_KEY, RejectedError if this
        key is not valid.
        """
        try:
            primary_key = [(name, converter.to_key(keys[name])) for name in self._key]
        except (KeyError, RejectedError):
            self._check_key_names(keys)
            primary_key = [(name, _key_value(name, keys[name])) for name in self._key]
        if len(keys) != len(primary_key):
            self._check_key_names(keys)
        for name, value in primary_key if self._key_has_types else ():
            key_type = self._key[name]
            if key_type is not None and type(value) is not key_type:
                raise ConfigurationError(
                    f"The records have another type for the key {name} than PRIMARY_KEY."
                )
        return primary_key

    def _check_key_names(self, keys: Image) -> None:
        if keys.keys() != self._key.keys():
            raise ConfigurationError(
                f"The records have the keys {_name_list(keys)}, but PRIMARY_KEY is "
                f"{_name_list(self._key)}. PRIMARY_KEY must name the keys of the source table, in "
                "the target table's order."
            )

    def convert(self, image: Image, key_list: Sequence[str]) -> list[Column]:
        """Return the columns of an image without the keys, in the order of its attributes.

        Raises RejectedError, with the name of the attribute, if a value has no exact column value.
        """
        names, convert = self._names, converter.TO_COLUMN
        if not self._types:
            try:
                return [
                    (names[attribute], convert[tag](tagged[tag]))
                    for attribute, tagged in image.items()
                    if attribute not in key_list
                    for (tag,) in [tagged]
                ]
            except (RejectedError, *converter.UNTAG_ERRORS):
                pass  # the conversion of one attribute at a time, below, finds which one it is
        return [self.column(name, value) for name, value in image.items() if name not in key_list]

    def column(self, attribute: str, value: AttributeValue) -> Column:
        """Return the column of one attribute."""
        try:
            name = self._names[attribute]
            if name in self._types:
                tag, number = converter.untag(value)
                if tag == "N":
                    return name, numeric.cast_to(number, self._types[name])
            return name, converter.to_column(value)
        except RejectedError as error:
            raise RejectedError(error.code, f"attribute {quoted(attribute)}: {error}") from None

    def names(self, attributes: Iterable[str]) -> list[str]:
        """Return the columns to delete; a name that is not valid was never written."""
        found = []
        for attribute in attributes:
            try:
                found.append(to_column_name(attribute, self._mode))
            except RejectedError:
                continue
        return found


def _key_value(name: str, value: Any) -> str | int | bytearray:
    try:
        return converter.to_key(value)
    except RejectedError as error:
        raise RejectedError(error.code, f"key {quoted(name)}: {error}") from None


class _NameCache(dict[str, str]):
    """Column names by attribute name, computed at first use."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def __missing__(self, attribute: str) -> str:
        name = self[attribute] = to_column_name(attribute, self._mode)
        return name


def _name_list(names: Mapping[str, Any]) -> str:
    return ", ".join(quoted(name) for name in list(names)[:8])
