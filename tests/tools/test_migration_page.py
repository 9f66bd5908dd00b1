"""docs/migration.md: its lines for a laptop do what they say, as they stand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ots_tools.__main__ import COMMANDS
from tests.support.run_local import OTHER_SETTINGS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "migration.md").read_text("utf-8")
SERVE, LINES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.timeout(180)
def test_laptop_lines_run_one_after_the_other(tmp_path: Path) -> None:
    """In a folder of its own, where the project's environment and code stand by links."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    folder = tmp_path / ".local" / "playground"
    # The SDK warns at import where its fast encoder does not load.
    warnings = "error,ignore::ImportWarning"
    environ = {**os.environ, **OTHER_SETTINGS}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": warnings}
    words = ["sh", "-c", f"exec {SERVE.strip()} --items 300 --folder {folder}"]
    served = subprocess.Popen(words, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL)
    try:
        while not (folder / "environ").exists():
            assert served.poll() is None
            time.sleep(0.05)
        ran = subprocess.run(
            ["sh", "-e"],
            input=LINES,
            cwd=tmp_path,
            env=environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait()
    assert ran.returncode == 0, ran.stdout
    assert "ready to switch" in ran.stdout


def test_each_command_of_a_migration_is_on_the_page_and_has_its_help() -> None:
    for name in ("backfill", "verify", "repair", "watch"):
        assert name in COMMANDS
        assert f"| `{name}` |" in PAGE
