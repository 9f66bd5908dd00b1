"""Runs `python -m ots_local ...` as a person does: in a process of its own, in a poisoned shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# What a shell may hold that has been set up for a real Table Store: none of it may be used.
SOMEONES_SETTINGS = {
    "OTS_ID": "somebody's",
    "OTS_SECRET": "secret-of-somebody",
    "OTS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs",
    "OTS_STS_TOKEN": "token-of-somebody",
    "OTS_INSTANCE": "theirs",
    "OTS_ENDPOINT": "http://127.0.0.1:9",
    "OTS_REGION": "nowhere",
}


def run_local(
    *arguments: str | Path, cwd: Path = ROOT, columns: int = 80, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a sub-command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ots_local", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
