"""What verify found goes in, a JSON file comes out, and back, a difference at a time.

One difference a line inside valid JSON, so that neither side holds them all. The file holds keys,
and values when asked: it is made for its owner alone. Refuses a file that is no report.
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
from ots_tools.looks import Finding

KINDS = ("missing", "extra", "different", "rejected", "unstable")
_BEGIN = '"differences": ['
_DIFFERENCE = '{"kind"'


@dataclass(slots=True)
class Summary:
    """One verify in numbers; times in seconds since 1970."""

    source: str
    target: str
    fingerprint: str
    began_s: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    ended_s: float = 0.0
    items: int = 0
    rows: int = 0
    sample: float | None = None
    in_motion: int = 0
    """Keys that differed at the first reading and agreed at a later look."""
    kinds: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different, 2 could not tell."""
        if any(count for kind, count in self.kinds.items() if kind != "unstable"):
            return 1
        return 2 if self.kinds["unstable"] else 0


def write(path: Path, summary: Summary, findings: Iterable[Finding], *, values: bool) -> None:
    """Writes the report as findings come, and counts them in the summary."""
    draft = path.with_name(path.name + ".part")
    with open(draft, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write("{" + _BEGIN)
        comma = "\n"
        for finding in findings:
            summary.kinds[finding.kind] += 1
            summary.columns.update(finding.columns)
            file.write(comma + json.dumps(_line(finding, values=values)))
            comma = ",\n"
        numbers = {each.name: getattr(summary, each.name) for each in fields(summary)}
        file.write('\n],\n"summary": ' + json.dumps(numbers) + "}\n")
    draft.replace(path)


def read_summary(path: Path) -> Mapping[str, Any]:
    """The numbers of a report; refuses one that has not as many differences as it says."""
    held, last = 0, ""
    for last in _lines(path):
        held += last.startswith(_DIFFERENCE)
    try:
        found = json.loads("{" + last)["summary"]
        told = sum(found["kinds"].values())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _no_report(path) from None
    if held != told:
        raise ConfigurationError(
            f"{path} tells of {told} differences and holds {held}: it was altered or cut. "
            "Run verify again."
        )
    assert isinstance(found, dict)
    return found


def read_keys(path: Path) -> Iterator[tuple[str, str]]:
    """The kind and the item's key, as text, of each difference."""
    for line in _lines(path):
        if line.startswith(_DIFFERENCE):
            found = json.loads(line.rstrip().rstrip(","))
            yield found["kind"], json.dumps(found["key"]) if found["key"] else ""


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open() as file:
            if not file.readline().startswith("{" + _BEGIN):
                raise _no_report(path)
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).") from None


def _no_report(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is no report of verify.")


def _line(finding: Finding, *, values: bool) -> Mapping[str, Any]:
    line: dict[str, Any] = {
        "kind": finding.kind,
        "key": json.loads(finding.item_key) if finding.item_key else None,
    }
    if not finding.item_key:
        line["row"] = finding.row_key
    if finding.columns:
        line["columns"] = list(finding.columns)
    if values:
        names = finding.columns or [*(finding.expected or finding.found or {})]
        line["expected"] = _shown(finding.expected, names)
        line["found"] = _shown(finding.found, names)
    return line


def _shown(columns: Mapping[str, Any] | None, names: Iterable[str]) -> Any:
    """Values with their Table Store types, for 2 and 2.0 look alike in JSON."""
    if columns is None:
        return None
    return {name: _typed(columns[name]) for name in names if name in columns}


def _typed(value: Any) -> Mapping[str, Any]:
    if isinstance(value, (bytes, bytearray)):
        return {"Binary": b64encode(value).decode()}
    names = {bool: "Boolean", int: "Integer", float: "Double", str: "String"}
    return {names[type(value)]: value}
