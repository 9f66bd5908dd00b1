"""An attribute's name and value go in, a column's name and value come out, as the settings say.

Refuses what has no exact column and says which attribute that is, never what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ots_sync import converter, names, numerics
from ots_sync.errors import ConfigurationError, RefusedError
from ots_sync.measure import Column
from ots_sync.settings import Settings

_SHOWN = 64


class Columns:
    """The conversion of one table, by its settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = settings.primary_key
        self._pins = settings.column_types
        self._names: dict[str, str] = {}

    def forget(self) -> None:
        """Forgets the names it has met, so that nothing of an event outlives its invocation."""
        self._names.clear()

    def primary_key(self, keys: Mapping[str, Any]) -> list[tuple[str, str | int | bytearray]]:
        """The key columns in the target table's order.

        Raises ConfigurationError when the keys are not those of PRIMARY_KEY, RefusedError when
        this key cannot be one.
        """
        if keys.keys() != self._key.keys():
            raise ConfigurationError(
                f"The records' keys are {_shown(keys)}, but PRIMARY_KEY names {_shown(self._key)}. "
                "PRIMARY_KEY must name the source table's keys, in the target table's order."
            )
        primary_key = []
        name = ""
        try:
            for name in self._key:
                primary_key.append((name, converter.to_key(keys[name])))
        except RefusedError as error:
            raise RefusedError(error.code, f"key {_shown([name])}: {error}") from None
        for (name, value), kind in zip(primary_key, self._key.values(), strict=True):
            if kind is not None and type(value) is not kind:
                raise ConfigurationError(
                    f"PRIMARY_KEY gives {name} another type than the records have."
                )
        return primary_key

    def of(self, image: Mapping[str, Any], key_list: Sequence[str]) -> list[Column]:
        """The columns of an item's image, its keys left out; the attributes' order is kept."""
        met, pins, to_column = self._names, self._pins, converter.to_column
        columns: list[Column] = []
        attribute = ""
        try:
            for attribute, tagged in image.items():
                if attribute in key_list:
                    continue
                name = met.get(attribute) or self._named(attribute)
                if pins and name in pins:
                    columns.append((name, self._pinned(name, tagged)))
                else:
                    columns.append((name, to_column(tagged)))
        except RefusedError as error:
            raise RefusedError(error.code, f"attribute {_shown([attribute])}: {error}") from None
        return columns

    def column(self, attribute: str, tagged: Any) -> Column:
        """The column of one attribute."""
        return self.of({attribute: tagged}, ())[0]

    def _pinned(self, name: str, tagged: Any) -> converter.ColumnValue:
        tag, value = converter.opened(tagged)
        return (
            numerics.pinned(value, self._pins[name]) if tag == "N" else converter.to_column(tagged)
        )

    def _named(self, attribute: str) -> str:
        name = names.column_name(attribute, self._settings.column_names)
        self._names[attribute] = name
        return name

    def names(self, attributes: Iterable[str]) -> list[str]:
        """The names of columns to delete; one that could never have been written needs none."""
        found = []
        for attribute in attributes:
            try:
                found.append(names.column_name(attribute, self._settings.column_names))
            except RefusedError:
                continue
        return found


def _shown(attributes: Iterable[str]) -> str:
    """Names as an event spells them, so that they can neither forge a line nor flood it."""
    return ", ".join(ascii(name)[:_SHOWN] for name in list(attributes)[:8])
