"""Test that the commands of docs/migration.md for a laptop run unchanged."""

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
from tests.support.paths import DOCS, ROOT
from tests.support.run_local import OTHER_SETTINGS

PAGE = (DOCS / "migration.md").read_text("utf-8")
SERVE, LINES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.timeout(180)
def test_documented_laptop_commands_succeed_in_order(tmp_path: Path) -> None:
    """They run in an empty folder, with the project's Python and code."""
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


def test_page_lists_each_command_of_a_migration() -> None:
    for name in ("backfill", "verify", "repair", "watch"):
        assert name in COMMANDS
        assert f"| `{name}` |" in PAGE
