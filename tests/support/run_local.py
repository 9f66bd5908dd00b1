"""Run `python -m ots_local ...` in a process of its own, as a user does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.paths import ROOT

# Settings of a real Table Store that a shell may have. No test may use them.
OTHER_SETTINGS = {
    "OTS_ID": "other-id",
    "OTS_SECRET": "secret-of-other",
    "OTS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:other",
    "OTS_STS_TOKEN": "token-of-other",
    "OTS_INSTANCE": "other",
    "OTS_ENDPOINT": "http://127.0.0.1:9",
    "OTS_REGION": "nowhere",
}


def run_local(
    *arguments: str | Path,
    cwd: Path = ROOT,
    columns: int = 80,
    environ: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `environ` is added to the environment."""
    return subprocess.run(
        [sys.executable, "-m", "ots_local", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def restore_sigint() -> None:
    """Restore the default action of SIGINT; use it as `preexec_fn` of a child that gets Ctrl-C.

    A process that was started in the background ignores SIGINT, and its children inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
