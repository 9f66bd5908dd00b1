"""Write and read the JSON report of verify, one difference at a time.

Each difference is one line of the JSON document, so that neither side has all of them in memory.
The file contains keys, and values if requested, so that only its owner can read it.
"""

from __future__ import annotations

import json
import os
import uuid
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ots_sync.errors import ConfigurationError
from ots_tools.compare.recheck import Finding

KINDS = ("missing", "extra", "different", "rejected", "unstable")
_BEGIN = '"differences": ['
_DIFFERENCE = '{"kind"'


@dataclass(slots=True)
class Summary:
    """The numbers of one verify; times are in seconds since 1970.

    `sample` is the share of the items that was read, None for all. `resolved` counts keys that
    differed at the first reading and matched at a later check. `kinds` counts differences by kind;
    `columns` counts them by differing column.
    """

    source: str
    target: str
    fingerprint: str
    started_s: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    ended_s: float = 0.0
    items: int = 0
    rows: int = 0
    sample: float | None = None
    resolved: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different, 2 undetermined because some keys are unstable."""
        if any(count for kind, count in self.kinds.items() if kind != "unstable"):
            return 1
        return 2 if self.kinds["unstable"] else 0


def write_report(
    path: Path, summary: Summary, findings: Iterable[Finding], *, include_values: bool
) -> None:
    """Write the report while findings arrive, and count them in the summary."""
    draft = path.with_name(path.name + ".part")
    with open(draft, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write("{" + _BEGIN)
        separator = "\n"
        for finding in findings:
            summary.kinds[finding.kind] += 1
            summary.columns.update(finding.columns)
            line = _difference(finding, include_values=include_values)
            file.write(separator + json.dumps(line))
            separator = ",\n"
        numbers = {each.name: getattr(summary, each.name) for each in fields(summary)}
        file.write('\n],\n"summary": ' + json.dumps(numbers) + "}\n")
    draft.replace(path)


def read_summary(path: Path) -> Mapping[str, Any]:
    """Return the summary of a report.

    Raises ConfigurationError if the file is not a report, or if differences are missing in it.
    """
    differences, last = 0, ""
    for last in _lines(path):
        differences += last.startswith(_DIFFERENCE)
    try:
        summary = json.loads("{" + last)["summary"]
        counted = sum(summary["kinds"].values())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _not_a_report(path) from None
    if differences != counted:
        raise ConfigurationError(
            f"{path} counts {counted} differences but contains {differences}: it was edited or cut "
            "off. Run verify again."
        )
    assert isinstance(summary, dict)
    return summary


def read_keys(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind and the item's key, as text, of each difference."""
    for line in _lines(path):
        if line.startswith(_DIFFERENCE):
            found = json.loads(line.rstrip().rstrip(","))
            yield found["kind"], json.dumps(found["key"]) if found["key"] else ""


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open() as file:
            if not file.readline().startswith("{" + _BEGIN):
                raise _not_a_report(path)
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).") from None


def _not_a_report(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is not a report of verify. Run verify again.")


def _difference(finding: Finding, *, include_values: bool) -> Mapping[str, Any]:
    line: dict[str, Any] = {
        "kind": finding.kind,
        "key": json.loads(finding.item_key) if finding.item_key else None,
    }
    if not finding.item_key:
        line["row"] = finding.row_key
    if finding.columns:
        line["columns"] = list(finding.columns)
    if include_values:
        names = finding.columns or [*(finding.expected or finding.found or {})]
        line["expected"] = _typed_columns(finding.expected, names)
        line["found"] = _typed_columns(finding.found, names)
    return line


def _typed_columns(columns: Mapping[str, Any] | None, names: Iterable[str]) -> Any:
    """Return values with their Table Store types, because 2 and 2.0 look alike in JSON."""
    if columns is None:
        return None
    return {name: _typed(columns[name]) for name in names if name in columns}


def _typed(value: Any) -> Mapping[str, Any]:
    if isinstance(value, (bytes, bytearray)):
        return {"Binary": b64encode(value).decode()}
    names = {bool: "Boolean", int: "Integer", float: "Double", str: "String"}
    return {names[type(value)]: value}
