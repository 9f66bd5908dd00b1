"""Find a Python 3.12 interpreter on this machine.

The function's Lambda runtime is Python 3.12; bytecode and the SDK's native codec need that version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_CHECK = "import sys; sys.exit(sys.version_info[:2] != (3, 12))"


def find() -> str | None:
    """Return this interpreter if it is 3.12, else the first on PATH or in pyenv that runs."""
    if sys.version_info[:2] == (3, 12):
        return sys.executable
    pyenv = Path(os.path.expanduser("~/.pyenv/versions"))
    candidates = [shutil.which("python3.12"), *map(str, sorted(pyenv.glob("3.12*/bin/python3.12")))]
    # A name is not enough: a pyenv shim can be on the PATH and not start.
    return next((path for path in candidates if path and _runs(path)), None)


def _runs(path: str) -> bool:
    return subprocess.run([path, "-c", _CHECK], capture_output=True, check=False).returncode == 0
