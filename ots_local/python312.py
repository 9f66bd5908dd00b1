"""Nothing goes in; the path of a Python 3.12 that really runs comes out, or None.

Lambda's runtime is 3.12, so its bytecode and its native codec need that very version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_PROOF = "import sys; sys.exit(sys.version_info[:2] != (3, 12))"


def find() -> str | None:
    """This interpreter if it is one, else the first on the PATH or under pyenv that starts."""
    if sys.version_info[:2] == (3, 12):
        return sys.executable
    pyenv = Path(os.path.expanduser("~/.pyenv/versions"))
    candidates = [shutil.which("python3.12"), *map(str, sorted(pyenv.glob("3.12*/bin/python3.12")))]
    # Printed versions prove nothing: a pyenv shim can be on the PATH and not start.
    return next((path for path in candidates if path and _runs(path)), None)


def _runs(path: str) -> bool:
    return subprocess.run([path, "-c", _PROOF], capture_output=True, check=False).returncode == 0
