"""Test that a report of verify is used completely or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools.compare.recheck import Finding
from ots_tools.compare.report import Summary, read_keys, read_summary, write_report

KEYS = [f'{{"user_id": {{"S": "{name}"}}}}' for name in ("one", "two", "three")]


def test_report_with_a_missing_difference_is_rejected(tmp_path: Path) -> None:
    """Otherwise repair would reconcile the others, and all would count as repaired."""
    path = tmp_path / "verify.json"
    found = [Finding("extra", key, "", (), None, {}) for key in KEYS]
    write_report(path, Summary("s", "t", "f", 1.0), found, include_values=False)
    assert read_summary(path)["kinds"] == {"extra": 3}
    assert len(list(read_keys(path))) == 3
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(ConfigurationError, match="counts 3 differences but contains 2"):
        read_summary(path)
