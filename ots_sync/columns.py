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
        self._mode = settings.column_names
        self._key = settings.primary_key
        self._is_typed = any(settings.primary_key.values())
        self._pins = settings.column_types
        self._names = _Names(settings.column_names)

    def forget(self) -> None:
        """Forgets the names it has met, so that nothing of an event outlives its invocation."""
        self._names.clear()

    def primary_key(self, keys: Mapping[str, Any]) -> list[tuple[str, str | int | bytearray]]:
        """The key columns in the target table's order.

        Raises ConfigurationError when the keys are not those of PRIMARY_KEY, RefusedError when
        this key cannot be one.
        """
        try:
            primary_key = [(name, converter.to_key(keys[name])) for name in self._key]
        except (KeyError, RefusedError):
            self._check_names(keys)
            primary_key = [(name, _key_value(name, keys[name])) for name in self._key]
        if len(keys) != len(primary_key):
            self._check_names(keys)
        for name, value in primary_key if self._is_typed else ():
            kind = self._key[name]
            if kind is not None and type(value) is not kind:
                raise ConfigurationError(
                    f"PRIMARY_KEY gives {name} another type than the records have."
                )
        return primary_key

    def _check_names(self, keys: Mapping[str, Any]) -> None:
        if keys.keys() != self._key.keys():
            raise ConfigurationError(
                f"The records' keys are {_shown(keys)}, but PRIMARY_KEY names {_shown(self._key)}. "
                "PRIMARY_KEY must name the source table's keys, in the target table's order."
            )

    def of(self, image: Mapping[str, Any], key_list: Sequence[str]) -> list[Column]:
        """The columns of an item's image, its keys left out; the attributes' order is kept."""
        met, convert = self._names, converter.TO_COLUMN
        if not self._pins:
            try:
                return [
                    (met[attribute], convert[tag](tagged[tag]))
                    for attribute, tagged in image.items()
                    if attribute not in key_list
                    for (tag,) in [tagged]
                ]
            except (RefusedError, *converter.NOT_ONE_TYPE):
                pass  # one by one it comes out which attribute that is
        return [self.column(name, tagged) for name, tagged in image.items() if name not in key_list]

    def column(self, attribute: str, tagged: Any) -> Column:
        """The column of one attribute."""
        try:
            name = self._names[attribute]
            if name in self._pins:
                tag, value = converter.opened(tagged)
                if tag == "N":
                    return name, numerics.pinned(value, self._pins[name])
            return name, converter.to_column(tagged)
        except RefusedError as error:
            raise RefusedError(error.code, f"attribute {_shown([attribute])}: {error}") from None

    def names(self, attributes: Iterable[str]) -> list[str]:
        """The names of columns to delete; one that could never have been written needs none."""
        found = []
        for attribute in attributes:
            try:
                found.append(names.column_name(attribute, self._mode))
            except RefusedError:
                continue
        return found


def _key_value(name: str, tagged: Any) -> str | int | bytearray:
    try:
        return converter.to_key(tagged)
    except RefusedError as error:
        raise RefusedError(error.code, f"key {_shown([name])}: {error}") from None


class _Names(dict[str, str]):
    """Column names by attribute, each made when it is first met."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def __missing__(self, attribute: str) -> str:
        name = self[attribute] = names.column_name(attribute, self._mode)
        return name


def _shown(attributes: Iterable[str]) -> str:
    """Names as an event spells them, so that they can neither forge a line nor flood it."""
    return ", ".join(ascii(name)[:_SHOWN] for name in list(attributes)[:8])
