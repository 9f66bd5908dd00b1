"""A report of verify is read whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools import report
from ots_tools.looks import Finding

KEYS = [f'{{"user_id": {{"S": "{name}"}}}}' for name in ("one", "two", "three")]


def test_report_that_lost_a_difference_is_refused(tmp_path: Path) -> None:
    """Repair would settle the others, and all would count as settled."""
    path = tmp_path / "verify.json"
    found = [Finding("extra", key, "", (), None, {}) for key in KEYS]
    report.write(path, report.Summary("s", "t", "f", 1.0), found, values=False)
    assert report.read_summary(path)["kinds"] == {"extra": 3}
    assert len(list(report.read_keys(path))) == 3
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(ConfigurationError, match="tells of 3 differences and holds 2"):
        report.read_summary(path)
