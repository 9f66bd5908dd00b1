"""Run the official Node SDK against a local Table Store; its exit code is the script's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ots_local.tablestore import TableStore


def main() -> int:
    """Serve a store, and run the script with the variables to use it."""
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
