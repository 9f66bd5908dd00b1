"""An attribute's name and value go in, a column's name and value come out, as the settings say.

Refuses what has no exact column and says which attribute that is, never what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ots_sync import converter, names
from ots_sync.errors import ConfigurationError, RefusedError
from ots_sync.settings import Settings

_SHOWN = 64


class Columns:
    """The conversion of one table, by its settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        wanted = self._settings.primary_key
        if keys.keys() != wanted.keys():
            raise ConfigurationError(
                f"The records' keys are {_shown(keys)}, but PRIMARY_KEY names {_shown(wanted)}. "
                "PRIMARY_KEY must name the source table's keys, in the target table's order."
            )
        primary_key = []
        for name, kind in wanted.items():
            value = converter.to_key(keys[name])
            if kind is not None and type(value) is not kind:
                raise ConfigurationError(
                    f"PRIMARY_KEY gives {name} another type than the records have."
                )
            primary_key.append((name, value))
        return primary_key

    def column(self, attribute: str, tagged: Any) -> tuple[str, converter.ColumnValue]:
        """The column of one attribute."""
        name = self._names.get(attribute)
        if name is None:
            name = self._names[attribute] = names.column_name(
                attribute, self._settings.column_names
            )
        try:
            return name, converter.to_column(tagged, self._pins.get(name))
        except RefusedError as error:
            raise RefusedError(error.code, f"attribute {_shown([attribute])}: {error}") from None

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
