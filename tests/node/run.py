"""Run the conformance script of the official Node SDK against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ots_local.tablestore import TableStore


def main() -> int:
    """Start an emulator and run the script; return the exit code of the script."""
    with TableStore() as store:
        return subprocess.run(
            ["node", "conformance.js"],
            cwd=Path(__file__).parent,
            env={**os.environ, **store.environ()},
            check=False,
            timeout=120,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
